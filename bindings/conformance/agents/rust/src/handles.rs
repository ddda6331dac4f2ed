//! The handles of an agent. A producer or a consumer may lend a slot from one request to the next.

use crate::lie::Liar;
use crate::wire::{Asked, Misuse};
use ackcast::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use ackcast::{Channel, Consumer, Loan, Message, Producer, Typed, TypedConsumer, TypedProducer};
use self_cell::{MutBorrow, self_cell};
use std::collections::{HashMap, VecDeque};

/// The suite's type, as Rust declares one. The other agents describe the same at run time.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[zerocopy(crate = "ackcast::zerocopy")]
#[repr(C)]
pub struct Point {
    x: f64,
    y: f64,
}

impl Typed for Point {
    const NAME: &'static str = "Point";
    const VERSION: u32 = 1;
}

type LentSlot<'p> = Option<Loan<'p>>;
type LentMessage<'c> = Message<'c>;

self_cell!(
    /// A producer, and the slot that it lends.
    pub struct LoanedProducer {
        owner: MutBorrow<Producer>,
        #[not_covariant]
        dependent: LentSlot,
    }
);

self_cell!(
    /// A consumer, and the message that it lends.
    pub struct BorrowedConsumer {
        owner: MutBorrow<Consumer>,
        #[not_covariant]
        dependent: LentMessage,
    }
);

pub enum Sending {
    Free(Producer),
    Loaned(LoanedProducer),
    Point(TypedProducer<Point>),
    /// Only while a request changes the state.
    Nothing,
}

pub enum Receiving {
    Free(Consumer),
    Borrowed(BorrowedConsumer),
    Point(TypedConsumer<Point>),
    /// Only while a request changes the state.
    Nothing,
}

pub struct Sender {
    pub state: Sending,
    pub liar: Liar,
    /// How many bytes the message of the loan has.
    pub size: usize,
}

pub struct Receiver {
    pub state: Receiving,
    pub liar: Liar,
    /// Messages that were received, and not yet told.
    pub told: VecDeque<Vec<u8>>,
}

pub enum Handle {
    Channel(Channel),
    Sender(Sender),
    Receiver(Receiver),
}

#[derive(Default)]
pub struct Handles(pub HashMap<String, Handle>);

impl Handles {
    pub fn add(&mut self, id: &str, handle: Handle) -> Asked<()> {
        match self.0.insert(id.to_owned(), handle) {
            None => Ok(()),
            Some(_) => Err(Misuse(format!("there was a handle {id}"))),
        }
    }

    pub fn channel(&self, id: &str) -> Asked<&Channel> {
        match self.0.get(id) {
            Some(Handle::Channel(channel)) => Ok(channel),
            _ => Err(Misuse(format!("no channel {id}"))),
        }
    }

    pub fn sender(&mut self, id: &str) -> Asked<&mut Sender> {
        match self.0.get_mut(id) {
            Some(Handle::Sender(sender)) => Ok(sender),
            _ => Err(Misuse(format!("no producer {id}"))),
        }
    }

    pub fn receiver(&mut self, id: &str) -> Asked<&mut Receiver> {
        match self.0.get_mut(id) {
            Some(Handle::Receiver(receiver)) => Ok(receiver),
            _ => Err(Misuse(format!("no consumer {id}"))),
        }
    }
}

impl Sender {
    pub fn new(state: Sending) -> Self {
        Self { state, liar: Liar::default(), size: 0 }
    }

    pub fn producer(&mut self) -> Asked<&mut Producer> {
        match &mut self.state {
            Sending::Free(producer) => Ok(producer),
            _ => Err(Misuse("the producer lends a slot, or is typed".to_owned())),
        }
    }
}

impl Receiver {
    pub fn new(state: Receiving) -> Self {
        Self { state, liar: Liar::default(), told: VecDeque::new() }
    }

    pub fn consumer(&mut self) -> Asked<&mut Consumer> {
        match &mut self.state {
            Receiving::Free(consumer) => Ok(consumer),
            _ => Err(Misuse("the consumer lends a message, or is typed".to_owned())),
        }
    }
}
