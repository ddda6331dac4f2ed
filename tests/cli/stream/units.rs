//! Messages as units: `--lines`, `--null`, `--frames`, and what else `recv` writes.

use super::process::{Process, Scratch, same};
use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

/// Each of these before each message.
fn frames(messages: &[&[u8]]) -> Vec<u8> {
    messages.iter().flat_map(|message| [&(message.len() as u32).to_le_bytes(), *message].concat()).collect()
}

/// The output of a `recv` with this option, after a `send` with these.
fn passed(recv_args: &[&str], send_args: &[&str], input: &[u8]) -> Vec<u8> {
    let scratch = Scratch::new(&format!("pass{}{}-{}", recv_args.concat(), send_args.concat(), input.len()));
    let mut recv = scratch.recv_with("out", recv_args);
    assert_eq!(scratch.send(send_args, input).ends_with(0).stderr, "");
    let output = recv.wrote(0);
    scratch.assert_nothing_left();
    output
}

#[test]
fn recv_writes_units_of_send_as_they_were() {
    let messages: Vec<Vec<u8>> = (0..2000).map(|n| (0..n % 500).map(|k| (k * 7 + n) as u8).collect()).collect();
    let whole: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
    let joined = |end: u8| -> Vec<u8> {
        let clean = |message: &[u8]| message.iter().copied().filter(|&byte| byte != end).collect::<Vec<_>>();
        messages.iter().flat_map(|message| [clean(message), vec![end]].concat()).collect()
    };
    for (option, input) in
        [("--lines", joined(b'\n')), ("--null", joined(0)), ("-0", joined(0)), ("--frames", frames(&whole))]
    {
        same(&passed(&[option], &[option], &input), &input);
    }
    // Without an option, `recv` writes the payloads alone.
    same(&passed(&[], &["--frames"], &frames(&whole)), &whole.concat());
    same(&passed(&[], &["--lines"], &joined(b'\n')), &joined(b'\n'));
}

#[test]
fn recv_ends_each_message_as_its_option_says() {
    let input = frames(&[b"a", b"b\n", b"", b"c\0"]);
    assert_eq!(passed(&["--lines"], &["--frames"], &input), b"a\nb\n\nc\0\n");
    assert_eq!(passed(&["--null"], &["--frames"], &input), b"a\0b\n\0\0c\0");
    assert_eq!(passed(&["--hex"], &["--frames"], &input), b"61\n620a\n\n6300\n");
    // The last line of the input lacks its newline. `recv` without an option does, too.
    assert_eq!(passed(&["--lines"], &["--lines"], b"a\nb"), b"a\nb\n");
    assert_eq!(passed(&[], &["--lines"], b"a\nb"), b"a\nb");
}

#[test]
fn json_has_text_or_hex() {
    let input = frames(&[b"plain", "\u{e4} \"quoted\"\n\0".as_bytes(), b"\xff\x00", b""]);
    let expected = concat!(
        "{\"sequence\":0,\"length\":5,\"text\":\"plain\"}\n",
        "{\"sequence\":1,\"length\":13,\"text\":\"\u{e4} \\\"quoted\\\"\\n\\u0000\"}\n",
        "{\"sequence\":2,\"length\":2,\"hex\":\"ff00\"}\n",
        "{\"sequence\":3,\"length\":0,\"text\":\"\"}\n",
    );
    assert_eq!(String::from_utf8(passed(&["--json"], &["--frames"], &input)).unwrap(), expected);
}

#[test]
fn frames_of_a_mebibyte_arrive() {
    let frame = |n: u32| (0..1 << 20).map(|k: u32| (k * n) as u8).collect::<Vec<u8>>();
    let messages: Vec<Vec<u8>> = (1..40).map(frame).collect();
    let input = frames(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let scratch = Scratch::new("mebibyte");
    let mut recvs = ["a", "b", "c"].map(|file| scratch.recv_with(file, &["--frames"]));
    scratch.send(&["--frames", "--slot-size", "1MiB", "--consumers", "3"], &input).ends_with(0);
    recvs.iter_mut().for_each(|recv| same(&recv.wrote(0), &input));
    scratch.assert_nothing_left();
}

/// The option, a whole unit and perhaps a length, the unit as a message, and how the error begins.
const ENDLESS: [(&str, &[u8], &[u8], &str); 3] = [
    (
        "--lines",
        b"ab\n",
        b"ab\n",
        "line 2 has more than 5000 bytes with its newline, a slot holds 5000; all lines before it",
    ),
    (
        "--null",
        b"ab\0",
        b"ab\0",
        "record 2 has more than 5000 bytes with its NUL, a slot holds 5000; all records before it",
    ),
    ("--frames", b"\x02\0\0\0ab\x89\x13\0\0", b"ab", "frame 2 has 5001 bytes, a slot holds 5000; all frames before it"),
];

/// An earlier `send` measured the line first, and so read an endless source for ever.
#[test]
fn too_long_unit_of_endless_source_is_named() {
    for (option, start, message, error) in ENDLESS {
        let scratch = Scratch::new(&format!("endless{option}"));
        let mut recv = scratch.recv("out");
        let mut send = scratch.send_from(&[option, "--slot-size", "5000"], Stdio::piped());
        let mut stdin = send.stdin();
        let feeder = std::thread::spawn(move || {
            stdin.write_all(start).unwrap();
            while stdin.write_all(&[b'x'; 1000]).is_ok() {}
        });
        let ended = send.ends_with(1);
        assert!(ended.stderr.starts_with(&format!("ackcast: {error} were sent; use ")), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1);
        feeder.join().unwrap();
        assert_eq!(recv.wrote(3), message);
        scratch.assert_nothing_left();
    }
}

/// The source pauses. `send` must not wait for the rest of what is too long already.
#[test]
fn too_long_unit_is_named_before_its_end_comes() {
    let scratch = Scratch::new("quiet-long");
    let mut recv = scratch.recv("out");
    let mut send = scratch.send_from(&["--lines", "--slot-size", "8"], Stdio::piped());
    let mut stdin = send.stdin();
    stdin.write_all(b"1234567\n12345678").unwrap();
    recv.has_written(8);
    assert!(send.runs()); // the twin: 8 bytes without a newline may still be a line of the last kind
    stdin.write_all(b"9").unwrap();
    let ended = send.ends_with(1);
    assert!(ended.stderr.contains("line 2 has more than 8 bytes with its newline"), "{ended:?}");
    assert_eq!(recv.wrote(3), b"1234567\n");
    drop(stdin);
    scratch.assert_nothing_left();
}

#[test]
fn cut_off_frame_is_named() {
    for (input, what) in [
        (&b"\x01\0\0\0a\x02\0\0\0b"[..], "the input ends within frame 2: 1 of 2 bytes are there;"),
        (b"\x01\0\0\0a\x02", "the input ends within the length of frame 2: 1 of 4 bytes are there;"),
    ] {
        let scratch = Scratch::new(&format!("cut-{}", input.len()));
        let mut recv = scratch.recv("out");
        let ended = scratch.send(&["--frames"], input).ends_with(1);
        assert!(ended.stderr.starts_with(&format!("ackcast: {what}")), "{ended:?}");
        assert_eq!(recv.wrote(3), b"a");
        scratch.assert_nothing_left();
    }
}

/// The source is /dev/zero: lines without a newline, and frames that are all empty.
#[test]
fn zeros_are_lines_too_long_and_empty_frames() {
    let scratch = Scratch::new("zeros");
    let mut recv = scratch.recv("out");
    let mut send = scratch.send_from(&["--lines"], File::open("/dev/zero").unwrap().into());
    assert!(send.ends_with(1).stderr.contains("line 1 has more than 4096 bytes"));
    assert_eq!(recv.wrote(3), b"");
    let mut zeros = Command::new("head").args(["-c", "4000", "/dev/zero"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut recv = Process::new(&["recv", &scratch.name, "--hex"], Stdio::null(), Stdio::piped());
    let mut send = scratch.send_from(&["--frames"], zeros.stdout.take().unwrap().into());
    assert_eq!(super::process::read(recv.stdout(), None), vec![b'\n'; 1000]);
    send.ends_with(0);
    recv.ends_with(0);
    zeros.wait().unwrap();
    scratch.assert_nothing_left();
}
