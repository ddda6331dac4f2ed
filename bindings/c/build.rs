//! Names the shared library, so that a program keeps to the version that it was linked with.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libackcast.so.0");
}
