//! Where a scenario runs: in a model, in the explorer, or in a real segment with a thread for each participant.

use super::segment::{Handle, Segment};
use crate::{
    events::{Body, Outcome},
    hook,
    model::{config::ModelConfig, engine::Engine, execution, layer::Model},
};
use ackcast::{
    layer::Layer,
    protocol::{Channel, Geometry, Storage},
};
use std::{fmt::Debug, rc::Rc, sync::atomic::Ordering::Relaxed};

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

/// An environment in which lock and signals can be used alone, and in which a participant's death is a part of its
/// text.
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
        segment.layer()
    }

    fn storage(segment: &Self::Segment) -> Handle<E> {
        Handle(Rc::clone(segment))
    }

    fn die(segment: &Self::Segment, number: u32) {
        segment.die(number);
    }

    fn step(segment: &Self::Segment) {
        let _ = E::load(&segment.kernel.alive[0], Relaxed);
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
        unsafe { Channel::new(segment.layer(), Handle(Rc::clone(segment)), geometry) }
    }

    fn act_as(number: u32) {
        hook::act_as(E::thread, number);
    }

    fn run(segment: Self::Segment, participants: Vec<(u32, Body)>, judge: impl Fn(&Outcome) + 'static) {
        execution::run::<E>(participants, move |number| segment.die(number), judge);
    }
}
