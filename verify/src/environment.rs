//! Where a scenario runs: in a model, or in a real segment with a thread for each participant.

use crate::{
    case,
    check::Case,
    config::ModelConfig,
    engine::Engine,
    fixture::{self, Body, Fixture, Outcome, Seen, Shape, receive, send, values},
    hook,
    layer::Model,
    scenarios::{assert_one_order, come_and_go::*, flow::*, tries::*},
    segment::{Handle, Segment},
    tests::panic_message,
};
use ackcast::{
    layer::Layer,
    layers::{Futex, RawSync, RealLayer},
    protocol::{Channel, Consumer, Geometry, Producer, Storage},
    segment as real,
};
use std::{
    fmt::Debug,
    marker::PhantomData,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// See the [module](self).
pub trait Environment: Debug + Sized + 'static {
    type Layer: Layer;
    type Storage: Storage<Self::Layer>;
    /// The segment, as the scenario holds it.
    type Segment: Debug;

    fn segment(geometry: Geometry, config: ModelConfig, mortal: bool) -> Self::Segment;
    fn channel(segment: &Self::Segment, geometry: Geometry) -> Channel<Self::Layer, Self::Storage>;
    /// From now on the running thread acts for this participant.
    fn act_as(number: u32);
    /// Runs the participants, by number, each in its thread. `judge` checks what they saw.
    fn run(segment: Self::Segment, participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome) + 'static);
}

/// An environment in which lock and signals can be used alone, and in which a participant's death is a part of its text.
pub trait Checked: Environment<Segment: Clone> {
    /// A handle of its own, which has claimed no number.
    fn layer(segment: &Self::Segment) -> Self::Layer;
    /// The segment's words and slots.
    fn storage(segment: &Self::Segment) -> Self::Storage;
    /// The kernel's part when `number` dies.
    fn die(segment: &Self::Segment, number: u32);
    /// A step at which another thread may run, where the checker needs one.
    fn step(_segment: &Self::Segment) {}
    /// From now on the participant dies before its next heavy fence.
    fn die_unfenced(layer: &Self::Layer);
}

impl<E: Engine> Checked for E {
    fn layer(segment: &Self::Segment) -> Model<E> {
        Model::new(Rc::clone(segment))
    }

    fn storage(segment: &Self::Segment) -> Handle<E> {
        Handle(Rc::clone(segment))
    }

    fn die(segment: &Self::Segment, number: u32) {
        segment.die(number);
    }

    fn step(segment: &Self::Segment) {
        let _ = E::load(&segment.alive[0], Relaxed);
    }

    fn die_unfenced(layer: &Model<E>) {
        layer.dies_unfenced.set(true);
    }
}

impl<E: Engine> Environment for E {
    type Layer = Model<E>;
    type Storage = Handle<E>;
    type Segment = Rc<Segment<E>>;

    fn segment(geometry: Geometry, config: ModelConfig, mortal: bool) -> Self::Segment {
        Segment::new(geometry, config, mortal)
    }

    fn channel(segment: &Self::Segment, geometry: Geometry) -> Channel<Model<E>, Handle<E>> {
        // SAFETY: the segment was made for the geometry.
        unsafe { Channel::new(Model::new(Rc::clone(segment)), Handle(Rc::clone(segment)), geometry) }
    }

    fn act_as(number: u32) {
        hook::act_as(E::thread, number);
    }

    fn run(segment: Self::Segment, participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome) + 'static) {
        fixture::run(segment, participants, judge);
    }
}

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

// SAFETY: besides numbers, a body of the scenarios below holds consumers, producers and channels on real layers, which
// are `Send`.
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
        let _keeper = real::Handle::create::<L>(&name, &geometry, L::fences()).expect("the segment is made");
        NamedSegment { name, _keeper }
    }

    /// Opens a handle for each participant, so that its claims are its own.
    fn channel(segment: &NamedSegment, _geometry: Geometry) -> Channel<L, real::Segment<L>> {
        let handle = real::Handle::open(&segment.name).expect("the segment is there");
        handle.channel().expect("it is of this layer")
    }

    fn act_as(_number: u32) {}

    fn run(_segment: NamedSegment, participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome) + 'static) {
        let bodies = participants.into_iter().map(|(_, body)| SendBody(body));
        let running: Vec<_> = bodies.map(|body| thread::spawn(move || body.run())).collect();
        let outcome = running.into_iter().map(|thread| thread.join().expect("no participant panics")).collect();
        judge(&outcome);
        fixture::record(outcome);
    }
}

/// Checks a scenario on both layers until the time is over; prints the rounds and the number of outcomes.
fn repeat_on_real_layers(case: Case, on: [fn(&Case); 2]) {
    const TIME: Duration = Duration::from_millis(if cfg!(loom) { 2_000 } else { 200 });
    for (layer, body) in ["futex", "raw_sync"].into_iter().zip(on) {
        drop(fixture::take_executions());
        let (start, mut rounds) = (Instant::now(), 0);
        while rounds < 20 || start.elapsed() < TIME {
            body(&case);
            rounds += 1;
        }
        let (_, seen) = fixture::take_executions();
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
