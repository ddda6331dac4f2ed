//! Names of channels.

use core::fmt;
use thiserror::Error;

/// A valid channel name: 1 to 200 ASCII letters, digits, `.`, `_` or `-`, not starting with `.`.
///
/// ```
/// use ackcast::Name;
///
/// assert_eq!(Name::new("news")?.as_str(), "news");
/// assert_eq!(Name::new("a/b").unwrap_err().fault, "it has a character that is not allowed");
/// # Ok::<(), ackcast::NameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

/// Why a name cannot be a channel's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{name:?} is no channel name: {fault}; use 1 to {max} ASCII letters, digits, '.', '_' or '-', not starting with '.'",
    max = Name::MAX
)]
pub struct NameError {
    /// The name.
    pub name: String,
    /// What is wrong with the name.
    pub fault: &'static str,
}

impl Name {
    /// Upper bound on the length in bytes. With a prefix and a number, the name still fits a file name of 255 bytes.
    pub const MAX: usize = 200;
    /// The prefix of a segment's file name. A file without it is never removed.
    pub const PREFIX: &'static str = "ackcast.";
    /// The prefix of the file name of a segment that does not have its channel's name yet. No channel's file has it.
    const PRIVATE: &'static str = "ackcast~";

    /// Checks a name.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong, and states the rule.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let fault = if name.is_empty() {
            "it is empty"
        } else if name.len() > Self::MAX {
            "it is too long"
        } else if name.starts_with('.') {
            "it starts with '.'"
        } else if !name.chars().all(allowed) {
            "it has a character that is not allowed"
        } else {
            return Ok(Self(name.to_owned()));
        };
        Err(NameError { name: name.to_owned(), fault })
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name for shm_open(3).
    pub(crate) fn os_id(&self) -> String {
        format!("/{}{}", Self::PREFIX, self.0)
    }

    /// The channel whose segment is the file of this name in /dev/shm. `None` for other files.
    pub(crate) fn of_file(file: &str) -> Option<Self> {
        Self::new(file.strip_prefix(Self::PREFIX)?).ok()
    }

    /// The private name for shm_open(3), of at most 226 bytes, while the channel's segment is being made.
    pub(crate) fn private(&self, number: u64) -> String {
        format!("/{}{number:016x}.{}", Self::PRIVATE, self.0)
    }

    /// The channel for which the file of this private name in /dev/shm was made. `None` for other files.
    pub(crate) fn of_private(file: &str) -> Option<Self> {
        let (number, name) = file.strip_prefix(Self::PRIVATE)?.split_once('.')?;
        let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if number.len() != 16 || !number.chars().all(is_digit) {
            return None;
        }
        Self::new(name).ok()
    }
}

impl fmt::Debug for Name {
    /// The name in quotes, for error messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_error_states_the_rule() {
        for good in ["a", "A.b_c-9", &"x".repeat(Name::MAX)] {
            assert_eq!(Name::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".hidden", "a/b", "ä", "a b", "nul\0", &"x".repeat(Name::MAX + 1)] {
            let error = Name::new(bad).unwrap_err();
            assert!(error.to_string().contains("use 1 to 200 ASCII letters"), "{error}");
        }
    }

    #[test]
    fn private_name_fits_a_file_name_and_is_no_channels() {
        for name in ["a", "A.b_c-9", &"x".repeat(Name::MAX)] {
            let name = Name::new(name).unwrap();
            for number in [0, 7, u64::MAX] {
                let os_id = name.private(number);
                let file = os_id.strip_prefix('/').unwrap();
                assert!(file.len() <= 255, "{} bytes", file.len());
                assert_eq!((Name::of_file(file), Name::of_private(file)), (None, Some(name.clone())));
            }
            assert_eq!(Name::of_private(&name.os_id()[1..]), None);
        }
        for foreign in ["ackcast~", "ackcast~1.a", "ackcast~000000000000000G.a", "ackcast~0000000000000000", "x"] {
            assert_eq!(Name::of_private(foreign), None, "{foreign}");
        }
        assert_eq!(Name::of_private("ackcast~0000000000000000./a"), None);
    }
}
