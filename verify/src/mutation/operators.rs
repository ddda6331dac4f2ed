//! The operators: what a mutant may change.

use super::sites::Sites;
use crate::hook::{Kind, Mutant, Operator, Weaker};
use std::sync::atomic::Ordering;

/// The operators that apply to an operation.
pub fn operators(kind: Kind, order: Option<Ordering>) -> Vec<Operator> {
    use Operator::{Drop, Lighten, Skip, Split, Weaken};
    let weaker = match order {
        Some(Ordering::SeqCst) if matches!(kind, Kind::Fence | Kind::LightFence | Kind::HeavyFence) => {
            vec![Weaker::AcqRel]
        }
        // A fence cannot be relaxed: to weaken it is to drop it.
        _ if kind == Kind::Fence => vec![],
        Some(Ordering::Acquire | Ordering::Release) => vec![Weaker::Relaxed],
        Some(Ordering::AcqRel) => vec![Weaker::Acquire, Weaker::Release],
        _ => vec![],
    };
    let mut all: Vec<Operator> = weaker.into_iter().map(Weaken).collect();
    all.extend(match kind {
        Kind::Store | Kind::Fence | Kind::LightFence | Kind::Notify | Kind::Unlock | Kind::Wake => vec![Drop],
        Kind::HeavyFence => vec![Drop, Lighten],
        Kind::Swap | Kind::Exchange => vec![Drop, Split],
        Kind::Wait | Kind::Lock | Kind::Inherit => vec![Skip],
        // A load has only its ordering. A park may return early by contract. Plain memory is the payload. The kernel's
        // knowledge is not the protocol's.
        Kind::Load | Kind::Park | Kind::Read | Kind::Write | Kind::Claim | Kind::Release | Kind::Alive => vec![],
    });
    all
}

/// All mutants of the sites.
pub fn mutants(sites: &Sites) -> Vec<Mutant> {
    let places = sites.seen.iter();
    places
        .flat_map(|(&(site, kind), seen)| {
            operators(kind, seen.order).into_iter().map(move |operator| Mutant { site, kind, operator })
        })
        .collect()
}
