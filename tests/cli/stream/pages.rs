//! What `completions` and `man` print.

use super::options::run;
use super::process::Process;
use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn completions_name_every_option_and_nothing_hidden() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (script, stderr) = run(&["completions", shell], 0);
        assert_eq!(stderr, "");
        for expected in ["send", "recv", "clean", "slot-size", "frames", "timeout", "keep"] {
            assert!(script.contains(expected), "{shell}: {expected}");
        }
        assert!(!script.contains("demo-child"), "{shell}");
    }
}

/// Bash completes `ackcast send t --f`, as a user would see it.
#[test]
fn bash_completes_an_option() {
    let (script, _) = run(&["completions", "bash"], 0);
    let mut bash = Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let ask = "COMP_WORDS=(ackcast send t --fr); COMP_CWORD=3; _ackcast ackcast --fr t; echo \"${COMPREPLY[@]}\"\n";
    bash.stdin.take().unwrap().write_all(format!("{script}\n{ask}").as_bytes()).unwrap();
    assert_eq!(String::from_utf8(bash.wait_with_output().unwrap().stdout).unwrap(), "--frames\n");
}

#[test]
fn man_prints_page_of_command_and_of_subcommand() {
    let (page, stderr) = run(&["man"], 0);
    assert_eq!(stderr, "");
    assert!(page.contains(".TH ackcast 1") && page.contains("ackcast\\-send(1)"), "{page}");
    assert!(!page.contains("demo\\-child"));
    for subcommand in ["send", "recv", "clean", "demo", "completions", "man"] {
        let (page, _) = run(&["man", subcommand], 0);
        assert!(page.contains(&format!(".TH ackcast-{subcommand} 1")), "{page}");
    }
    let (page, _) = run(&["man", "recv"], 0);
    assert!(page.contains("Exit status:") && page.contains("\\-\\-keep"), "{page}");
    let (stdout, stderr) = run(&["man", "nothing"], 1);
    assert_eq!(stdout, "");
    assert!(stderr.starts_with("ackcast: there is no subcommand \"nothing\"; there are demo, send, recv,"), "{stderr}");
    assert_eq!(run(&["man", "demo-child"], 1).0, "");
}

#[test]
fn pages_end_quietly_when_their_reader_has_gone() {
    for args in [&["man"][..], &["completions", "zsh"]] {
        let (reader, writer) = super::descriptors::pipe();
        drop(reader);
        assert_eq!(Process::new(args, Stdio::null(), writer.into()).ends_with(141).stderr, "");
        let error = Process::redirected(">&-", args).ends_with(1).stderr;
        assert!(error.starts_with("ackcast: cannot write to stdout: it was closed"), "{error}");
    }
}

#[test]
fn completions_refuse_unknown_shell() {
    let (stdout, stderr) = run(&["completions", "command.com"], 2);
    assert!(stdout.is_empty() && stderr.contains("[possible values: bash, elvish, fish, powershell, zsh]"), "{stderr}");
}
