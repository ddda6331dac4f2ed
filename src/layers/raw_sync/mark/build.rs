//! The build ID of a loaded library: a note that the linker puts into the file.

use core::ffi::{c_int, c_void};

/// A hash of the build ID of the loaded file that has this address; 0 if it has none.
pub(super) fn build_id_hash(address: usize) -> u64 {
    let mut search = Search { address, hash: 0 };
    // SAFETY: the callback has the type that the call asks for, and takes its last argument for a `Search`.
    unsafe { libc::dl_iterate_phdr(Some(inspect), (&raw mut search).cast()) };
    search.hash
}

struct Search {
    address: usize,
    hash: u64,
}

/// The callback of [`build_id_hash`], called once per loaded file. Returning 1 ends the search.
unsafe extern "C" fn inspect(file: *mut libc::dl_phdr_info, _: usize, search: *mut c_void) -> c_int {
    // SAFETY: `build_id_hash` passes it, and nothing else uses it meanwhile.
    let search = unsafe { &mut *search.cast::<Search>() };
    // SAFETY: the caller describes a loaded file.
    let file = unsafe { &*file };
    // SAFETY: the file has that many program headers.
    let segments = unsafe { core::slice::from_raw_parts(file.dlpi_phdr, file.dlpi_phnum.into()) };
    let (mut here, mut id) = (false, 0);
    for segment in segments {
        let start = file.dlpi_addr.wrapping_add(segment.p_vaddr) as usize;
        let len = segment.p_memsz as usize;
        match segment.p_type {
            libc::PT_LOAD => here |= search.address.wrapping_sub(start) < len,
            libc::PT_NOTE => {
                let start = core::ptr::with_exposed_provenance::<u8>(start);
                // SAFETY: a note segment lies in the loaded file, which is mapped for reading.
                let notes = unsafe { core::slice::from_raw_parts(start, len) };
                id = build_id(notes, segment.p_align as usize).map_or(id, hash);
            }
            _ => {}
        }
    }
    if here {
        search.hash = id;
    }
    here.into()
}

/// The build ID among these notes (elf(5)). A note has the lengths of its name and of its content, a type, and then
/// name and content, padded.
fn build_id(mut notes: &[u8], align: usize) -> Option<&[u8]> {
    const NT_GNU_BUILD_ID: u32 = 3;
    let align = align.max(4);
    loop {
        let (head, rest) = notes.split_at_checked(12)?;
        let number = |at: usize| Some(u32::from_ne_bytes(head.get(at..at + 4)?.try_into().ok()?));
        let (name_len, len, kind) = (number(0)? as usize, number(4)? as usize, number(8)?);
        let name = rest.get(..name_len)?;
        let content_at = (12 + name_len).checked_next_multiple_of(align)?;
        let end = content_at.checked_add(len)?;
        let content = notes.get(content_at..end)?;
        if kind == NT_GNU_BUILD_ID && name == b"GNU\0" {
            return Some(content);
        }
        notes = notes.get(end.checked_next_multiple_of(align)?..)?;
    }
}

/// 64-bit FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn build_id_is_found_among_other_notes() {
        let note = |name: &[u8], kind: u32, content: &[u8]| {
            let mut note = Vec::new();
            for number in [name.len() as u32, content.len() as u32, kind] {
                note.extend(number.to_ne_bytes());
            }
            for bytes in [name, content] {
                note.extend(bytes);
                note.resize(note.len().next_multiple_of(4), 0);
            }
            note
        };
        let other = note(b"GNU\0", 1, b"abi");
        let foreign = note(b"Foo\0", 3, b"no");
        let id = note(b"GNU\0", 3, b"0123456789");
        let all = [other.clone(), foreign.clone(), id].concat();
        assert_eq!(build_id(&all, 4), Some(&b"0123456789"[..]));
        assert_eq!(build_id(&[other, foreign].concat(), 4), None);
        for end in 0..all.len() - 12 {
            assert_eq!(build_id(&all[..end], 4), None, "cut off at {end}");
        }
        assert_ne!(hash(b"one build"), hash(b"another"));
    }
}
