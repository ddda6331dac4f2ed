//! Typed channels: who attaches, what arrives, and what a process gets that does not keep to the type.
#![cfg(target_os = "linux")]

mod child;
#[path = "../fork/forked.rs"]
mod forked;
mod liar;
#[path = "../reexec/mod.rs"]
mod reexec;
mod run_time;
mod slices;
mod values;

use ackcast::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use ackcast::{Backend, Typed};
use reexec::Named;

const LAYERS: [Backend; 2] = [Backend::Futex, Backend::RawSync];

fn name(test: &str, backend: Backend) -> Named {
    Named(format!("typed-{test}-{backend:?}-{}", std::process::id()))
}

/// A type, and others that differ from it in one thing each.
macro_rules! typed {
    ($($type:ident($field:ty, $align:literal), $name:literal, $version:literal;)+) => {
        $(
            #[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
            #[zerocopy(crate = "ackcast::zerocopy")]
            #[repr(C, align($align))]
            pub(crate) struct $type(pub(crate) $field);

            impl Typed for $type {
                const NAME: &'static str = $name;
                const VERSION: u32 = $version;
            }
        )+
    };
}

typed! {
    Frame([u32; 8], 16), "Frame", 2;
    OtherName([u32; 8], 16), "Fr\u{e4}me", 2;
    OtherVersion([u32; 8], 16), "Frame", 3;
    OtherSize([u32; 12], 16), "Frame", 2;
    OtherAlign([u32; 8], 32), "Frame", 2;
    Aligned([u8; 192], 64), "Aligned", 0;
}
