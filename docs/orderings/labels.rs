//! Why each operation is as it is: an item for each label of [the table](super#labels). This is a part of the
//! documentation alone: no code can name it.
//!
//! `docs/orderings/` in the repository has the executions. `verify` writes this file, and checks it.
#![allow(non_snake_case)]

/// E1: published: store Release. Why Release for the store of `published` in `prepared::publish`?
///
/// ```text
/// word.store(position.published.word(), Release);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`prepared::publish`](../../../../src/ackcast/protocol/producer/prepared.rs.html) |
/// | partner | [E2a] to [E2d] |
/// | carries | the bytes of the prepared slots, and of earlier ones by the lock |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 9 steps |
/// | drop | breaks L1: no deadlock, no lost wake-up: 9 steps |
///
/// `docs/orderings/E1.md` in the repository has the executions, step by step and drawn.
pub mod E1 {}

/// E2a: published: load Acquire. Why Acquire for the load of `published` in `consumer::poll`?
///
/// ```text
/// let published = self.channel.control().published.0.load(Acquire);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`consumer::poll`](../../../../src/ackcast/protocol/consumer.rs.html) |
/// | partner | [E1] |
/// | carries | the bytes of the prepared slots, and of earlier ones by the lock |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 9 steps |
///
/// `docs/orderings/E2a.md` in the repository has the executions, step by step and drawn.
pub mod E2a {}

/// E2b: published: load Acquire. Why Acquire for the load of `published` in `registry::take_consumer_entry`?
///
/// ```text
/// let bound = Published::from_word(self.control().published.0.load(Acquire));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [E1] |
/// | carries | nothing: a lower bound of the start |
/// | relaxed | would do: only the count matters, and a stale count is lower, which is safe |
///
/// `docs/orderings/E2b.md` in the repository has the executions, step by step and drawn.
pub mod E2b {}

/// E2c: published: load Acquire. Why Acquire for the load of `published` in `mod::published`?
///
/// ```text
/// Published::from_word(self.control().published.0.load(Acquire))
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`mod::published`](../../../../src/ackcast/protocol/mod.rs.html) |
/// | partner | [E1] |
/// | carries | nothing: a snapshot |
/// | relaxed | would do: no slot is read on the account of this load: a join asks it only whether END is published |
///
/// `docs/orderings/E2c.md` in the repository has the executions, step by step and drawn.
pub mod E2c {}

/// E2d: published: load Acquire. Why Acquire for the load of `published` in `registry::take_consumer_entry`?
///
/// ```text
/// let published = Published::from_word(self.control().published.0.load(Acquire));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [E1], by [J] and [N] |
/// | carries | the start |
/// | relaxed | would do: only the count matters: every slot is read after an acquiring poll, E2a |
///
/// `docs/orderings/E2d.md` in the repository has the executions, step by step and drawn.
pub mod E2d {}

/// E3a: acked: store Release. Why Release for the store of `acked` in `consumer::acknowledge`?
///
/// ```text
/// entry.acked.0.store(self.next, Release);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`consumer::acknowledge`](../../../../src/ackcast/protocol/consumer.rs.html) |
/// | partner | [E4] |
/// | carries | the consumer's reads of acknowledged slots |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 15 steps |
/// | drop | breaks L1: no deadlock, no lost wake-up: 13 steps |
///
/// `docs/orderings/E3a.md` in the repository has the executions, step by step and drawn.
pub mod E3a {}

/// E3b: acked: store Release. Why Release for the store of `acked` in `registry::take_consumer_entry`?
///
/// ```text
/// entry.acked.0.store(announced.word(), Release);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [E4] |
/// | carries | the previous occupant's reads |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 28 steps |
/// | drop | breaks L1: no deadlock, no lost wake-up: 19 steps |
///
/// `docs/orderings/E3b.md` in the repository has the executions, step by step and drawn.
pub mod E3b {}

/// E3c: acked: store Release. Why Release for the store of `acked` in `registry::take_consumer_entry`?
///
/// ```text
/// entry.acked.0.store(Acknowledged { count: first, joining: false }.word(), Release);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [E4] |
/// | carries | the previous occupant's reads, and the start |
/// | relaxed | would do: fence J before it releases all that a Release would |
/// | drop | breaks L1: no deadlock, no lost wake-up: 15 steps |
///
/// `docs/orderings/E3c.md` in the repository has the executions, step by step and drawn.
pub mod E3c {}

/// E4: acked: load Acquire. Why Acquire for the load of `acked` in `await_room::lowest_acknowledgement`?
///
/// ```text
/// let Acknowledged { count: acked, joining } = Acknowledged::from_word(entry.acked.0.load(Acquire));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`await_room::lowest_acknowledgement`](../../../../src/ackcast/protocol/producer/await_room.rs.html) |
/// | partner | [E3a], [E3b], [E3c] |
/// | carries | what these carry |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 15 steps |
///
/// `docs/orderings/E4.md` in the repository has the executions, step by step and drawn.
pub mod E4 {}

/// E5: state: store Release. Why Release for the store of `state` in `registry::leave_consumer_entry`?
///
/// ```text
/// entry.state.store(vacant.word(), Release);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::leave_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [E6] |
/// | carries | all reads of the leaver |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 14 steps |
/// | drop | breaks L1: no deadlock, no lost wake-up: 13 steps |
///
/// `docs/orderings/E5.md` in the repository has the executions, step by step and drawn.
pub mod E5 {}

/// E6: state: load Acquire. Why Acquire for the load of `state` in `await_room::lowest_acknowledgement`?
///
/// ```text
/// let state = EntryState::from_word(entry.state.load(Acquire));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`await_room::lowest_acknowledgement`](../../../../src/ackcast/protocol/producer/await_room.rs.html) |
/// | partner | [E5], [E9], [X12] |
/// | carries | what these carry |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 14 steps |
///
/// `docs/orderings/E6.md` in the repository has the executions, step by step and drawn.
pub mod E6 {}

/// E7a: lock: exchange AcqRel. Why AcqRel for the exchange of `lock` in `lock::acquire`?
///
/// ```text
/// if self.word.compare_exchange(FREE, mine, AcqRel, Relaxed).is_ok() {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::acquire`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [E8]; [E7c] |
/// | carries | the previous owner's work; our claim |
/// | acquire | breaks S1: no torn payload: no data race on any slot: 17 steps |
/// | release | breaks S1: no torn payload: no data race on any slot: 8 steps |
/// | drop | breaks S1: no torn payload: no data race on any slot: 8 steps |
/// | split | breaks S1: no torn payload: no data race on any slot: 10 steps |
///
/// `docs/orderings/E7a.md` in the repository has the executions, step by step and drawn.
pub mod E7a {}

/// E7b: lock: exchange AcqRel. Why AcqRel for the exchange of `lock` in `lock::acquire`?
///
/// ```text
/// if self.word.compare_exchange(FREE, mine, AcqRel, Relaxed).is_ok() {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::acquire`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [E8]; [E7c] |
/// | carries | the previous owner's work; our claim |
///
/// **Not judged by the checkers**: spinning: the checkers do not spin.
///
/// `docs/orderings/E7b.md` in the repository has the executions, step by step and drawn.
pub mod E7b {}

/// E7c: lock: load Acquire. Why Acquire for the load of `lock` in `lock::acquire`?
///
/// ```text
/// let mut seen = self.word.load(Acquire);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::acquire`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [E7a], [E7b], [E7d], [E7e], [E7f] |
/// | carries | the claim of the owner that the word names |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 14 steps |
///
/// `docs/orderings/E7c.md` in the repository has the executions, step by step and drawn.
pub mod E7c {}

/// E7d: lock: exchange AcqRel. Why AcqRel for the exchange of `lock` in `lock::acquire`?
///
/// ```text
/// if self.word.compare_exchange(seen, mine | CONTENDED, AcqRel, Relaxed).is_ok() {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::acquire`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [E8]; [E7c] |
/// | carries | the previous owner's work; our claim |
/// | acquire | breaks S1: no torn payload: no data race on any slot: 28 steps |
/// | release | breaks S1: no torn payload: no data race on any slot: 22 steps |
/// | drop | breaks S1: no torn payload: no data race on any slot: 22 steps |
/// | split | breaks S1: no torn payload: no data race on any slot: 24 steps |
///
/// `docs/orderings/E7d.md` in the repository has the executions, step by step and drawn.
pub mod E7d {}

/// E7e: lock: exchange AcqRel. Why AcqRel for the exchange of `lock` in `lock::acquire`?
///
/// ```text
/// if self.word.compare_exchange(seen, mine | CONTENDED, AcqRel, Relaxed).is_ok() {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::acquire`](../../../../src/ackcast/lock.rs.html) |
/// | partner | a death, by [K2]; [E7c] |
/// | carries | the dead owner's work; our claim |
/// | acquire | breaks S1: no torn payload: no data race on any slot: 17 steps |
/// | release | would do: what the dead owner did happens before `is_alive`'s answer, by the layer's contract |
/// | drop | breaks S1: no torn payload: no data race on any slot: 14 steps |
/// | split | breaks S1: no torn payload: no data race on any slot: 15 steps |
///
/// `docs/orderings/E7e.md` in the repository has the executions, step by step and drawn.
pub mod E7e {}

/// E7f: lock: exchange AcqRel. Why AcqRel for the exchange of `lock` in `lock::inherit`?
///
/// ```text
/// if self.word.compare_exchange(seen, held_by(me) | CONTENDED, AcqRel, Relaxed).is_ok() {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::inherit`](../../../../src/ackcast/lock.rs.html) |
/// | partner | a death, by [K1]; [E7c] |
/// | carries | the dead predecessor's work; our claim |
/// | acquire | breaks S1: no torn payload: no data race on any slot: 14 steps |
/// | release | would do: what the dead predecessor did happens before the claim of its number, by the layer's contract |
/// | drop | breaks S1: no torn payload: no data race on any slot: 14 steps |
/// | split | breaks S1: no torn payload: no data race on any slot: 15 steps |
///
/// `docs/orderings/E7f.md` in the repository has the executions, step by step and drawn.
pub mod E7f {}

/// E8: lock: swap Release. Why Release for the swap of `lock` in `lock::release`?
///
/// ```text
/// let was = self.word.swap(FREE, Release);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::release`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [E7a], [E7b], [E7d] |
/// | carries | the owner's work |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 8 steps |
/// | drop | breaks L1: no deadlock, no lost wake-up: 10 steps |
/// | split | breaks L1: no deadlock, no lost wake-up: 11 steps |
///
/// `docs/orderings/E8.md` in the repository has the executions, step by step and drawn.
pub mod E8 {}

/// E9: state: store Release. Why Release for the store of `state` in `registry::take_consumer_entry`?
///
/// ```text
/// entry.state.store(state.word(), Release);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [E6] |
/// | carries | the acknowledgement with JOINING, and for [K3] the claim |
/// | relaxed | breaks L1: no deadlock, no lost wake-up: 20 steps |
/// | drop | breaks S1: no torn payload: no data race on any slot: 13 steps |
///
/// `docs/orderings/E9.md` in the repository has the executions, step by step and drawn.
pub mod E9 {}

/// E10: state: store Release. Why Release for the store of `state` in `registry::vacate_producer_entry`?
///
/// ```text
/// entry.state.store(vacant.word(), Release);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::vacate_producer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [E11] |
/// | carries | all messages of the producer |
/// | relaxed | breaks C2: a producer dying at any step leaves each message wholly delivered to all or to none, and the channel usable: 21 steps |
/// | drop | breaks L1: no deadlock, no lost wake-up: 24 steps |
///
/// `docs/orderings/E10.md` in the repository has the executions, step by step and drawn.
pub mod E10 {}

/// E11: state: load Acquire. Why Acquire for the load of `state` in `registry::attached_producers`?
///
/// ```text
/// let state = EntryState::from_word(entry.state.load(Acquire));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::attached_producers`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [E10] |
/// | carries | all messages of the producer |
/// | relaxed | breaks C2: a producer dying at any step leaves each message wholly delivered to all or to none, and the channel usable: 21 steps |
///
/// `docs/orderings/E11.md` in the repository has the executions, step by step and drawn.
pub mod E11 {}

/// E12: acked: load Acquire. Why Acquire for the load of `acked` in `progress::progress_of`?
///
/// ```text
/// let acked = Acknowledged::from_word(entry.acked.0.load(Acquire));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`progress::progress_of`](../../../../src/ackcast/protocol/progress.rs.html) |
/// | partner | [E3a], [E3b], [E3c] |
/// | carries | what these carry |
/// | relaxed | breaks S1: no torn payload: no data race on any slot: 21 steps |
///
/// `docs/orderings/E12.md` in the repository has the executions, step by step and drawn.
pub mod E12 {}

/// F1: heavy fence SeqCst. Why has `signal::announce` a heavy fence SeqCst?
///
/// ```text
/// layer.heavy_fence(SeqCst);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::announce`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [F2] |
/// | carries | the waiter's poll sees what the notifier wrote before [F2], or [F3] reads PARKED |
/// | acqrel | breaks L1: no deadlock, no lost wake-up: 8 steps |
/// | drop | breaks L1: no deadlock, no lost wake-up: 7 steps |
/// | lighten | breaks L1: no deadlock, no lost wake-up: 8 steps |
///
/// `docs/orderings/F1.md` in the repository has the executions, step by step and drawn.
pub mod F1 {}

/// F2: light fence SeqCst. Why has `signal::notify_all` a light fence SeqCst?
///
/// ```text
/// layer.light_fence(SeqCst);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::notify_all`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [F1], [J] |
/// | carries | the waiter's poll sees what the notifier wrote before [F2], or [F3] reads PARKED |
/// | acqrel | breaks L1: no deadlock, no lost wake-up: 8 steps |
/// | drop | breaks L1: no deadlock, no lost wake-up: 7 steps |
///
/// `docs/orderings/F2.md` in the repository has the executions, step by step and drawn.
pub mod F2 {}

/// F3: signal: load Relaxed. Why is Relaxed enough for the load of `signal` in `signal::notify_all`?
///
/// ```text
/// let seen = signal.state.load(Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::notify_all`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [R2], [R1], [H9], [H10] |
/// | carries | whether the waiter sleeps; ordered by [F2] |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/F3.md` in the repository has the executions, step by step and drawn.
pub mod F3 {}

/// F4: light fence SeqCst. Why has `progress::attached` a light fence SeqCst?
///
/// ```text
/// self.layer.light_fence(SeqCst);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`progress::attached`](../../../../src/ackcast/protocol/progress.rs.html) |
/// | partner | [J] |
/// | carries | a state reads ACTIVE, or the joiner's start counts what was read |
/// | acqrel | breaks S2: every consumer gets every message from its join to its end, once, in the one total order: 22 steps |
/// | drop | breaks S2: every consumer gets every message from its join to its end, once, in the one total order: 21 steps |
///
/// `docs/orderings/F4.md` in the repository has the executions, step by step and drawn.
pub mod F4 {}

/// J: heavy fence SeqCst. Why has `registry::take_consumer_entry` a heavy fence SeqCst?
///
/// ```text
/// self.layer.heavy_fence(SeqCst);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [N], [F4] |
/// | carries | the writer reads ACTIVE, or the joiner its publication |
/// | acqrel | breaks S2: every consumer gets every message from its join to its end, once, in the one total order: 22 steps |
/// | drop | breaks S2: every consumer gets every message from its join to its end, once, in the one total order: 21 steps |
/// | lighten | breaks S2: every consumer gets every message from its join to its end, once, in the one total order: 22 steps |
///
/// `docs/orderings/J.md` in the repository has the executions, step by step and drawn.
pub mod J {}

/// N: notify_all. Why does `producer::notify` call `notify_all`?
///
/// ```text
/// L::Signal::notify_all(&self.channel.layer, attached.map(|entry| &entry.data));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`producer::notify`](../../../../src/ackcast/protocol/producer.rs.html) |
/// | partner | [J] |
/// | carries | the writer reads ACTIVE, or the joiner its publication: the fence is [F2], after [E1] |
/// | drop | breaks L1: no deadlock, no lost wake-up: 13 steps |
///
/// `docs/orderings/N.md` in the repository has the executions, step by step and drawn.
pub mod N {}

/// R1: signal: exchange Release. Why Release for the exchange of `signal` in `signal::notify_parked`?
///
/// ```text
/// match self.state.compare_exchange(seen, NOTIFIED, Release, Relaxed) {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::notify_parked`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [R2] |
/// | carries | what the notifier wrote |
/// | relaxed | breaks L1: no deadlock, no lost wake-up: 13 steps |
/// | drop | breaks what the scenario asserts: 0 steps |
/// | split | breaks L1: no deadlock, no lost wake-up: 9 steps |
///
/// `docs/orderings/R1.md` in the repository has the executions, step by step and drawn.
pub mod R1 {}

/// R2: signal: swap Acquire. Why Acquire for the swap of `signal` in `signal::announce`?
///
/// ```text
/// if self.state.swap(PARKED, Acquire) == EMPTY {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::announce`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [R1] |
/// | carries | what the notifier wrote |
/// | relaxed | breaks L1: no deadlock, no lost wake-up: 13 steps |
/// | drop | breaks L1: no deadlock, no lost wake-up: 60 steps |
/// | split | breaks L1: no deadlock, no lost wake-up: 9 steps |
///
/// `docs/orderings/R2.md` in the repository has the executions, step by step and drawn.
pub mod R2 {}

/// R3: lock: exchange Relaxed. Why is Relaxed enough for the exchange of `lock` in `lock::acquire`?
///
/// ```text
/// if self.word.compare_exchange(seen, waited, Relaxed, Relaxed).is_err() {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::acquire`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [E8] |
/// | carries | the owner shall wake a thread |
/// | drop | breaks L1: no deadlock, no lost wake-up: 60 steps |
/// | split | breaks L1: no deadlock, no lost wake-up: 11 steps |
///
/// `docs/orderings/R3.md` in the repository has the executions, step by step and drawn.
pub mod R3 {}

/// X1: published: load owned. Why needs the load of `published` in `producer::begin` no ordering?
///
/// ```text
/// let published = Published::from_word(self.channel.control().published.0.load_owned());
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`producer::begin`](../../../../src/ackcast/protocol/producer.rs.html) |
/// | partner | [E1], by the lock |
/// | carries | the last publication |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/X1.md` in the repository has the executions, step by step and drawn.
pub mod X1 {}

/// X2: finished: load owned. Why needs the load of `finished` in `producer::finish` no ordering?
///
/// ```text
/// let finished = channel.control().finished.load_owned().saturating_add(1);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`producer::finish`](../../../../src/ackcast/protocol/producer.rs.html) |
/// | partner | [X3] |
/// | carries | the count |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/X2.md` in the repository has the executions, step by step and drawn.
pub mod X2 {}

/// X3: finished: store Relaxed. Why is Relaxed enough for the store of `finished` in `producer::finish`?
///
/// ```text
/// guard.producer.channel.control().finished.store(finished, Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`producer::finish`](../../../../src/ackcast/protocol/producer.rs.html) |
/// | partner | [X2] |
/// | carries | the count, by the lock |
/// | drop | breaks L1: no deadlock, no lost wake-up: 35 steps |
///
/// `docs/orderings/X3.md` in the repository has the executions, step by step and drawn.
pub mod X3 {}

/// X4: takeovers: load owned. Why needs the load of `takeovers` in `producer::recover` no ordering?
///
/// ```text
/// let count = takeovers.load_owned();
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`producer::recover`](../../../../src/ackcast/protocol/producer.rs.html) |
/// | partner | [X5] |
/// | carries | the count |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/X4.md` in the repository has the executions, step by step and drawn.
pub mod X4 {}

/// X5: takeovers: store Relaxed. Why is Relaxed enough for the store of `takeovers` in `producer::recover`?
///
/// ```text
/// takeovers.store(count.wrapping_add(1), Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`producer::recover`](../../../../src/ackcast/protocol/producer.rs.html) |
/// | partner | [X4] |
/// | carries | the count, by the lock |
/// | drop | breaks: the outcome `[[32], [227], [1]]` is not reached any more |
///
/// `docs/orderings/X5.md` in the repository has the executions, step by step and drawn.
pub mod X5 {}

/// X6: evicted: load owned. Why needs the load of `evicted` in `registry::evict` no ordering?
///
/// ```text
/// let count = evicted.load_owned();
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::evict`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [X7] |
/// | carries | the count |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/X6.md` in the repository has the executions, step by step and drawn.
pub mod X6 {}

/// X7: evicted: store Relaxed. Why is Relaxed enough for the store of `evicted` in `registry::evict`?
///
/// ```text
/// evicted.store(count.wrapping_add(1), Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::evict`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [X6] |
/// | carries | the count, by the lock |
/// | drop | breaks C1: a consumer dying at any step harms no other participant: 37 steps |
///
/// `docs/orderings/X7.md` in the repository has the executions, step by step and drawn.
pub mod X7 {}

/// X8: generation: load owned. Why needs the load of `generation` in `registry::take_consumer_entry` no ordering?
///
/// ```text
/// let generation = entry.generation.load_owned();
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [X9] |
/// | carries | the last occupant's generation |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/X8.md` in the repository has the executions, step by step and drawn.
pub mod X8 {}

/// X9: generation: store Relaxed. Why is Relaxed enough for the store of `generation` in `registry::take_consumer_entry`?
///
/// ```text
/// entry.generation.store(state.generation, Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [X8] |
/// | carries | the last occupant's generation, by [K1] |
/// | drop | breaks what the scenario asserts: 24 steps |
///
/// `docs/orderings/X9.md` in the repository has the executions, step by step and drawn.
pub mod X9 {}

/// X10: state: load owned. Why needs the load of `state` in `registry::take_producer_entry` no ordering?
///
/// ```text
/// let state = EntryState::from_word(entry.state.load_owned()).next();
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_producer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [X11] |
/// | carries | the last occupant's generation |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/X10.md` in the repository has the executions, step by step and drawn.
pub mod X10 {}

/// X11: state: store Relaxed. Why is Relaxed enough for the store of `state` in `registry::take_producer_entry`?
///
/// ```text
/// entry.state.store(state.word(), Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_producer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [X10] |
/// | carries | the last occupant's generation, by [K1] |
/// | drop | breaks L1: no deadlock, no lost wake-up: 16 steps |
///
/// `docs/orderings/X11.md` in the repository has the executions, step by step and drawn.
pub mod X11 {}

/// X12: state: exchange Relaxed. Why is Relaxed enough for the exchange of `state` in `registry::evict`?
///
/// ```text
/// let vacated = entry.state.compare_exchange(dead.word(), dead.vacated().word(), Relaxed, Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::evict`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [E9] |
/// | carries | the value has the generation, so no successor's entry matches; the lock carries [K3]'s death to the next writer |
/// | drop | breaks C1: a consumer dying at any step harms no other participant: 37 steps |
/// | split | breaks S1: no torn payload: no data race on any slot: 50 steps |
///
/// `docs/orderings/X12.md` in the repository has the executions, step by step and drawn.
pub mod X12 {}

/// H1: lock: load Relaxed. Why is Relaxed enough for the load of `lock` in `lock::acquire`?
///
/// ```text
/// if self.word.load(Relaxed) != FREE {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::acquire`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [E7b] |
/// | carries | a guess |
///
/// **Not judged by the checkers**: spinning: the checkers do not spin.
///
/// `docs/orderings/H1.md` in the repository has the executions, step by step and drawn.
pub mod H1 {}

/// H2: lock: load Relaxed. Why is Relaxed enough for the load of `lock` in `lock::inherit`?
///
/// ```text
/// let seen = self.word.load(Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::inherit`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [E7f] |
/// | carries | exact for our number, by [K1] |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H2.md` in the repository has the executions, step by step and drawn.
pub mod H2 {}

/// H3: evicted: load Relaxed. Why is Relaxed enough for the load of `evicted` in `observe::evicted`?
///
/// ```text
/// self.control.evicted.load(Relaxed)
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`observe::evicted`](../../../../src/ackcast/protocol/observe.rs.html) |
/// | partner | none |
/// | carries | a statistic |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H3.md` in the repository has the executions, step by step and drawn.
pub mod H3 {}

/// H4: takeovers: load Relaxed. Why is Relaxed enough for the load of `takeovers` in `observe::takeovers`?
///
/// ```text
/// self.control.takeovers.load(Relaxed)
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`observe::takeovers`](../../../../src/ackcast/protocol/observe.rs.html) |
/// | partner | none |
/// | carries | a statistic |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H4.md` in the repository has the executions, step by step and drawn.
pub mod H4 {}

/// H5a: state: load Relaxed. Why is Relaxed enough for the load of `state` in `observe::consumers`?
///
/// ```text
/// (number, EntryState::from_word(entry.state.load(Relaxed)))
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`observe::consumers`](../../../../src/ackcast/protocol/observe.rs.html) |
/// | partner | none |
/// | carries | a snapshot |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H5a.md` in the repository has the executions, step by step and drawn.
pub mod H5a {}

/// H5b: acked: load Relaxed. Why is Relaxed enough for the load of `acked` in `observe::acknowledged`?
///
/// ```text
/// Some(Acknowledged::from_word(entry.acked.0.load(Relaxed)))
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`observe::acknowledged`](../../../../src/ackcast/protocol/observe.rs.html) |
/// | partner | none |
/// | carries | a snapshot |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H5b.md` in the repository has the executions, step by step and drawn.
pub mod H5b {}

/// H6: state: load Relaxed. Why is Relaxed enough for the load of `state` in `producer::notify`?
///
/// ```text
/// EntryState::from_word(entry.state.load(Relaxed)).active
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`producer::notify`](../../../../src/ackcast/protocol/producer.rs.html) |
/// | partner | [E9] |
/// | carries | which consumers may wait; ordered by [F2] against [J] |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H6.md` in the repository has the executions, step by step and drawn.
pub mod H6 {}

/// H7: state: load Relaxed. Why is Relaxed enough for the load of `state` in `registry::lost_producers`?
///
/// ```text
/// let last = EntryState::from_word(entry.state.load(Relaxed));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::lost_producers`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [X11], [E10] |
/// | carries | the last state, or a successor's; after [K5] |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H7.md` in the repository has the executions, step by step and drawn.
pub mod H7 {}

/// H8: signal: load Relaxed. Why is Relaxed enough for the load of `signal` in `signal::stay_awake`?
///
/// ```text
/// if self.state.load(Relaxed) != EMPTY {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::stay_awake`](../../../../src/ackcast/signal.rs.html) |
/// | partner | none |
/// | carries | whether [H9] is needed |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H8.md` in the repository has the executions, step by step and drawn.
pub mod H8 {}

/// H9: signal: store Relaxed. Why is Relaxed enough for the store of `signal` in `signal::stay_awake`?
///
/// ```text
/// self.state.store(EMPTY, Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::stay_awake`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [F3] |
/// | carries | the waiter does not sleep |
/// | drop | breaks L1: no deadlock, no lost wake-up: 8 steps |
///
/// `docs/orderings/H9.md` in the repository has the executions, step by step and drawn.
pub mod H9 {}

/// H10: signal: store Relaxed. Why is Relaxed enough for the store of `signal` in `signal::reset`?
///
/// ```text
/// self.state.store(EMPTY, Relaxed);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::reset`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [R2], [R1], [F3] |
/// | carries | the next waiter makes a fence |
/// | drop | breaks L1: no deadlock, no lost wake-up: 8 steps |
///
/// `docs/orderings/H10.md` in the repository has the executions, step by step and drawn.
pub mod H10 {}

/// H11: published: load Relaxed. Why is Relaxed enough for the load of `published` in `observe::published`?
///
/// ```text
/// Published::from_word(self.control.published.0.load(Relaxed))
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`observe::published`](../../../../src/ackcast/protocol/observe.rs.html) |
/// | partner | none |
/// | carries | a snapshot |
///
/// **Not judged by the checkers**: an observer's load: no participant makes it, and it changes nothing.
///
/// `docs/orderings/H11.md` in the repository has the executions, step by step and drawn.
pub mod H11 {}

/// H12: finished: load Relaxed. Why is Relaxed enough for the load of `finished` in `observe::finished`?
///
/// ```text
/// self.control.finished.load(Relaxed)
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`observe::finished`](../../../../src/ackcast/protocol/observe.rs.html) |
/// | partner | none |
/// | carries | a statistic |
///
/// **Not judged by the checkers**: an observer's load: no participant makes it, and it changes nothing.
///
/// `docs/orderings/H12.md` in the repository has the executions, step by step and drawn.
pub mod H12 {}

/// H13: state: load Relaxed. Why is Relaxed enough for the load of `state` in `observe::producers`?
///
/// ```text
/// (number, EntryState::from_word(entry.state.load(Relaxed)))
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`observe::producers`](../../../../src/ackcast/protocol/observe.rs.html) |
/// | partner | none |
/// | carries | a snapshot |
///
/// **Not judged by the checkers**: an observer's load: no participant makes it, and it changes nothing.
///
/// `docs/orderings/H13.md` in the repository has the executions, step by step and drawn.
pub mod H13 {}

/// H14: lock: load Relaxed. Why is Relaxed enough for the load of `lock` in `lock::owner`?
///
/// ```text
/// owner(self.word.load(Relaxed))
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::owner`](../../../../src/ackcast/lock.rs.html) |
/// | partner | none |
/// | carries | a statistic |
///
/// **Not judged by the checkers**: an observer's load: no participant makes it, and it changes nothing.
///
/// `docs/orderings/H14.md` in the repository has the executions, step by step and drawn.
pub mod H14 {}

/// H15: signal: load Relaxed. Why is Relaxed enough for the load of `signal` in `signal::is_parked`?
///
/// ```text
/// Some(self.state.load(Relaxed) == PARKED)
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::is_parked`](../../../../src/ackcast/signal.rs.html) |
/// | partner | none |
/// | carries | a statistic |
///
/// **Not judged by the checkers**: an observer's load: no participant makes it, and it changes nothing.
///
/// `docs/orderings/H15.md` in the repository has the executions, step by step and drawn.
pub mod H15 {}

/// H16: signal: load Relaxed. Why is Relaxed enough for the load of `signal` in `signal::await_told`?
///
/// ```text
/// if self.state.load(Relaxed) != PARKED {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::await_told`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [R1], [H9] |
/// | carries | whether the waiter is to poll again |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H16.md` in the repository has the executions, step by step and drawn.
pub mod H16 {}

/// H17: state: load Relaxed. Why is Relaxed enough for the load of `state` in `progress::progress_of`?
///
/// ```text
/// let state = EntryState::from_word(entry.state.load(Relaxed));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`progress::progress_of`](../../../../src/ackcast/protocol/progress.rs.html) |
/// | partner | [E9], [E5] |
/// | carries | whose acknowledgement [E12] has read |
///
/// **As weak as it can be**: a relaxed access has no weaker form.
///
/// `docs/orderings/H17.md` in the repository has the executions, step by step and drawn.
pub mod H17 {}

/// D1: slot: write. What orders the write of `slot` in `free_slot::new`?
///
/// ```text
/// let writing = unsafe { channel.storage.write(position.slot) };
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`free_slot::new`](../../../../src/ackcast/protocol/producer/free_slot.rs.html) |
/// | partner | [E1] |
/// | carries | the message; after [E7a] to [E7f] and [E4], [E6] or [K3] |
///
/// **No ordering of its own**: plain memory. Each missing edge shows as a data race here.
///
/// `docs/orderings/D1.md` in the repository has the executions, step by step and drawn.
pub mod D1 {}

/// D2: slot: read. What orders the read of `slot` in `free_slot::copy_previous`?
///
/// ```text
/// let reading = unsafe { channel.storage.read(from) };
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`free_slot::copy_previous`](../../../../src/ackcast/protocol/producer/free_slot.rs.html) |
/// | partner | [E7a] to [E7f] |
/// | carries | the previous message |
///
/// **No ordering of its own**: plain memory. Each missing edge shows as a data race here.
///
/// `docs/orderings/D2.md` in the repository has the executions, step by step and drawn.
pub mod D2 {}

/// D3: slot: write. What orders the write of `slot` in `prepared::extend`?
///
/// ```text
/// let mut writing = unsafe { channel.storage.write(slot) };
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`prepared::extend`](../../../../src/ackcast/protocol/producer/prepared.rs.html) |
/// | partner | [E1] |
/// | carries | the message; after [E7a] to [E7f] and [E4], [E6] or [K3] |
///
/// **No ordering of its own**: plain memory. Each missing edge shows as a data race here.
///
/// `docs/orderings/D3.md` in the repository has the executions, step by step and drawn.
pub mod D3 {}

/// D4: slot: read. What orders the read of `slot` in `consumer::open`?
///
/// ```text
/// unsafe { self.channel.storage.read(slot) }
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`consumer::open`](../../../../src/ackcast/protocol/consumer.rs.html) |
/// | partner | [E2a] |
/// | carries | the message; before [E3a] or [E5] |
///
/// **No ordering of its own**: plain memory. Each missing edge shows as a data race here.
///
/// `docs/orderings/D4.md` in the repository has the executions, step by step and drawn.
pub mod D4 {}

/// K1: claim. Why does `registry::claim_first_free` call `claim`?
///
/// ```text
/// if self.layer.claim(number)? {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::claim_first_free`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [K6], [K7] or a death |
/// | carries | everything the last claimant did |
///
/// **No ordering of its own**: the kernel's knowledge. The layer's contract is what it carries.
///
/// `docs/orderings/K1.md` in the repository has the executions, step by step and drawn.
pub mod K1 {}

/// K2: is_alive. Why does `lock::acquire` call `is_alive`?
///
/// ```text
/// if check && !layer.is_alive(other).map_err(LockError::Liveness)? {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::acquire`](../../../../src/ackcast/lock.rs.html) |
/// | partner | a death, [K7] |
/// | carries | everything the dead owner did |
///
/// **No ordering of its own**: the kernel's knowledge. The layer's contract is what it carries.
///
/// `docs/orderings/K2.md` in the repository has the executions, step by step and drawn.
pub mod K2 {}

/// K3: is_alive. Why does `await_room::is_consumer_alive` call `is_alive`?
///
/// ```text
/// let answer = self.channel.layer.is_alive(consumer);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`await_room::is_consumer_alive`](../../../../src/ackcast/protocol/producer/await_room.rs.html) |
/// | partner | a death, [K6] |
/// | carries | everything the dead consumer did |
///
/// **No ordering of its own**: the kernel's knowledge. The layer's contract is what it carries.
///
/// `docs/orderings/K3.md` in the repository has the executions, step by step and drawn.
pub mod K3 {}

/// K4: is_alive. Why does `registry::another_producer_lives` call `is_alive`?
///
/// ```text
/// if number != me.number && self.layer.is_alive(number)? {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::another_producer_lives`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | a death, [K7] |
/// | carries | everything the dead producer did |
///
/// **No ordering of its own**: the kernel's knowledge. The layer's contract is what it carries.
///
/// `docs/orderings/K4.md` in the repository has the executions, step by step and drawn.
pub mod K4 {}

/// K5: is_alive. Why does `registry::lost_producers` call `is_alive`?
///
/// ```text
/// if self.layer.is_alive(number)? {
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::lost_producers`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | a death, [K7] |
/// | carries | everything the dead producer did |
///
/// **No ordering of its own**: the kernel's knowledge. The layer's contract is what it carries.
///
/// `docs/orderings/K5.md` in the repository has the executions, step by step and drawn.
pub mod K5 {}

/// K6: release. Why does `registry::leave_consumer_entry` call `release`?
///
/// ```text
/// self.layer.release(me.number);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::leave_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [K1] |
/// | carries | everything the consumer did |
///
/// **No ordering of its own**: the kernel's knowledge. The layer's contract is what it carries.
///
/// `docs/orderings/K6.md` in the repository has the executions, step by step and drawn.
pub mod K6 {}

/// K7: release. Why does `producer::drop` call `release`?
///
/// ```text
/// self.channel.layer.release(self.participant().number);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`producer::drop`](../../../../src/ackcast/protocol/producer.rs.html) |
/// | partner | [K1] |
/// | carries | everything the producer did |
///
/// **No ordering of its own**: the kernel's knowledge. The layer's contract is what it carries.
///
/// `docs/orderings/K7.md` in the repository has the executions, step by step and drawn.
pub mod K7 {}

/// K8: is_alive. Why does `progress::is_alive` call `is_alive`?
///
/// ```text
/// self.layer.is_alive(number)
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`progress::is_alive`](../../../../src/ackcast/protocol/progress.rs.html) |
/// | partner | a death, [K6], [K7] |
/// | carries | everything the participant did |
///
/// **No ordering of its own**: the kernel's knowledge. The layer's contract is what it carries.
///
/// `docs/orderings/K8.md` in the repository has the executions, step by step and drawn.
pub mod K8 {}

/// P1: park. Why does `lock::acquire` call `park`?
///
/// ```text
/// let parked = layer.park(&self.word, seen, timer.sleep_until());
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::acquire`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [P2] |
/// | carries | none |
///
/// **No mutant**: by contract it may return early, or its steps have pages of their own.
///
/// `docs/orderings/P1.md` in the repository has the executions, step by step and drawn.
pub mod P1 {}

/// P2: wake. Why does `lock::release` call `wake`?
///
/// ```text
/// layer.wake(&self.word);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`lock::release`](../../../../src/ackcast/lock.rs.html) |
/// | partner | [P1] |
/// | carries | none |
/// | drop | breaks L1: no deadlock, no lost wake-up: 10 steps |
///
/// `docs/orderings/P2.md` in the repository has the executions, step by step and drawn.
pub mod P2 {}

/// P3: park. Why does `signal::sleep` call `park`?
///
/// ```text
/// layer.park(&self.state, PARKED, until)
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::sleep`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [P4] |
/// | carries | none |
///
/// **No mutant**: by contract it may return early, or its steps have pages of their own.
///
/// `docs/orderings/P3.md` in the repository has the executions, step by step and drawn.
pub mod P3 {}

/// P4: wake. Why does `signal::notify_parked` call `wake`?
///
/// ```text
/// return layer.wake(&self.state);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::notify_parked`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [P3] |
/// | carries | none |
/// | drop | breaks L1: no deadlock, no lost wake-up: 8 steps |
///
/// `docs/orderings/P4.md` in the repository has the executions, step by step and drawn.
pub mod P4 {}

/// P5: wake. Why does `signal::end_ask` call `wake`?
///
/// ```text
/// layer.wake(&self.state);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`signal::end_ask`](../../../../src/ackcast/signal.rs.html) |
/// | partner | [P3] |
/// | carries | none |
/// | drop | breaks L1: no deadlock, no lost wake-up: 8 steps |
///
/// `docs/orderings/P5.md` in the repository has the executions, step by step and drawn.
pub mod P5 {}

/// C1: acquire. Why does `write_lock::acquire` call `acquire`?
///
/// ```text
/// let acquired = lock.acquire(layer, self.me, deadline)?;
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`write_lock::acquire`](../../../../src/ackcast/protocol/producer/write_lock.rs.html) |
/// | partner | none |
/// | carries | calls [E7a] to [E7e] |
/// | skip | breaks S1: no torn payload: no data race on any slot: 9 steps |
///
/// `docs/orderings/C1.md` in the repository has the executions, step by step and drawn.
pub mod C1 {}

/// C2: inherit. Why does `write_lock::inherit` call `inherit`?
///
/// ```text
/// self.held = lock.inherit(layer, self.me);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`write_lock::inherit`](../../../../src/ackcast/protocol/producer/write_lock.rs.html) |
/// | partner | none |
/// | carries | calls [E7f] |
/// | skip | breaks L1: no deadlock, no lost wake-up: 14 steps |
///
/// `docs/orderings/C2.md` in the repository has the executions, step by step and drawn.
pub mod C2 {}

/// C3: release. Why does `write_lock::release` call `release`?
///
/// ```text
/// lock.release(layer, self.me);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`write_lock::release`](../../../../src/ackcast/protocol/producer/write_lock.rs.html) |
/// | partner | none |
/// | carries | calls [E8] |
/// | drop | breaks L1: no deadlock, no lost wake-up: 13 steps |
///
/// `docs/orderings/C3.md` in the repository has the executions, step by step and drawn.
pub mod C3 {}

/// C4: wait. Why does `consumer::await_next` call `wait`?
///
/// ```text
/// Waiting::Sleep(deadline) => entry.data.wait(&self.channel.layer, deadline, poll),
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`consumer::await_next`](../../../../src/ackcast/protocol/consumer.rs.html) |
/// | partner | [N] |
/// | carries | calls [R2] and [F1] |
///
/// **No mutant**: by contract it may return early, or its steps have pages of their own.
///
/// `docs/orderings/C4.md` in the repository has the executions, step by step and drawn.
pub mod C4 {}

/// C5: wait. Why does `await_room::await_room` call `wait`?
///
/// ```text
/// let found = self.channel.control().space.0.wait(&self.channel.layer, deadline, poll);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`await_room::await_room`](../../../../src/ackcast/protocol/producer/await_room.rs.html) |
/// | partner | [C6], [C7], [C8] |
/// | carries | calls [R2] and [F1] |
///
/// **No mutant**: by contract it may return early, or its steps have pages of their own.
///
/// `docs/orderings/C5.md` in the repository has the executions, step by step and drawn.
pub mod C5 {}

/// C6: notify_all. Why does `consumer::acknowledge` call `notify_all`?
///
/// ```text
/// L::Signal::notify_all(&self.channel.layer, core::iter::once(space));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`consumer::acknowledge`](../../../../src/ackcast/protocol/consumer.rs.html) |
/// | partner | [C5] |
/// | carries | calls [F2], [F3] and [R1] |
/// | drop | breaks L1: no deadlock, no lost wake-up: 33 steps |
///
/// `docs/orderings/C6.md` in the repository has the executions, step by step and drawn.
pub mod C6 {}

/// C7: notify_all. Why does `registry::take_consumer_entry` call `notify_all`?
///
/// ```text
/// L::Signal::notify_all(&self.layer, once(&self.control().space.0));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [C5] |
/// | carries | calls [F2], [F3] and [R1] |
/// | drop | breaks L1: no deadlock, no lost wake-up: 26 steps |
///
/// `docs/orderings/C7.md` in the repository has the executions, step by step and drawn.
pub mod C7 {}

/// C8: notify_all. Why does `registry::leave_consumer_entry` call `notify_all`?
///
/// ```text
/// L::Signal::notify_all(&self.layer, once(&self.control().space.0));
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::leave_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | [C5] |
/// | carries | calls [F2], [F3] and [R1] |
/// | drop | breaks L1: no deadlock, no lost wake-up: 30 steps |
///
/// `docs/orderings/C8.md` in the repository has the executions, step by step and drawn.
pub mod C8 {}

/// C9: reset. Why does `producer::recover` call `reset`?
///
/// ```text
/// space.0.reset(&self.channel.layer);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`producer::recover`](../../../../src/ackcast/protocol/producer.rs.html) |
/// | partner | none |
/// | carries | calls [H10] |
///
/// **Not judged by the checkers**: no step of its own: H10, which it calls, is the step.
///
/// `docs/orderings/C9.md` in the repository has the executions, step by step and drawn.
pub mod C9 {}

/// C10: reset. Why does `registry::take_consumer_entry` call `reset`?
///
/// ```text
/// entry.data.reset(&self.layer);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`registry::take_consumer_entry`](../../../../src/ackcast/protocol/registry.rs.html) |
/// | partner | none |
/// | carries | calls [H10] |
///
/// **Not judged by the checkers**: no step of its own: H10, which it calls, is the step.
///
/// `docs/orderings/C10.md` in the repository has the executions, step by step and drawn.
pub mod C10 {}

/// C11: ask. Why does `consumer::await_next` call `ask`?
///
/// ```text
/// Waiting::Ask => entry.data.ask(&self.channel.layer, poll),
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`consumer::await_next`](../../../../src/ackcast/protocol/consumer.rs.html) |
/// | partner | [N] |
/// | carries | calls [R2] and [F1] |
///
/// **No mutant**: by contract it may return early, or its steps have pages of their own.
///
/// `docs/orderings/C11.md` in the repository has the executions, step by step and drawn.
pub mod C11 {}

/// C12: await_told. Why does `mod::await_told` call `await_told`?
///
/// ```text
/// entry.data.await_told(&self.layer, || !matches!(self.lost_producers(), Ok(None)))
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`mod::await_told`](../../../../src/ackcast/protocol/mod.rs.html) |
/// | partner | [C11] |
/// | carries | calls [P3] |
///
/// **No mutant**: by contract it may return early, or its steps have pages of their own.
///
/// `docs/orderings/C12.md` in the repository has the executions, step by step and drawn.
pub mod C12 {}

/// C13: end_ask. Why does `consumer::end_ask` call `end_ask`?
///
/// ```text
/// entry.data.end_ask(&self.channel.layer);
/// ```
///
/// | | |
/// | --- | --- |
/// | site | [`consumer::end_ask`](../../../../src/ackcast/protocol/consumer.rs.html) |
/// | partner | [C12] |
/// | carries | calls [H8], [H9] and [P5] |
/// | drop | breaks L1: no deadlock, no lost wake-up: 6 steps |
///
/// `docs/orderings/C13.md` in the repository has the executions, step by step and drawn.
pub mod C13 {}
