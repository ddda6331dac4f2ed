//! Segments are published whole: rivals under one name, creators that die or fail at any system call, limits of all
//! kinds, standard descriptors that are closed, and files that are not ours. What is left is what `clean` removes.

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
