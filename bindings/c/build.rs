//! Names the shared library, so that a program keeps to the version that it was linked with. dlclose(3) leaves it loaded,
//! because a thread of the library goes on.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libackcast.so.0");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
