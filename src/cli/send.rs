//! `ackcast send`: sends stdin.

use super::division::{Divider, Rest, Units};
use super::failure::Failure;
use super::input::Input;
use super::options::{Backend, MAX_PLACES};
use super::rendezvous;
use super::ring::Ring;
use super::stop::Stop;
use super::waiting::{Patience, WaitFor, Waiting};
use ackcast::segment::Name;
use ackcast::{Channel, Producer, SendError};
use clap::{Args, value_parser};
use std::time::Duration;

const HELP: &str = "\
`recv` writes byte for byte what `send` reads. By default, `send` fills slots with what is there. It
cuts after a newline where it can, and sends what it has when its input pauses. So the lines of
several `send` do not mix, unless a line is longer than a slot or comes in parts. With --lines, --null
or --frames, a message is a unit, and `recv` with the same option writes it as it was.
`send` creates the channel. If the channel is in use, `send` joins it as a further producer, and the
options of the creator hold. If the channel is over, `send` waits until its last `recv` has left.
At most 64 `send` and 64 `recv` use a channel at a time.
`send` reads nothing before --consumers `recv` have joined, so each of them is told how it ends.
`send` exits when all is sent. Each `recv` may then still have up to --slots messages to read.
If every `recv` leaves before that, `send` ends, unless --consumers is 0.
If `send` is stopped or fails, it does not finish the channel, and `recv` exits with status 3.

Exit status:
  0    everything was sent; every living `recv` has received it or can still read it
  1    another failure, such as a line of --lines longer than a slot; all before it was sent
  2    wrong usage
  4    the channel's memory is corrupt
  124  gave up: --timeout has passed without a `recv`, or without room
  129  stopped by SIGHUP (the terminal has closed)
  130  stopped by SIGINT (Ctrl-C)
  141  every `recv` has left
  143  stopped by SIGTERM";

/// The most messages that a call sends.
const BATCH: usize = 256;

/// The arguments of `ackcast send`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct Send {
    /// The channel's name
    #[arg(value_parser = Name::new)]
    name: Name,

    #[command(flatten)]
    units: Units,

    /// How many `recv` must join before `send` reads stdin, 0 to 64; a later `recv` gets only what follows
    /// [default: 1]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(0..=64))]
    consumers: Option<u32>,

    /// How many `send` must finish before `recv` sees the end, 1 to 64; 1 is enough if their runs overlap
    /// [default: 1]
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..=64))]
    producers: Option<u32>,

    #[command(flatten)]
    ring: Ring,

    /// How many of the last messages stay for a later `recv --from oldest`, fewer than --slots [default: 0]
    #[arg(long, value_name = "N")]
    retain: Option<u32>,

    /// Backend of the channel [default: futex]
    #[arg(long, alias = "sync", value_name = "BACKEND")]
    pub(crate) backend: Option<Backend>,

    #[command(flatten)]
    patience: Patience,
}

/// Sends all of stdin.
pub(crate) fn run(send: &Send) -> Result<(), Failure> {
    let stop = Stop::on_signals()?; // before `build`, so that a signal leaves no segment behind
    let sent = send_input(send, &stop);
    rendezvous::leave(&send.name);
    sent
}

fn send_input(send: &Send, stop: &Stop) -> Result<(), Failure> {
    let mut waiting = Waiting::new(&send.patience, stop);
    let division = send.units.division();
    let (slots, slot_size) = send.ring.geometry(division);
    let new = Channel::create(send.name.as_str())
        .consumers(send.consumers.unwrap_or(1))
        .producers(send.producers.unwrap_or(1))
        .places(MAX_PLACES) // also for `send` and `recv` that are not counted
        .slots(slots)
        .slot_size(slot_size)
        .retain(send.retain.unwrap_or(0))
        .backend(send.backend.unwrap_or(Backend::Futex).into());
    let (producer, channel, created) = rendezvous::producer(&send.name, &new, &mut waiting)?;
    if !created {
        if let Some(differences) = send.differences(&channel) {
            waiting.say(&format!("warning: the channel exists, and its options hold: {differences}"));
        }
    }
    let geometry = channel.geometry();
    let mut sender = Sender { producer, channel, waiting };
    // A `recv` that has joined is told of every failure. So `send` reads nothing, and fails at nothing, before they
    // join.
    sender.retry(|producer, time| producer.loan_timeout(time).map(drop))?;
    let mut input = Input::stdin(division, geometry.slot_size, stop)?;
    let mut divider = Divider::new(division, geometry.slot_size);
    loop {
        // The input is read before the write lock is taken, so other producers do not wait for stdin.
        let rest = input.fill()?;
        let used = sender.send_all(&mut divider, input.bytes(), rest)?;
        input.consume(used);
        if rest == Rest::Nothing {
            break;
        }
    }
    sender.retry(|producer, time| producer.finish_timeout(time))?;
    Ok(())
}

impl Send {
    /// The options that were given and that the channel does not have.
    fn differences(&self, channel: &Channel) -> Option<String> {
        let geometry = channel.geometry();
        let mut found = self.ring.differences(&geometry);
        for (option, wanted, is) in [
            ("--consumers", self.consumers, geometry.start_with),
            ("--producers", self.producers, geometry.end_after),
            ("--retain", self.retain, geometry.retain),
        ] {
            if let Some(wanted) = wanted.filter(|&wanted| wanted != is) {
                found.push(format!("{option} {is} instead of {wanted}"));
            }
        }
        let is = channel.backend();
        if let Some(wanted) = self.backend.map(ackcast::Backend::from).filter(|&wanted| wanted != is) {
            found.push(format!("--backend {} instead of {}", Backend::name_of(is), Backend::name_of(wanted)));
        }
        (!found.is_empty()).then(|| found.join(", "))
    }
}

/// A producer whose waits end with a signal.
#[derive(Debug)]
struct Sender<'s> {
    producer: Producer,
    channel: Channel,
    waiting: Waiting<'s>,
}

impl Sender<'_> {
    /// Sends all messages of `bytes`. Returns how many bytes they take.
    fn send_all(&mut self, divider: &mut Divider, bytes: &[u8], rest: Rest) -> Result<usize, Failure> {
        let mut messages = divider.divide(bytes, rest);
        loop {
            let (mut batch, mut len, mut failed) = ([&[][..]; BATCH], 0, None);
            for (place, message) in batch.iter_mut().zip(&mut messages) {
                match message {
                    Ok(message) => *place = message,
                    Err(failure) => {
                        failed = Some(failure);
                        break;
                    }
                }
                len += 1;
            }
            if len > 0 {
                self.send_batch(&batch[..len])?;
            }
            if let Some(failure) = failed {
                return Err(failure);
            }
            if len < BATCH {
                return Ok(messages.used());
            }
        }
    }

    fn send_batch(&mut self, mut messages: &[&[u8]]) -> Result<(), Failure> {
        while !messages.is_empty() {
            if self.channel.geometry().start_with > 0 && self.channel.acknowledged().is_empty() {
                return Err(Failure::RecvsGone);
            }
            let (sent, error) = match self.producer.send_batch_timeout(messages, self.waiting.step()) {
                Ok(()) => (messages.len(), None),
                Err(failed) => (failed.sent, Some(failed.error)),
            };
            let (done, left) = messages.split_at(sent);
            if sent > 0 {
                self.waiting.passed(sent as u64, done.iter().map(|message| message.len() as u64).sum());
            }
            messages = left;
            match error {
                None => {}
                Some(SendError::TimedOut(on)) => self.waiting.blocked(WaitFor::Peer(on))?,
                Some(error) => return Err(Failure::from_send(error)),
            }
        }
        Ok(())
    }

    /// Retries `attempt` while it times out.
    fn retry<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Producer, Duration) -> Result<T, SendError>,
    ) -> Result<T, Failure> {
        loop {
            match attempt(&mut self.producer, self.waiting.step()) {
                Err(SendError::TimedOut(on)) => self.waiting.blocked(WaitFor::Peer(on))?,
                done => {
                    self.waiting.over();
                    return done.map_err(Failure::from_send);
                }
            }
        }
    }
}
