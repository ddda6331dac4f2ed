//! The scenarios: the same text for every engine.

pub mod asking;
pub mod come_and_go;
pub mod deaths;
pub mod environment;
pub mod fixture;
pub mod flow;
pub mod late_reader;
pub mod participants;
pub mod primitives;
pub mod progress;
pub mod segment;
pub mod survivors;
pub mod tries;
