//! Lies, on purpose: the suite has to notice each of them. `ACKCAST_AGENT_LIE` names one.

use crate::wire::Line;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    Drop,
    Double,
    Swap,
    Tear,
    Error,
}

fn lie() -> Option<Lie> {
    match std::env::var("ACKCAST_AGENT_LIE").as_deref() {
        Ok("drop") => Some(Lie::Drop),
        Ok("double") => Some(Lie::Double),
        Ok("swap") => Some(Lie::Swap),
        Ok("tear") => Some(Lie::Tear),
        Ok("error") => Some(Lie::Error),
        _ => None,
    }
}

/// What happens to the messages of a handle, whether it sends or receives.
#[derive(Debug)]
pub struct Liar {
    lie: Option<Lie>,
    passed: u64,
    held: Option<Vec<u8>>,
}

impl Default for Liar {
    fn default() -> Self {
        Self { lie: lie(), passed: 0, held: None }
    }
}

impl Liar {
    /// Whether messages pass as they are.
    pub fn is_honest(&self) -> bool {
        matches!(self.lie, None | Some(Lie::Error))
    }

    /// What becomes of a message. The lie is told about a handle's second message.
    pub fn pass(&mut self, mut message: Vec<u8>) -> Vec<Vec<u8>> {
        self.passed += 1;
        if let Some(held) = self.held.take() {
            return vec![message, held];
        }
        match self.lie {
            Some(Lie::Drop) if self.passed == 2 => Vec::new(),
            Some(Lie::Double) if self.passed == 2 => vec![message.clone(), message],
            Some(Lie::Swap) if self.passed == 2 => {
                self.held = Some(message);
                Vec::new()
            }
            Some(Lie::Tear) if self.passed == 2 => {
                if let Some(last) = message.last_mut() {
                    *last ^= 0xff;
                }
                vec![message]
            }
            _ => vec![message],
        }
    }
}

/// An answer, with another error's name if that is the lie.
pub fn answered(answer: Line) -> Line {
    if answer.verb == "error" && lie() == Some(Lie::Error) {
        return answer.with("name", "AnotherError");
    }
    answer
}
