//! `include/ackcast.h` is what cbindgen makes of the sources. ACKCAST_BLESS=1 writes it anew.

use std::path::Path;
use std::{env, fs};

fn made() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let bindings = cbindgen::Builder::new().with_crate(root).with_config(config).generate().unwrap();
    let mut made = Vec::new();
    bindings.write(&mut made);
    String::from_utf8(made).unwrap()
}

#[test]
fn header_is_the_one_that_the_sources_make() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/ackcast.h");
    let made = made();
    if env::var_os("ACKCAST_BLESS").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(found == made, "{} is stale: run ACKCAST_BLESS=1 cargo test --test header", file.display());
}
