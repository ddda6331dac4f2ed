//! What a user meets first: an example on each type and method, and which handles may cross or be shared by threads.

use ackcast::{
    Batch, Builder, Channel, Consumer, EventConsumer, EventProducer, Loan, Message, Messages, Producer, TypedBatch,
    TypedConsumer, TypedLoan, TypedMessage, TypedMessages, TypedProducer,
};
use std::fs;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

/// The public types and methods in this text whose documentation has no example, and how many have one.
fn without_example(text: &str) -> (Vec<String>, usize) {
    let (mut without, mut with, mut has_example) = (Vec::new(), 0, false);
    for line in text.lines().map(str::trim_start) {
        let name = ["pub fn ", "pub const fn ", "pub struct "].iter().find_map(|start| line.strip_prefix(start));
        if let Some(name) = name {
            let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            if has_example { with += 1 } else { without.push(name.to_owned()) }
        }
        let documents = line.starts_with("///") || line.starts_with("#[");
        has_example = documents && (has_example || line == "/// ```");
    }
    (without, with)
}

/// The texts of the files in this folder and below.
fn sources(folder: &Path) -> Vec<String> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![fs::read_to_string(path).unwrap()] };
    paths.flat_map(text).collect()
}

#[test]
fn every_type_and_method_of_a_channel_has_an_example() {
    let files = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/channel"));
    let found: Vec<_> = files.iter().map(|text| without_example(text)).collect();
    let without: Vec<_> = found.iter().flat_map(|(without, _)| without).collect();
    assert!(without.is_empty(), "no example: {without:?}");
    let with: usize = found.iter().map(|(_, with)| with).sum();
    assert!(with > 50, "the reader of the sources finds {with} types and methods");
}

#[test]
fn method_without_an_example_is_found() {
    let text = "\
/// A type.
///
/// ```
/// let it = It;
/// ```
#[derive(Debug)]
pub struct It {
    field: u8,
}

impl It {
    /// No example, although the type has one.
    pub const fn first(&self) {}

    /// ```
    #[doc = attached!(\"second\")]
    /// it.second();
    /// ```
    #[inline]
    pub fn second(&self) {}

    /// ```compile_fail
    /// it.third(1);
    /// ```
    pub fn third(&self) {}

    fn private(&self) {}
    pub(super) fn internal(&self) {}
}
";
    assert_eq!(without_example(text), (vec!["first".to_owned()], 3));
}

/// Tells whether a type is `Send`, and whether it is `Sync`: an inherent constant hides the trait's.
struct Probe<T>(PhantomData<T>);

trait NotSend {
    const SEND: bool = false;
}
trait NotSync {
    const SYNC: bool = false;
}
impl<T> NotSend for Probe<T> {}
impl<T> NotSync for Probe<T> {}
impl<T: Send> Probe<T> {
    const SEND: bool = true;
}
impl<T: Sync> Probe<T> {
    const SYNC: bool = true;
}

macro_rules! threads {
    ($type:ty) => {
        (Probe::<$type>::SEND, Probe::<$type>::SYNC)
    };
}

#[test]
fn handle_moves_between_threads_and_loan_does_not() {
    assert_eq!(threads!(Builder), (true, true));
    assert_eq!(threads!(Channel), (true, true));
    assert_eq!(threads!(Producer), (true, true));
    assert_eq!(threads!(Consumer), (true, true));
    assert_eq!(threads!(Loan<'static>), (false, false), "some locks belong to the thread that took them");
    assert_eq!(threads!(Message<'static>), (true, false), "it can be held across an await");
    assert_eq!(threads!(Batch<'static>), (true, false));
    assert_eq!(threads!(Messages<'static>), (true, true));
    assert_eq!(threads!(EventConsumer), (true, true));
    assert_eq!(threads!(EventProducer), (true, true));
    assert_eq!(threads!(TypedProducer<u8>), (true, true));
    assert_eq!(threads!(TypedConsumer<[u8]>), (true, true));
    assert_eq!(threads!(TypedLoan<'static, u8>), (false, false));
    assert_eq!(threads!(TypedMessage<'static, [u8]>), (false, false));
    assert_eq!(threads!(TypedBatch<'static, u8>), (true, false));
    assert_eq!(threads!(TypedMessages<'static, u8>), (true, true));
    // The probe can tell all four apart.
    assert_eq!(threads!(std::cell::Cell<u8>), (true, false));
    assert_eq!(threads!(std::sync::MutexGuard<'static, u8>), (false, true));
}
