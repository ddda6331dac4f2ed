//! Inputs that come in pieces.

use super::*;

/// The messages of an input that comes in these pieces, and the failure after them.
fn messages(division: Division, longest: u32, pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Option<String>) {
    let (mut divider, mut there, mut found) = (Divider::new(division, longest), Vec::new(), Vec::new());
    for (number, piece) in pieces.iter().enumerate() {
        there.extend_from_slice(piece);
        let rest = if number + 1 < pieces.len() { Rest::More } else { Rest::Nothing };
        let mut messages = divider.divide(&there, rest);
        for message in &mut messages {
            match message {
                Ok(message) => found.push(message.to_vec()),
                Err(Failure::Wrong(text)) => return (found, Some(text.join("\n"))),
                Err(other) => panic!("{other:?}"),
            }
        }
        let used = messages.used();
        there.drain(..used);
    }
    assert_eq!(there, b"", "nothing is left at the end");
    (found, None)
}

const LINES: Division = Division::After(b'\n');

#[test]
fn lines_keep_newlines_and_last_line_may_lack_it() {
    assert_eq!(messages(LINES, 4, &[b""]), (vec![], None));
    assert_eq!(messages(LINES, 4, &[b"\n\n"]), (vec![b"\n".to_vec(), b"\n".to_vec()], None));
    assert_eq!(messages(LINES, 4, &[b"a\0\xff\nlast"]), (vec![b"a\0\xff\n".to_vec(), b"last".to_vec()], None));
    assert_eq!(messages(Division::After(0), 4, &[b"a\n\0b"]), (vec![b"a\n\0".to_vec(), b"b".to_vec()], None));
}

#[test]
fn lines_are_whole_however_the_input_is_cut() {
    let input = b"one\n\nthree\nfour";
    let whole = [&b"one\n"[..], b"\n", b"three\n", b"four"].map(<[u8]>::to_vec).to_vec();
    for first in 0..=input.len() {
        for second in first..=input.len() {
            let pieces = [&input[..first], &input[first..second], &input[second..]];
            assert_eq!(messages(LINES, 6, &pieces), (whole.clone(), None), "{first}, {second}");
        }
    }
}

#[test]
fn line_is_refused_when_a_byte_longer_than_the_slot() {
    assert_eq!(messages(LINES, 4, &[b"abc\nabcd"]).1, None);
    for (input, len, cure) in [
        (&b"abc\nabcd\n"[..], "5 bytes", "--slot-size 5"),
        (b"abc\nabcde", "more than 4 bytes", "a larger --slot-size"),
        (b"abc\nabcdefgh\nmore\n", "9 bytes", "--slot-size 9"),
    ] {
        let (got, error) = messages(LINES, 4, &[input]);
        assert_eq!(got, [b"abc\n"]);
        let error = error.expect("too long");
        let start = format!("line 2 has {len} with its newline, a slot holds 4; all lines before it were sent;");
        let end = format!("use {cure}, or send without --lines");
        assert!(error.starts_with(&start) && error.ends_with(&end), "{error}");
    }
}

#[test]
fn record_is_refused_before_its_end_is_there() {
    let (got, error) = messages(Division::After(0), 4, &[b"a\0", b"bcd", b"ef", b"never read"]);
    assert_eq!(got, [b"a\0"]);
    let start = "record 2 has more than 4 bytes with its NUL, a slot holds 4;";
    assert!(error.as_ref().is_some_and(|error| error.starts_with(start)), "{error:?}");
}

#[test]
fn frames_are_what_follows_their_lengths() {
    let input = b"\x03\0\0\0abc\0\0\0\0\x01\0\0\0d";
    let whole = [&b"abc"[..], b"", b"d"].map(<[u8]>::to_vec).to_vec();
    for first in 0..=input.len() {
        assert_eq!(messages(Division::Frames, 3, &[&input[..first], &input[first..]]), (whole.clone(), None));
    }
}

#[test]
fn frame_is_refused_when_long_or_cut_off() {
    for (input, error) in [
        (&b"\x01\0\0\0a\x04\0\0\0"[..], "frame 2 has 4 bytes, a slot holds 3; all frames before it were sent;"),
        (b"\x01\0\0\0a\xff\xff\xff\xff", "frame 2 has 4294967295 bytes, a slot holds 3;"),
        (b"\x01\0\0\0a\x03\0\0\0bc", "the input ends within frame 2: 2 of 3 bytes are there;"),
        (b"\x01\0\0\0a\x03\0\0\0", "the input ends within frame 2: 0 of 3 bytes are there;"),
        (b"\x01\0\0\0a\x03\0", "the input ends within the length of frame 2: 2 of 4 bytes are there;"),
    ] {
        let (got, found) = messages(Division::Frames, 3, &[input]);
        assert_eq!(got, [b"a"]);
        assert!(found.as_ref().is_some_and(|found| found.starts_with(error)), "{found:?}");
    }
}

#[test]
fn stream_is_cut_after_newline_where_possible() {
    let whole = |pieces: &[&[u8]]| messages(Division::Anywhere, 4, pieces).0;
    assert_eq!(whole(&[b"a\nb\ncdefghi\nj"]), [&b"a\nb\n"[..], b"cdef", b"ghi\n", b"j"]);
    assert_eq!(whole(&[b"a\nb", b"c"]), [&b"a\n"[..], b"bc"]); // `b` waits for its rest
    assert_eq!(whole(&[b"a", b"b", b"\nc"]), [&b"ab\n"[..], b"c"]);
    assert_eq!(whole(&[b"", b""]), Vec::<Vec<u8>>::new());
}

#[test]
fn stream_sends_unfinished_line_when_the_input_pauses() {
    let mut divider = Divider::new(Division::Anywhere, 4);
    let mut messages = |rest| divider.divide(b"a\nb", rest).map(Result::unwrap).collect::<Vec<_>>().concat();
    assert_eq!((messages(Rest::More), messages(Rest::Paused)), (b"a\n".to_vec(), b"a\nb".to_vec()));
}
