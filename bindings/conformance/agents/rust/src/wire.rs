//! The lines that runner and agent exchange: a verb, and fields `key=value` after it.

use std::collections::HashMap;
use std::fmt::Write as _;

/// A request of the runner, or an answer to it.
#[derive(Clone, Debug)]
pub struct Line {
    pub verb: String,
    fields: HashMap<String, String>,
    order: Vec<String>,
}

/// A request that no agent understands, or cannot do now: a defect of the suite, not of a binding.
#[derive(Debug)]
pub struct Misuse(pub String);

pub type Asked<T> = Result<T, Misuse>;

impl Line {
    pub fn new(verb: &str) -> Self {
        Self { verb: verb.to_owned(), fields: HashMap::new(), order: Vec::new() }
    }

    /// Adds a field.
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.order.push(key.to_owned());
        self.fields.insert(key.to_owned(), value.to_string());
        self
    }

    pub fn parse(line: &str) -> Asked<Self> {
        let mut words = line.split_ascii_whitespace();
        let mut parsed = Self::new(words.next().ok_or_else(|| Misuse("an empty line".to_owned()))?);
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| Misuse(format!("no field: {word}")))?;
            parsed = parsed.with(key, unescape(value)?);
        }
        Ok(parsed)
    }

    pub fn text(&self, key: &str) -> Asked<&str> {
        self.get(key).ok_or_else(|| Misuse(format!("{}: the field {key} is missing", self.verb)))
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str)
    }

    pub fn number<T: std::str::FromStr>(&self, key: &str) -> Asked<T> {
        let text = self.text(key)?;
        text.parse().map_err(|_| Misuse(format!("{}: {key}={text} is no number", self.verb)))
    }

    pub fn number_or<T: std::str::FromStr>(&self, key: &str, default: T) -> Asked<T> {
        if self.get(key).is_some() { self.number(key) } else { Ok(default) }
    }

    pub fn flag(&self, key: &str) -> bool {
        self.get(key) == Some("1")
    }

    /// Bytes in hexadecimal.
    pub fn bytes(&self, key: &str) -> Asked<Vec<u8>> {
        unhex(self.text(key)?)
    }

    /// Comma-separated bytes in hexadecimal, `n` of them.
    pub fn list(&self, key: &str) -> Asked<Vec<Vec<u8>>> {
        let n: usize = self.number("n")?;
        let parts: Vec<_> = if n == 0 { Vec::new() } else { self.text(key)?.split(',').collect() };
        if parts.len() != n {
            return Err(Misuse(format!("{} parts, not {n}", parts.len())));
        }
        parts.into_iter().map(unhex).collect()
    }
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.verb)?;
        self.order.iter().try_for_each(|key| write!(f, " {key}={}", escape(&self.fields[key])))
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Asked<Vec<u8>> {
    let byte = |at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<_> = (0..text.len()).step_by(2).map(byte).collect();
    bytes.ok_or_else(|| Misuse("no hexadecimal bytes".to_owned()))
}

/// Whether a byte of a value stands for itself.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'%'
}

fn escape(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if is_plain(byte) {
            text.push(byte.into());
        } else {
            let _ = write!(text, "%{byte:02x}");
        }
        text
    })
}

fn unescape(value: &str) -> Asked<String> {
    let mut parts = value.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(code.ok_or_else(|| Misuse(format!("no escape: %{part}")))?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).map_err(|_| Misuse("a value that is not UTF-8".to_owned()))
}
