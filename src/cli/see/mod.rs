//! Looking at channels: `list`, `inspect`, `top` and `tap`. None of them disturbs a channel, or delays its removal.

pub(crate) mod inspect;
pub(crate) mod list;
mod report;
mod sample;
mod table;
pub(crate) mod tap;
pub(crate) mod top;
mod words;
