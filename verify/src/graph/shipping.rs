//! The shipping text.

use super::{explore, search::Rules};
use crate::{config::ModelConfig, case, check::Case, explore::Explored, fixture::Shape, scenarios::{flow::*, survivors::*}};

fn run(what: &str, body: fn(&Case), shape: Shape, config: ModelConfig, deaths: u8, victims: u16) {
    let case = case!(end_is_last, "", shape, config);
    let found = explore(&|| body(&case), Rules { deaths, victims, ..Rules::default() });
    let rate = (found.counts.complete + found.counts.blocked) as f64 / found.time.as_secs_f64();
    println!("{what} {shape} [{config}] {deaths} deaths: {:?} {:.2?} {:.0}/s {} outcomes, {:?}", found.counts, found.time, rate, found.outcomes.len(), found.failure);
}

#[test]
fn graph_by_hand() {
    let Ok(wanted) = std::env::var("ACKCAST_GRAPH") else { return };
    let numbers: Vec<u32> = wanted.split_whitespace().map(|number| number.parse().expect("numbers")).collect();
    let &[kind, config, p, c, m, s, deaths, victims] = &numbers[..] else { panic!("eight numbers") };
    let body = [end_is_last::<Explored>, consumer_gets_every_message::<Explored>, survivors_agree::<Explored>][kind as usize];
    let config = [ModelConfig::ASSUME, ModelConfig::ASSUME_FENCED, ModelConfig::WORD_LOCK, ModelConfig::PARK_SIGNAL, ModelConfig::PARK_STACK][config as usize];
    run(["end", "flow", "survivors"][kind as usize], body, Shape::new(p, c, m, s), config, deaths as u8, victims as u16);
}
