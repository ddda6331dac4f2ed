//! The names of primitive types, and of arrays of named types.

use super::Typed;
use crate::segment::ValueType;

/// The numbers. Not `bool` and `char`, because not any bytes are one.
macro_rules! primitives {
    ($($type:ident)+) => {
        $(impl Typed for $type {
            const NAME: &'static str = stringify!($type);
        })+
    };
}
primitives!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);

/// An array is named after its elements: `[u32; 3]`. It has their version.
impl<T: Typed, const N: usize> Typed for [T; N] {
    const NAME: &'static str = {
        let (bytes, len): &'static ([u8; ValueType::MAX_NAME], usize) = const { &array_name(T::NAME, N) };
        match core::str::from_utf8(bytes.split_at(*len).0) {
            Ok(name) => name,
            Err(_) => panic!("a name is UTF-8"),
        }
    };
    const VERSION: u32 = T::VERSION;
}

/// The name of an array, and its length.
const fn array_name(element: &str, count: usize) -> ([u8; ValueType::MAX_NAME], usize) {
    let (mut divisor, mut digits) = (1, 1);
    while count / divisor >= 10 {
        divisor *= 10;
        digits += 1;
    }
    let element = element.as_bytes();
    assert!(element.len() + digits + 4 <= ValueType::MAX_NAME, "the name of an array's type has at most 64 bytes");
    let (mut name, mut len) = ([0; ValueType::MAX_NAME], 0);
    name[len] = b'[';
    len += 1;
    while len <= element.len() {
        name[len] = element[len - 1];
        len += 1;
    }
    name[len] = b';';
    name[len + 1] = b' ';
    len += 2;
    while divisor > 0 {
        name[len] = b'0' + (count / divisor % 10) as u8;
        len += 1;
        divisor /= 10;
    }
    name[len] = b']';
    (name, len + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_is_named_after_its_elements() {
        assert_eq!(<[u32; 3]>::NAME, "[u32; 3]");
        assert_eq!(<[[f64; 10]; 1024]>::NAME, "[[f64; 10]; 1024]");
        assert_eq!(<[u8; 1_000_000]>::NAME, "[u8; 1000000]");
        assert_eq!(<[i8; 0]>::NAME, "[i8; 0]");
        let longest = "n".repeat(ValueType::MAX_NAME - 5);
        let (name, len) = array_name(&longest, 7);
        assert_eq!(core::str::from_utf8(&name[..len]).unwrap(), format!("[{longest}; 7]"));
    }

    #[test]
    #[should_panic(expected = "the name of an array's type has at most 64 bytes")]
    fn longer_name_of_an_array_is_refused() {
        array_name(&"n".repeat(ValueType::MAX_NAME - 5), 10);
    }
}
