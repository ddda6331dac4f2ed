//! The scenarios without deaths on real memory: in real segments, with a thread for each participant.

use crate::{
    case,
    checks::panics::panic_message,
    events::{self, Body, Outcome, Seen},
    model::{
        case::{Case, Shape},
        config::ModelConfig,
    },
    scenarios::{
        come_and_go::*,
        environment::Environment,
        fixture::{Fixture, receive, send, values},
        flow::*,
        late_reader::*,
        participants::assert_one_order,
        tries::*,
    },
};
use ackcast::{
    layers::{Futex, RawSync, RealLayer},
    protocol::{Channel, Consumer, Geometry, Producer},
    segment as real,
};
use std::{
    marker::PhantomData,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// A real segment on this layer.
#[derive(Debug)]
pub struct Real<L>(PhantomData<L>);

/// The segment's name, and a handle that keeps it alive.
#[derive(Debug)]
pub struct NamedSegment {
    name: real::Name,
    _keeper: real::Handle,
}

/// Moves a participant's body into its thread.
struct SendBody(Body);

// SAFETY: besides numbers, a body of the scenarios holds consumers, producers and channels on real layers or on that of
// `in_memory`, which are `Send`.
unsafe impl Send for SendBody {}

const _: fn() = || {
    fn is_send<T: Send>() {}
    fn all<L: RealLayer>() {
        is_send::<Channel<L, real::Segment<L>>>();
        is_send::<Consumer<L, real::Segment<L>>>();
        is_send::<Producer<L, real::Segment<L>>>();
    }
    all::<Futex>();
    all::<RawSync>();
};

impl SendBody {
    fn run(self) -> Seen {
        (self.0)()
    }
}

impl<L: RealLayer + 'static> Environment for Real<L> {
    type Layer = L;
    type Storage = real::Segment<L>;
    type Segment = NamedSegment;

    fn segment(geometry: Geometry, _config: ModelConfig, _mortal: bool) -> NamedSegment {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Relaxed);
        let name = format!("verify-{:?}-{}-{count}", L::KIND, std::process::id());
        let name = real::Name::new(&name).expect("the name is valid");
        let _keeper = real::Handle::create::<L>(&name, &geometry, L::fences(), None, 0).expect("the segment is made");
        NamedSegment { name, _keeper }
    }

    /// Opens a handle for each participant, so that its claims are its own.
    fn channel(segment: &NamedSegment, _geometry: Geometry) -> Channel<L, real::Segment<L>> {
        let handle = real::Handle::open(&segment.name).expect("the segment is there");
        handle.channel().expect("it is of this layer")
    }

    fn act_as(_number: u32) {}

    fn run(_segment: NamedSegment, participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome) + 'static) {
        run_in_threads(participants, judge);
    }
}

/// Runs each participant in a thread, and judges what they saw. What the bodies hold must be `Send`.
pub(super) fn run_in_threads(participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome)) {
    let bodies = participants.into_iter().map(|(_, body)| SendBody(body));
    let running: Vec<_> = bodies.map(|body| thread::spawn(move || body.run())).collect();
    let outcome = running.into_iter().map(|thread| thread.join().expect("no participant panics")).collect();
    judge(&outcome);
    events::record(outcome);
}

/// Checks a scenario on both layers until the time is over; prints the rounds and the number of outcomes.
fn repeat_on_real_layers(case: Case, on: [fn(&Case); 2]) {
    const TIME: Duration = Duration::from_millis(if cfg!(loom) { 2_000 } else { 200 });
    for (layer, body) in ["futex", "raw_sync"].into_iter().zip(on) {
        drop(events::take_executions());
        let (start, mut rounds) = (Instant::now(), 0);
        while rounds < 20 || start.elapsed() < TIME {
            body(&case);
            rounds += 1;
        }
        let (_, seen) = events::take_executions();
        println!("{} {} on {layer}: {rounds} rounds, {} outcomes", case.name, case.shape, seen.len());
        assert!(!seen.is_empty(), "the property was judged");
    }
}

/// Runs scenarios without deaths on both real layers.
macro_rules! on_real_layers {
    ($($body:ident $shape:expr),* $(,)?) => {
        $(repeat_on_real_layers(case!($body, "", $shape, ModelConfig::PARK_STACK), [$body::<Real<Futex>>, $body::<Real<RawSync>>]);)*
    };
}

#[test]
fn scenarios_on_real_memory() {
    let shape = Shape::new;
    on_real_layers![
        consumer_gets_every_message shape(2, 2, 3, 2),
        lengths_are_kept shape(2, 2, 3, 2),
        batches_are_whole shape(2, 2, 3, 2),
        consumer_joins_during_a_batch shape(1, 1, 3, 2),
        end_is_last shape(2, 2, 2, 1),
        kept_message_is_received_again shape(1, 1, 3, 1),
        consumer_joins_in_the_middle shape(1, 2, 3, 2),
        late_reader_gets_what_is_retained shape(2, 2, 3, 4).retaining(3),
        late_reader_asks_for_a_message shape(1, 2, 3, 3).retaining(2),
        consumer_leaves_in_the_middle shape(1, 2, 3, 1),
        consumer_leaves_with_unread_message shape(1, 1, 2, 1),
        consumers_get_the_first_message shape(1, 2, 2, 1),
        consumer_joins_again_after_leaving shape(1, 1, 3, 1),
        producer_joins_late shape(2, 1, 2, 1),
        participants_try_without_waiting shape(2, 2, 2, 1),
    ];
}

/// Negative twin: the same judgement notices a message that a consumer does not get.
#[test]
fn lost_message_is_noticed_on_real_memory() {
    let fixture = Fixture::<Real<Futex>>::new(Shape::new(1, 1, 2, 2).geometry(), ModelConfig::PARK_STACK, false);
    let (mut consumer, mut producer) = (fixture.consumer(), fixture.producer());
    let receives: Body = Box::new(move || receive(&mut consumer, 1));
    let sends: Body = Box::new(move || {
        send(&mut producer, values(0, 2));
        Seen::new()
    });
    let run = || fixture.run(vec![(0, receives), (1, sends)], |outcome| assert_one_order(outcome, 1, 1, 2));
    assert!(panic_message(run).contains("did not get what producer 0 sent"));
}
