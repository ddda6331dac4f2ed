//! `ackcast completions` and `ackcast man`: text for shells and for man(1).

use super::failure::Failure;
use super::standard;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use std::os::fd::AsFd;

const COMPLETIONS_HELP: &str = "\
Bash reads the text from ~/.local/share/bash-completion/completions/ackcast, fish from
~/.config/fish/completions/ackcast.fish, and zsh from a file _ackcast in a directory of $fpath.";

const MAN_HELP: &str = "\
`ackcast man | man -l -` shows a page. Installed pages stand in a directory man1 of the manpath:
ackcast.1 and, for example, ackcast-send.1.";

/// The arguments of `ackcast completions`.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_HELP)]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// The arguments of `ackcast man`.
#[derive(Debug, Args)]
#[command(after_help = MAN_HELP)]
pub(crate) struct ManPage {
    /// The subcommand that the page is about; without it, the page is about `ackcast`
    #[arg(value_name = "SUBCOMMAND")]
    of: Option<String>,
}

/// Prints the completions of `command`.
pub(crate) fn completions(completions: &Completions, command: &Command) -> Result<(), Failure> {
    // clap_complete names hidden subcommands, too.
    let mut visible = Command::new("ackcast").version(env!("CARGO_PKG_VERSION"));
    visible = visible.subcommands(command.get_subcommands().filter(|it| !it.is_hide_set()).cloned());
    let mut text = Vec::new();
    clap_complete::generate(completions.shell, &mut visible, "ackcast", &mut text);
    print(&text)
}

/// Prints the man page of `command`, or of a subcommand.
pub(crate) fn man(page: &ManPage, mut command: Command) -> Result<(), Failure> {
    command.build(); // names the subcommands `ackcast-send` and so on
    let page = match &page.of {
        None => command,
        Some(name) => {
            let found = command.get_subcommands().find(|it| it.get_name() == name && !it.is_hide_set());
            found.cloned().ok_or_else(|| {
                let visible = command.get_subcommands().filter(|it| !it.is_hide_set());
                let names: Vec<_> = visible.map(Command::get_name).collect();
                Failure::Wrong(vec![format!("there is no subcommand {name:?}; there are {}", names.join(", "))])
            })?
        }
    };
    let mut text = Vec::new();
    Man::new(page).render(&mut text)?;
    print(&text)
}

fn print(text: &[u8]) -> Result<(), Failure> {
    standard::write_whole(standard::stdout()?.as_fd(), text).map_err(|error| Failure::from_output(&error))
}
