//! Segments are published whole. Rivals use the same name, creators die or fail at any system call, and limits of all
//! kinds apply. Standard descriptors are closed, and foreign files are in the way. `clean` removes all that is left.

mod calls;
mod child;
mod descriptors;
mod foreign;
mod interleave;
mod limits;
mod lost;
mod rivals;
mod scratch;
mod steps;
