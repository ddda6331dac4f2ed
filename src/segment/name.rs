//! Names of channels.

use core::fmt;
use thiserror::Error;

/// A valid channel name: 1 to 200 ASCII letters, digits, `.`, `_` or `-`, not starting with `.`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(String);

/// A name that cannot be a channel's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{name:?} is no channel name: {fault}; use 1 to {max} ASCII letters, digits, '.', '_' or '-', not starting with '.'",
    max = Name::MAX
)]
pub struct NameError {
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub fault: &'static str,
}

impl Name {
    /// The longest name, in bytes: with the prefix it fits a file name (255 bytes).
    pub const MAX: usize = 200;
    /// What the segment's file name starts with, so that nothing but our own is ever removed.
    pub const PREFIX: &'static str = "ackcast.";
    /// What the file name of a segment starts with that has not got its channel's name yet. No channel's file starts so.
    const PRIVATE: &'static str = "ackcast~";

    /// Checks a name.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong and states the rule.
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

    /// The channel that a file of /dev/shm belongs to, if it is one of ours.
    pub(crate) fn of_file(file: &str) -> Option<Self> {
        Self::new(file.strip_prefix(Self::PREFIX)?).ok()
    }

    /// The private name for shm_open(3) of a channel that is being made: 225 bytes at most, and no channel's.
    pub(crate) fn private(&self, number: u64) -> String {
        format!("/{}{number:016x}.{}", Self::PRIVATE, self.0)
    }

    /// The channel that a file of /dev/shm was to become, if its name is a private one.
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
    /// The name in quotes, as error messages have it.
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
    fn names_follow_the_rule_and_the_error_states_it() {
        for good in ["a", "A.b_c-9", &"x".repeat(Name::MAX)] {
            assert_eq!(Name::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".hidden", "a/b", "ä", "a b", "nul\0", &"x".repeat(Name::MAX + 1)] {
            let error = Name::new(bad).unwrap_err();
            assert!(error.to_string().contains("use 1 to 200 ASCII letters"), "{error}");
        }
    }
    #[test]
    fn private_names_fit_a_file_name_and_are_no_channels() {
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
