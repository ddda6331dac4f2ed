//! What a waiter does between polls, where the participant has no wait of its own.

#[derive(Clone, Copy)]
pub enum Pause {
    Spin,
    Yield,
}

impl Pause {
    /// Waits until `ready`.
    #[inline(always)]
    pub fn until(self, mut ready: impl FnMut() -> bool) {
        let mut polls = 0;
        while !ready() {
            polls += 1;
            match self {
                Self::Yield if polls > 64 => std::thread::yield_now(),
                _ => std::hint::spin_loop(),
            }
        }
    }
}
