//! The tests. `docs/litmus.md` shows their text as it stands here.

use super::{Checkable, Litmus, Reads, Standard, Test, Text, Words};
use ackcast::layer::Word;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

/// What each shape asks. A test's name begins with its shape.
pub(super) const SHAPES: [(&str, &str); 8] = [
    ("MP", "Message passing: x is a message, y is the flag. Does a reader of the flag see the message?"),
    (
        "SB",
        "Store buffering: each thread stores, then loads what the other one stores. Do both miss the other's store?",
    ),
    ("LB", "Load buffering: each thread loads, then stores what the other one loads. Do both see the later store?"),
    ("Co", "Coherence: accesses of a single word. Does the word go back to an older value?"),
    ("WRC", "Write to read causality: does what a thread has seen go with what it writes?"),
    ("IRIW", "Independent reads of independent writes: do two readers see two stores in different orders?"),
    (
        "2+2W",
        "Two threads write two words in opposite orders. Does each word keep the store that came first in its thread?",
    ),
    (
        "RS",
        "Release sequences: after a Release store to y there is another write to y. Does that one carry the message?",
    ),
];

/// A test: its name, what is asked, what C++20 says and why, and a text for each thread.
macro_rules! litmus {
    (
        $name:ident $title:literal asks $asked:literal [$($value:literal),*];
        $standard:ident, $why:literal $(; note $note:literal)?;
        $(|$w:ident| $body:block)+
    ) => {
        struct $name;

        impl Litmus for $name {
            const LINE: u32 = line!();
            const NAME: &'static str = $title;
            const ASKED: (&'static str, &'static [u8]) = ($asked, &[$($value),*]);
            const STANDARD: Standard = Standard::$standard;
            const WHY: &'static str = $why;
            const NOTE: &'static str = concat!($($note)?);

            fn threads<M: Checkable>() -> Vec<Text<Words<M>, M>> {
                vec![$(|words, memory| {
                    let $w = words.view(memory);
                    Reads::seen($body)
                }),+]
            }
        }
    };
}

litmus! {
    Mp "MP, Release and Acquire" asks "y 1, then x 0" [1, 0];
    Forbidden, "the Acquire load synchronizes with the Release store that it reads";
    |w| { w.x.store(1, Relaxed); w.y.store(1, Release); }
    |w| { [w.y.load(Acquire), w.x.load(Relaxed)] }
}

litmus! {
    MpRelaxedStore "MP, the store is Relaxed" asks "y 1, then x 0" [1, 0];
    Allowed, "a Relaxed store carries nothing";
    note "An x86-64 processor never shows it, a compiler may: test orderings by a checker.";
    |w| { w.x.store(1, Relaxed); w.y.store(1, Relaxed); }
    |w| { [w.y.load(Acquire), w.x.load(Relaxed)] }
}

litmus! {
    MpRelaxedLoad "MP, the load is Relaxed" asks "y 1, then x 0" [1, 0];
    Allowed, "a Relaxed load synchronizes with nothing";
    note "An x86-64 processor never shows it, a compiler may: test orderings by a checker.";
    |w| { w.x.store(1, Relaxed); w.y.store(1, Release); }
    |w| { [w.y.load(Relaxed), w.x.load(Relaxed)] }
}

litmus! {
    MpFences "MP, Release and Acquire fences" asks "y 1, then x 0" [1, 0];
    Forbidden, "the Release fence synchronizes with the Acquire fence";
    |w| { w.x.store(1, Relaxed); w.fence(Release); w.y.store(1, Relaxed); }
    |w| { let y = w.y.load(Relaxed); w.fence(Acquire); [y, w.x.load(Relaxed)] }
}

litmus! {
    Sb "SB, Release and Acquire" asks "both read 0" [0, 0];
    Allowed, "neither load reads from a store, so nothing synchronizes";
    |w| { w.x.store(1, Release); [w.y.load(Acquire)] }
    |w| { w.y.store(1, Release); [w.x.load(Acquire)] }
}

litmus! {
    SbExchanges "SB, AcqRel exchanges" asks "both read 0" [0, 0];
    Allowed, "an exchange is no fence for other words";
    note "On x86-64 each exchange is a full fence, so no test there shows the missing one.";
    |w| { w.x.swap(1, AcqRel); [w.y.load(Acquire)] }
    |w| { w.y.swap(1, AcqRel); [w.x.load(Acquire)] }
}

litmus! {
    SbFences "SB, SeqCst fences" asks "both read 0" [0, 0];
    Forbidden, "one fence comes first in S; the other thread then sees the store before it";
    |w| { w.x.store(1, Relaxed); w.fence(SeqCst); [w.y.load(Relaxed)] }
    |w| { w.y.store(1, Relaxed); w.fence(SeqCst); [w.x.load(Relaxed)] }
}

litmus! {
    SbOneFence "SB, one SeqCst fence" asks "both read 0" [0, 0];
    Allowed, "S orders SeqCst operations only: a single fence orders nothing with the other thread";
    |w| { w.x.store(1, Relaxed); w.fence(SeqCst); [w.y.load(Relaxed)] }
    |w| { w.y.store(1, Relaxed); w.fence(AcqRel); [w.x.load(Relaxed)] }
}

litmus! {
    SbSeqCst "SB, SeqCst accesses" asks "both read 0" [0, 0];
    Forbidden, "S orders all four accesses: a load that follows a store in S sees it";
    note "loom takes SeqCst accesses for AcqRel ones: use SeqCst fences, or judge by graphs.";
    |w| { w.x.store(1, SeqCst); [w.y.load(SeqCst)] }
    |w| { w.y.store(1, SeqCst); [w.x.load(SeqCst)] }
}

litmus! {
    SbLightHeavy "SB, light and heavy fence" asks "both read 0" [0, 0];
    Forbidden, "not C++20's: P1202R5 orders a light fence with a heavy one";
    |w| { w.x.store(1, Relaxed); w.light_fence(SeqCst); [w.y.load(Relaxed)] }
    |w| { w.y.store(1, Relaxed); w.heavy_fence(SeqCst); [w.x.load(Relaxed)] }
}

litmus! {
    SbHeavyHeavy "SB, two heavy fences" asks "both read 0" [0, 0];
    Forbidden, "not C++20's: P1202R5 orders two heavy fences";
    |w| { w.x.store(1, Relaxed); w.heavy_fence(SeqCst); [w.y.load(Relaxed)] }
    |w| { w.y.store(1, Relaxed); w.heavy_fence(SeqCst); [w.x.load(Relaxed)] }
}

litmus! {
    SbLightLight "SB, two light fences" asks "both read 0" [0, 0];
    Allowed, "not C++20's: P1202R5 does not order two light fences";
    |w| { w.x.store(1, Relaxed); w.light_fence(SeqCst); [w.y.load(Relaxed)] }
    |w| { w.y.store(1, Relaxed); w.light_fence(SeqCst); [w.x.load(Relaxed)] }
}

litmus! {
    Lb "LB, Relaxed" asks "both read 1" [1, 1];
    Allowed, "nothing orders a load before a later Relaxed store (RC11 forbids it)";
    note "No checker here shows it. A Release store and an Acquire load of one of the words rule it out.";
    |w| { let x = w.x.load(Relaxed); w.y.store(1, Relaxed); [x] }
    |w| { let y = w.y.load(Relaxed); w.x.store(1, Relaxed); [y] }
}

litmus! {
    LbDependent "LB, each store depends on the load" asks "both read 1" [1, 1];
    Allowed, "a value out of thin air: the standard only recommends against it";
    note "Implementations are asked not to do it, so count on its absence.";
    |w| { let x = w.x.load(Relaxed); if x == 1 { w.y.store(1, Relaxed); } [x] }
    |w| { let y = w.y.load(Relaxed); if y == 1 { w.x.store(1, Relaxed); } [y] }
}

litmus! {
    CoRr "CoRR, Relaxed" asks "reads 1, then 0" [1, 0];
    Forbidden, "read-read coherence: a later load reads no older value";
    |w| { w.x.store(1, Relaxed); }
    |w| { [w.x.load(Relaxed), w.x.load(Relaxed)] }
}

litmus! {
    CoWw "CoWW, Relaxed" asks "reads 2, then 1" [2, 1];
    Forbidden, "write-write coherence: a thread's stores are in its order";
    |w| { w.x.store(1, Relaxed); w.x.store(2, Relaxed); }
    |w| { [w.x.load(Relaxed), w.x.load(Relaxed)] }
}

litmus! {
    Wrc "WRC, Release and Acquire" asks "y 1, then x 0" [1, 0];
    Forbidden, "happens-before is transitive";
    |w| { w.x.store(1, Release); }
    |w| { if w.x.load(Acquire) == 1 { w.y.store(1, Release); } }
    |w| { [w.y.load(Acquire), w.x.load(Relaxed)] }
}

litmus! {
    Iriw "IRIW, Release and Acquire" asks "x 1, y 0; y 1, x 0" [1, 0, 1, 0];
    Allowed, "no order of all stores exists without SeqCst";
    note "x86-64 and ARMv8 never show it, because there a store reaches all other cores at once. POWER allows it.";
    |w| { w.x.store(1, Release); }
    |w| { w.y.store(1, Release); }
    |w| { [w.x.load(Acquire), w.y.load(Acquire)] }
    |w| { [w.y.load(Acquire), w.x.load(Acquire)] }
}

litmus! {
    IriwFences "IRIW, SeqCst fences between the loads" asks "x 1, y 0; y 1, x 0" [1, 0, 1, 0];
    Forbidden, "each fence would precede the other one in S";
    |w| { w.x.store(1, Release); }
    |w| { w.y.store(1, Release); }
    |w| { let x = w.x.load(Acquire); w.fence(SeqCst); [x, w.y.load(Acquire)] }
    |w| { let y = w.y.load(Acquire); w.fence(SeqCst); [y, w.x.load(Acquire)] }
}

litmus! {
    IriwSeqCst "IRIW, SeqCst accesses" asks "x 1, y 0; y 1, x 0" [1, 0, 1, 0];
    Forbidden, "S is one order of both stores for all readers";
    note "loom takes SeqCst accesses for AcqRel ones.";
    |w| { w.x.store(1, SeqCst); }
    |w| { w.y.store(1, SeqCst); }
    |w| { [w.x.load(SeqCst), w.y.load(SeqCst)] }
    |w| { [w.y.load(SeqCst), w.x.load(SeqCst)] }
}

litmus! {
    W "2+2W, Relaxed" asks "x and y end as 1" [1, 1];
    Allowed, "modification orders of two words are independent";
    |w| { w.x.store(1, Relaxed); w.y.store(2, Relaxed); w.final_values() }
    |w| { w.y.store(1, Relaxed); w.x.store(2, Relaxed); w.final_values() }
}

litmus! {
    WFences "2+2W, SeqCst fences" asks "x and y end as 1" [1, 1];
    Forbidden, "each fence would precede the other one in S";
    |w| { w.x.store(1, Relaxed); w.fence(SeqCst); w.y.store(2, Relaxed); w.final_values() }
    |w| { w.y.store(1, Relaxed); w.fence(SeqCst); w.x.store(2, Relaxed); w.final_values() }
}

litmus! {
    RsExchange "RS, another thread's exchange" asks "y 2, then x 0" [2, 0];
    Forbidden, "a read-modify-write continues the release sequence, even a Relaxed one";
    |w| { w.x.store(1, Relaxed); w.y.store(1, Release); }
    |w| { let _ = w.y.compare_exchange(1, 2, Relaxed, Relaxed); }
    |w| { [w.y.load(Acquire), w.x.load(Relaxed)] }
}

litmus! {
    RsOwnStore "RS, the same thread's store" asks "y 2, then x 0" [2, 0];
    Allowed, "C++20 took a thread's own later stores out of the sequence (P0982R1); C++17 forbids it";
    note "Books of C++11 say otherwise: do not rely on them.";
    |w| { w.x.store(1, Relaxed); w.y.store(1, Release); w.y.store(2, Relaxed); }
    |w| { [w.y.load(Acquire), w.x.load(Relaxed)] }
}

litmus! {
    RsOtherStore "RS, another thread's store" asks "y 2, then x 0" [2, 0];
    Allowed, "another thread's store ends the release sequence";
    |w| { w.x.store(1, Relaxed); w.y.store(1, Release); }
    |w| { if w.y.load(Relaxed) == 1 { w.y.store(2, Relaxed); } }
    |w| { [w.y.load(Acquire), w.x.load(Relaxed)] }
}

/// All tests, in the order of the page.
pub fn tests() -> Vec<Test> {
    macro_rules! list {
        ($($name:ident)+) => { vec![$(Test::of::<$name>()),+] };
    }
    list! {
        Mp MpRelaxedStore MpRelaxedLoad MpFences
        Sb SbExchanges SbFences SbOneFence SbSeqCst SbLightHeavy SbHeavyHeavy SbLightLight
        Lb LbDependent CoRr CoWw Wrc Iriw IriwFences IriwSeqCst W WFences RsExchange RsOwnStore RsOtherStore
    }
}

/// The text of a test's threads.
pub(super) fn source(test: &Test) -> Vec<&'static str> {
    let lines = include_str!("catalogue.rs").lines().skip(test.line as usize).take_while(|line| *line != "}");
    lines.map(str::trim).skip_while(|line| !line.starts_with("|w|")).collect()
}
