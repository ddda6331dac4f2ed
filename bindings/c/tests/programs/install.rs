//! `make install`, and pkg-config.

use crate::build::{Language, Tool, built, compiler, finished};
use crate::{root, run};
use libtest_mimic::Failed;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Installs what was built, with `make`.
fn install(variables: &[String]) -> Result<(), Failed> {
    let mut make = Command::new("make");
    make.arg("-C").arg(root()).arg("install").arg(format!("BUILT={}", built().display())).args(variables);
    finished(&mut make).map(drop)
}

/// What pkg-config says of the library.
fn pkg_config(folder: &Path, sysroot: Option<&Path>, arguments: &[&str]) -> Result<Vec<String>, Failed> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", folder.join("pkgconfig")).env_remove("PKG_CONFIG_SYSROOT_DIR");
    if let Some(sysroot) = sysroot {
        command.env("PKG_CONFIG_SYSROOT_DIR", sysroot);
    }
    let printed = finished(command.args(arguments).arg("ackcast"))?;
    Ok(printed.split_whitespace().map(str::to_owned).collect())
}

/// A program is compiled with what pkg-config says, and runs with the installed library.
pub fn is_found_by_pkg_config() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let prefix = folder.path().join("prefix");
    install(&[format!("PREFIX={}", prefix.display())])?;
    let lib = prefix.join("lib");
    let version = pkg_config(&lib, None, &["--modversion"])?;
    if version != [env!("CARGO_PKG_VERSION")] {
        return Err(format!("version {version:?}").into());
    }
    for (arguments, language, source) in [
        (&["--cflags", "--libs"][..], Language::C, "examples/strings.c"),
        (&["--cflags", "--libs"], Language::Cpp, "examples/frames.cpp"),
        (&["--cflags", "--libs", "--static"], Language::C, "examples/strings.c"),
    ] {
        let program = folder.path().join("program");
        let mut compiler = compiler(language);
        compiler.arg(root().join(source)).arg("-o").arg(&program);
        let is_static = arguments.contains(&"--static");
        if is_static {
            fs::rename(lib.join("libackcast.so"), lib.join("hidden"))?; // the linker would prefer it
        }
        finished(compiler.args(pkg_config(&lib, None, arguments)?).arg(format!("-Wl,-rpath,{}", lib.display())))?;
        run::bounded(&program, Tool::Native).expect_success()?;
    }
    // A packager's way: files are staged elsewhere, and name the place where they will be.
    let stage = folder.path().join("stage");
    install(&["PREFIX=/usr".into(), format!("DESTDIR={}", stage.display())])?;
    let flags = pkg_config(&stage.join("usr/lib"), Some(&stage), &["--cflags", "--libs"])?;
    if !flags.contains(&format!("-I{}/usr/include", stage.display())) {
        return Err(format!("flags {flags:?}").into());
    }
    let mut make = Command::new("make");
    make.arg("-C").arg(root()).arg("uninstall").arg(format!("PREFIX={}", prefix.display()));
    fs::rename(lib.join("hidden"), lib.join("libackcast.so"))?;
    finished(&mut make)?;
    let left: Vec<_> = ["lib", "include", "lib/pkgconfig"].iter().flat_map(|at| files(&prefix.join(at))).collect();
    if left.is_empty() { Ok(()) } else { Err(format!("uninstall has left {left:?}").into()) }
}

/// A program loads the library, uses it, and unloads it.
pub fn survives_dlclose() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("unload");
    let mut compiler = compiler(Language::C);
    compiler.arg("-I").arg(root().join("include")).arg(root().join("tests/programs/alone/unload.c"));
    finished(compiler.arg("-Wno-pedantic").arg("-o").arg(&program).arg("-ldl"))?;
    let outcome = run::with_variable(&program, "LIBACKCAST", &built().join("libackcast.so"));
    outcome.expect_success()?;
    outcome.expect_no_leftovers()
}

/// Programs of older and newer standards, and with more warnings, include the headers.
pub fn compiles_in_each_standard() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    for (command, header, standards) in [
        ("cc", "ackcast.h", &["c99", "c11", "c17", "c2x", "gnu11"][..]),
        ("c++", "ackcast.h", &["c++11", "c++14", "c++17", "c++20"]),
        ("c++", "ackcast.hpp", &["c++17", "c++20"]),
    ] {
        let source = folder.path().join(if command == "cc" { "include.c" } else { "include.cpp" });
        fs::write(&source, format!("#include <{header}>\n#include <{header}>\nint main(void) {{ return 0; }}\n"))?;
        for standard in standards {
            let mut compiler = Command::new(command);
            compiler.arg(format!("-std={standard}")).args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow"]);
            compiler.args(["-Wconversion", "-fsyntax-only", "-I"]).arg(root().join("include")).arg(&source);
            finished(&mut compiler)?;
        }
    }
    Ok(())
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| !entry.path().is_dir());
    entries.map(|entry| entry.path().display().to_string()).collect()
}
