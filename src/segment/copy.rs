//! Copies of short messages into a slot.
//!
//! Programs write a message by words, just before they send it. A processor forwards a store that has not reached the
//! cache to a load, but only if that single store covers the whole load (AMD, *Software Optimization Guide for AMD64
//! Processors*, 25112, section 5.5; Intel, *IA-32 Architecture Optimization*, coding rule 19). `memcpy` loads 16 or 32
//! bytes at a time. So its load waits until the words have reached the cache. They get there after all earlier stores.
//! Those to the slots of earlier messages wait for cache lines from a consumer's core. So each message would wait for
//! the ones before it.

use crate::protocol::ring::rarely;
use core::ptr;

/// A longer message is copied by `memcpy`: the copy itself outweighs the wait.
const SHORT: usize = 256;

/// A value at any address.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Unaligned<T>(T);

/// Copies a message, whose words are loaded one by one if it is short.
///
/// # Safety
/// `len` bytes may be read at `from` and written at `to`, and the two do not overlap.
#[inline(always)]
pub(super) unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    if len > SHORT {
        // SAFETY: as the caller says.
        return unsafe { ptr::copy_nonoverlapping(from, to, len) };
    }
    let (whole, mut at) = (len & !(size_of::<u64>() - 1), 0);
    while at < whole {
        // SAFETY: as the caller says; the word ends at `len` or before.
        unsafe { copy_word::<u64>(from, to, &mut at) };
    }
    if at == len {
        return; // whole words: the three tests below would all fail
    }
    rarely(); // a message of whole words jumps over nothing
    // Less than a word is left: each bit of its length stands for a piece.
    if len & 4 != 0 {
        // SAFETY: as above.
        unsafe { copy_word::<u32>(from, to, &mut at) };
    }
    if len & 2 != 0 {
        // SAFETY: as above.
        unsafe { copy_word::<u16>(from, to, &mut at) };
    }
    if len & 1 != 0 {
        // SAFETY: as above.
        unsafe { copy_word::<u8>(from, to, &mut at) };
    }
}

/// Copies the word at `at`, and moves on.
///
/// # Safety
/// As [`copy`], and `len` has room for the word at `at`.
#[inline(always)]
unsafe fn copy_word<T: Copy>(from: *const u8, to: *mut u8, at: &mut usize) {
    // The compiler makes no wider load of volatile ones.
    // SAFETY: as the caller says.
    let word = unsafe { from.wrapping_add(*at).cast::<Unaligned<T>>().read_volatile() };
    // SAFETY: as the caller says.
    unsafe { to.wrapping_add(*at).cast::<Unaligned<T>>().write(word) };
    *at += size_of::<T>();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_have_every_byte_and_no_other() {
        let from: Vec<u8> = (0..=255).cycle().take(2 * SHORT).collect();
        for len in 0..2 * SHORT {
            for offset in 0..9 {
                let len = len.min(from.len() - offset);
                let mut to = vec![0xa5; offset + len + 1];
                // SAFETY: both have `len` bytes there.
                unsafe { copy(from[offset..].as_ptr(), to[offset..].as_mut_ptr(), len) };
                assert_eq!(to[offset..offset + len], from[offset..offset + len]);
                assert!(to[..offset].iter().all(|&byte| byte == 0xa5));
                assert_eq!(to[offset + len], 0xa5);
            }
        }
    }
}
