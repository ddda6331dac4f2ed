//! For any bytes in a segment's header, control words and slots, every call returns in time with `Ok` or a typed error.
//! There are two exceptions. The first is the bytes of pthread's own mutexes and events (the raw_sync layer), on which
//! glibc aborts. The second is a file that is truncated while it is mapped (SIGBUS).
//!
//! The cases are the same in every run. Other cases, and more of them:
//! `PROPTEST_RNG_SEED=7 PROPTEST_CASES=20000 cargo test --test bad_input words` (a minute).

mod arguments;
mod corners;
mod headers;
mod scribble;
mod stage;
mod storm;
mod words;
