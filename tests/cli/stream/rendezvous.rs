//! Several `send` on a channel, and channels that are over.

use super::process::{Process, Scratch, eventually, same, seq};
use ackcast::Channel;
use ackcast::segment::{Name, participants};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

#[test]
fn recv_sees_end_when_both_sends_have_finished() {
    let scratch = Scratch::new("two");
    let mut recv = scratch.recv("out");
    let mut first = scratch.send_from(&["--slots", "4"], Stdio::piped());
    let mut stdin = first.stdin();
    stdin.write_all(b"from the first\n").unwrap();
    recv.has_written(15);
    scratch.send(&["--slots", "99"], &seq(1000)).ends_with(0); // joins: the first --slots holds
    stdin.write_all(b"again\n").unwrap();
    assert!(recv.process.runs());
    drop(stdin);
    first.ends_with(0);
    same(&recv.wrote(0), &[&b"from the first\n"[..], &seq(1000), b"again\n"].concat());
    scratch.assert_nothing_left();
}

/// Earlier channels had 8 places, so two of ten `recv` were refused, although the page allowed any number.
#[test]
fn channel_has_places_for_64_recvs_and_no_more() {
    let scratch = Scratch::new("many");
    let mut send = scratch.send_from(&[], Stdio::piped());
    let mut stdin = send.stdin();
    let mut recvs: Vec<_> = (0..64).map(|n| scratch.recv(&n.to_string())).collect();
    let name = Name::new(&scratch.name).unwrap();
    eventually("not all `recv` join", || {
        recvs.iter_mut().for_each(|recv| assert!(recv.process.runs(), "{:?}", recv.process.end()));
        participants(&name).is_ok_and(|found| found.is_some_and(|users| users.len() == 65))
    });
    let error = scratch.recv("one-more").process.ends_with(1).stderr;
    assert!(error.contains("all 64 consumer places are in use"), "{error}");
    stdin.write_all(b"line\n").unwrap();
    drop(stdin);
    send.ends_with(0);
    recvs.iter_mut().for_each(|recv| assert_eq!(recv.wrote(0), b"line\n"));
    scratch.assert_nothing_left();
}

#[test]
fn recv_waits_until_all_counted_sends_have_finished() {
    let scratch = Scratch::new("after");
    let mut recv = scratch.recv("out");
    scratch.send(&["--producers", "2"], b"first\n").ends_with(0);
    thread::sleep(Duration::from_millis(50));
    assert!(recv.process.runs());
    scratch.send(&[], b"second\n").ends_with(0);
    assert_eq!(recv.wrote(0), b"first\nsecond\n");
    scratch.assert_nothing_left();
}

#[test]
fn send_and_recv_wait_when_channel_is_over() {
    for killed in [false, true] {
        let scratch = Scratch::new(&format!("over-{killed}"));
        // The lines fit the ring but not a pipe, so `send` ends while `recv` cannot write.
        let old: Vec<u8> = (0..60).flat_map(|n| [vec![b'a' + n % 26; 3999], vec![b'\n']].concat()).collect();
        let mut slow = scratch.recv_to_pipe();
        let mut stdout = slow.stdout();
        let mut send = scratch.send_from(&["--lines", "--slots", "64"], Stdio::piped());
        let mut stdin = send.stdin();
        stdin.write_all(&old).unwrap();
        if killed {
            let sent = || Channel::open(&Name::new(&scratch.name).unwrap()).unwrap().published().count();
            eventually("`send` does not send all lines", || sent() == 60);
            send.kill(Signal::KILL);
            send.end();
        } else {
            drop(stdin);
            send.ends_with(0);
        }
        let mut next = scratch.recv("next");
        let mut send = scratch.send(&[], b"new\n");
        eventually("`recv` and `send` do not start", || next.process.handles_signals() && send.handles_signals());
        thread::sleep(Duration::from_millis(100));
        assert!(slow.runs() && next.process.runs() && send.runs());
        assert_eq!(next.written(), b"");
        let mut got = Vec::new();
        stdout.read_to_end(&mut got).unwrap();
        same(&got, &old);
        slow.ends_with(if killed { 3 } else { 0 });
        send.ends_with(0);
        assert_eq!(next.wrote(0), b"new\n");
        scratch.assert_nothing_left();
    }
}

/// An earlier `recv` waited silently at its limit of descriptors, as if the channel did not exist.
#[test]
fn recv_names_descriptor_limit_when_channel_lives() {
    let scratch = Scratch::new("limit");
    let name = Name::new(&scratch.name).unwrap();
    let _channel = Channel::create(&scratch.name).build().unwrap();
    let (mut named, mut attached) = (0, 0);
    for most in 6..=20 {
        let mut recv =
            Process::with_limit(&format!("-n {most}"), &["recv", &scratch.name], Stdio::null(), Stdio::null());
        let has_attached = || participants(&name).unwrap() == Some(vec![0]);
        eventually(&format!("`recv` with {most} descriptors waits silently"), || !recv.runs() || has_attached());
        if has_attached() {
            attached += 1;
            recv.kill(Signal::KILL);
            recv.end();
            eventually("the place of the killed `recv` is not freed", || !has_attached());
        } else {
            let ended = recv.ends_with(1);
            assert!(
                ended.stderr.contains("RLIMIT_NOFILE") || ended.stderr.contains("Too many open files"),
                "{ended:?}"
            );
            named += u32::from(ended.stderr.contains("RLIMIT_NOFILE"));
        }
    }
    assert!(named >= 3 && attached >= 3, "{named}, {attached}");
}
