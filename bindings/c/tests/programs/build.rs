//! Building the library and the programs.

use crate::root;
use libtest_mimic::Failed;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Which library a program is linked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    Static,
    Shared,
}

/// What a program runs under, or another tool that a test needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Native,
    Sanitizers,
    Valgrind,
    Make,
    PkgConfig,
    Nm,
}

/// What a program is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    C,
    Cpp,
}

impl Library {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Shared => "shared",
        }
    }
}

impl Tool {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "natively",
            Self::Sanitizers => "under_sanitizers",
            Self::Valgrind => "under_valgrind",
            Self::Make => "make",
            Self::PkgConfig => "pkg_config",
            Self::Nm => "nm",
        }
    }

    pub const fn command(self) -> &'static str {
        match self {
            Self::Native | Self::Sanitizers => "cc",
            Self::Valgrind => "valgrind",
            Self::Make => "make",
            Self::PkgConfig => "pkg-config",
            Self::Nm => "nm",
        }
    }

    /// Whether the tool is installed, and a compiler with it. The sanitizers need their libraries, too.
    pub fn is_there(self) -> bool {
        let answers = |tool: &str| {
            let mut command = Command::new(tool);
            command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
        };
        match self {
            Self::Native => answers("cc") && answers("c++"),
            Self::Sanitizers => answers("cc") && answers("c++") && sanitizers_link(),
            Self::Valgrind => answers("cc") && answers("c++") && answers("valgrind"),
            other => answers(other.command()),
        }
    }
}

fn sanitizers_link() -> bool {
    static LINK: OnceLock<bool> = OnceLock::new();
    *LINK.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("empty.c");
        std::fs::write(&source, "int main(void) { return 0; }\n").unwrap();
        let mut cc = Command::new("cc");
        cc.args(SANITIZE).arg(&source).arg("-o").arg(folder.path().join("empty"));
        cc.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    })
}

impl Language {
    pub fn of(source: &Path) -> Option<Self> {
        match source.extension()?.to_str()? {
            "c" => Some(Self::C),
            "cpp" => Some(Self::Cpp),
            _ => None,
        }
    }
}

const SANITIZE: [&str; 3] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/// The folder of the library's files, which are built once in a run.
pub fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let deps = env::current_exe().unwrap().parent().unwrap().to_owned(); // target/debug/deps
        let profile = deps.parent().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "--quiet", "--manifest-path"]).arg(root().join("Cargo.toml"));
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the library cannot be built");
        profile.to_owned()
    })
}

/// A compiler with the warnings that count as errors.
pub fn compiler(language: Language) -> Command {
    let (command, standard) = match language {
        Language::C => ("cc", "-std=c11"),
        Language::Cpp => ("c++", "-std=c++17"),
    };
    let mut command = Command::new(command);
    command.args([standard, "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread"]);
    command
}

/// Compiles a program into this folder.
pub fn compile(source: &Path, library: Library, tool: Tool, folder: &Path) -> Result<PathBuf, Failed> {
    let program = folder.join(source.file_stem().unwrap());
    let mut compiler = compiler(Language::of(source).unwrap());
    if tool == Tool::Sanitizers {
        compiler.args(SANITIZE);
    }
    compiler.arg("-I").arg(root().join("include")).arg(source).arg("-o").arg(&program);
    match library {
        Library::Static => compiler.arg(built().join("libackcast.a")),
        Library::Shared => {
            // Programs look for the name with the version.
            std::os::unix::fs::symlink(built().join("libackcast.so"), folder.join("libackcast.so.0"))?;
            compiler.arg(folder.join("libackcast.so.0")).arg(format!("-Wl,-rpath,{}", folder.display()))
        }
    };
    finished(&mut compiler)?;
    Ok(program)
}

/// Runs a command that has to succeed. Returns what it printed.
pub fn finished(command: &mut Command) -> Result<String, Failed> {
    let output = command.stdin(Stdio::null()).output()?;
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    if output.status.success() {
        return Ok(stdout);
    }
    Err(format!("{command:?}: {}\n{stdout}\n{stderr}", output.status).into())
}
