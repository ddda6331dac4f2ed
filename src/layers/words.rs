//! Words in real memory: the processor's atomics.

use crate::layer::Word;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

macro_rules! word {
    ($atomic:ty, $value:ty) => {
        // SAFETY: these are the processor's atomic accesses to this location.
        unsafe impl Word<$value> for $atomic {
            #[inline(always)]
            fn load(&self, order: Ordering) -> $value {
                <$atomic>::load(self, order)
            }

            #[inline(always)]
            fn load_owned(&self) -> $value {
                <$atomic>::load(self, Ordering::Relaxed)
            }

            #[inline(always)]
            fn store(&self, value: $value, order: Ordering) {
                <$atomic>::store(self, value, order);
            }

            #[inline(always)]
            fn swap(&self, value: $value, order: Ordering) -> $value {
                <$atomic>::swap(self, value, order)
            }

            #[inline(always)]
            fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                <$atomic>::compare_exchange(self, current, new, success, failure)
            }
        }
    };
}

word!(AtomicU32, u32);
word!(AtomicU64, u64);
