//! The reference: pages for reviewers, written by the checkers and kept fresh by tests.

pub mod certificate;
pub mod explain;
pub mod folder;
pub mod models;
pub mod orderings;
pub mod rustdoc;
