//! Whatever bytes are in a segment's header, control words and slots, every call returns in time
//! with `Ok` or a typed error. Exempt: the bytes of pthread's own mutexes and events (the raw_sync
//! layer), on which glibc aborts, and a file that is truncated while it is mapped (SIGBUS).

mod arguments;
mod corners;
mod scribble;
mod stage;
