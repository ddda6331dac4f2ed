//! The model: words, cells, fences, lock, signals and parking, of which each operation asks the hook and is then one
//! step of an [engine].

pub mod case;
pub mod config;
pub mod engine;
pub mod execution;
pub mod fence;
pub mod kernel;
pub mod layer;
pub mod leak;
pub mod lock;
pub mod signal;
pub mod word;
