//! How `recv` writes a message.

use super::failure::Failure;
use super::stdout::Stdout;
use clap::Args;
use serde::Serialize;

/// How a message is written. Without an option, messages are written one after another.
#[derive(Clone, Copy, Debug, Default, Args)]
#[group(multiple = false)]
pub(crate) struct Format {
    /// Write a newline after each message that does not end with one
    #[arg(long)]
    lines: bool,

    /// Write a NUL after each message that does not end with one
    #[arg(short = '0', long)]
    null: bool,

    /// Write before each message its length, a 4-byte little-endian number
    #[arg(long)]
    frames: bool,

    /// Write a line of JSON for each message: sequence, length, and text, or hex if it is no UTF-8
    #[arg(long)]
    json: bool,

    /// Write a line of hexadecimal digits for each message
    #[arg(long)]
    hex: bool,
}

/// A message as JSON.
#[derive(Serialize)]
struct Json<'m> {
    sequence: u64,
    length: usize,
    #[serde(flatten)]
    payload: Payload<'m>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Payload<'m> {
    Text(&'m str),
    Hex(String),
}

impl Format {
    /// Writes the message of this number.
    ///
    /// # Errors
    /// As [`Stdout::write`].
    pub(crate) fn write(self, stdout: &mut Stdout<'_>, sequence: u64, message: &[u8]) -> Result<(), Failure> {
        match self {
            Self { lines: true, .. } => ended(stdout, message, b'\n'),
            Self { null: true, .. } => ended(stdout, message, 0),
            Self { frames: true, .. } => {
                // A slot has at most 2^30 bytes.
                stdout.write(&(message.len() as u32).to_le_bytes())?;
                stdout.write(message)
            }
            Self { json: true, .. } => {
                let text = std::str::from_utf8(message).map(Payload::Text);
                let payload = text.unwrap_or_else(|_| Payload::Hex(hex(message)));
                let json = Json { sequence, length: message.len(), payload };
                let mut line = serde_json::to_vec(&json)?;
                line.push(b'\n');
                stdout.write(&line)
            }
            Self { hex: true, .. } => {
                stdout.write(hex(message).as_bytes())?;
                stdout.write(b"\n")
            }
            _ => stdout.write(message),
        }
    }
}

fn ended(stdout: &mut Stdout<'_>, message: &[u8], end: u8) -> Result<(), Failure> {
    stdout.write(message)?;
    if message.last() == Some(&end) { Ok(()) } else { stdout.write(&[end]) }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]).collect()
}
