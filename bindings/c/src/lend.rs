//! An owner and what it has lent, in one value.
//!
//! A C program holds a handle between two calls, and so holds the loan of the handle, too. In Rust the loan borrows its
//! owner. No allocation per loan, unlike a crate for self-referential values.

use core::fmt;
use core::ptr::NonNull;

/// What can lend a part of itself.
pub trait Lends: 'static {
    /// What it lends.
    type Lent<'a>;
}

/// An owner, and what it has lent. While it has lent something, the owner cannot be reached.
pub struct Lender<O: Lends> {
    /// Borrows from the owner. So it is dropped first.
    lent: Option<O::Lent<'static>>,
    /// From a box. A `Box` here would claim to be the only way to the owner.
    owner: NonNull<O>,
}

impl<O: Lends> Lender<O> {
    /// Nothing is lent.
    pub fn new(owner: O) -> Self {
        Self { lent: None, owner: NonNull::from(Box::leak(Box::new(owner))) }
    }

    /// Whether something is lent.
    pub const fn has_lent(&self) -> bool {
        self.lent.is_some()
    }

    /// The owner. `None` while it has lent something.
    pub fn owner(&mut self) -> Option<&mut O> {
        if self.has_lent() {
            return None;
        }
        // SAFETY: the owner lives, and nothing that borrows it does.
        Some(unsafe { self.owner.as_mut() })
    }

    /// Lends what `lend` takes from the owner. The error of `refused` while something else is lent.
    ///
    /// `lend` works for any lifetime, so it can keep neither the owner nor the loan.
    ///
    /// # Errors
    /// That of `refused` or `lend`.
    pub fn lend<E>(
        &mut self,
        refused: impl FnOnce() -> E,
        lend: impl for<'a> FnOnce(&'a mut O) -> Result<O::Lent<'a>, E>,
    ) -> Result<(), E> {
        if self.has_lent() {
            return Err(refused());
        }
        // SAFETY: the owner lives until `self` is dropped, which drops the loan first. No other code reaches it until
        // the loan has ended.
        let owner = unsafe { self.owner.as_mut() };
        self.lent = Some(lend(owner)?);
        Ok(())
    }

    /// Looks at what is lent.
    pub fn lent<R>(&mut self, look: impl for<'a> FnOnce(&mut O::Lent<'a>) -> R) -> Option<R> {
        self.lent.as_mut().map(look)
    }

    /// Ends the loan, by this function or in its panic.
    pub fn end<R>(&mut self, end: impl for<'a> FnOnce(O::Lent<'a>) -> R) -> Option<R> {
        self.lent.take().map(end)
    }
}

impl<O: Lends> Drop for Lender<O> {
    fn drop(&mut self) {
        self.lent = None;
        // SAFETY: it is from a box, and nothing borrows it any more.
        drop(unsafe { Box::from_raw(self.owner.as_ptr()) });
    }
}

impl<O: Lends> fmt::Debug for Lender<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lender").field("has_lent", &self.has_lent()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    /// Counts what happens to it.
    #[derive(Default)]
    struct Owner(Rc<RefCell<Vec<&'static str>>>);

    struct Lent<'a>(&'a mut Owner);

    impl Lends for Owner {
        type Lent<'a> = Lent<'a>;
    }

    impl Drop for Owner {
        fn drop(&mut self) {
            self.0.borrow_mut().push("owner dropped");
        }
    }

    impl Drop for Lent<'_> {
        fn drop(&mut self) {
            self.0.0.borrow_mut().push("loan ended");
        }
    }

    #[test]
    fn owner_is_not_reached_while_it_has_lent() {
        let mut lender = Lender::new(Owner::default());
        assert!(lender.owner().is_some() && lender.lent(|_| ()).is_none() && lender.end(|_| ()).is_none());
        assert_eq!(lender.lend(|| "refused", |owner| Ok(Lent(owner))), Ok(()));
        assert!(lender.owner().is_none() && lender.has_lent());
        assert_eq!(lender.lend(|| "refused", |_| Err("not called")), Err("refused"));
        lender.lent(|lent| lent.0.0.borrow_mut().push("looked at"));
        let events = lender.end(|lent| Rc::clone(&lent.0.0)).unwrap();
        assert_eq!(*events.borrow(), ["looked at", "loan ended"]);
        assert_eq!(lender.lend(|| "refused", |_| Err("failed")), Err("failed"));
        assert!(lender.owner().is_some());
    }

    #[test]
    fn loan_ends_before_its_owner() {
        let owner = Owner::default();
        let events = Rc::clone(&owner.0);
        let mut lender = Lender::new(owner);
        assert!(lender.lend(|| (), |owner| Ok(Lent(owner))).is_ok());
        drop(lender);
        assert_eq!(*events.borrow(), ["loan ended", "owner dropped"]);
    }
}
