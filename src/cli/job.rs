//! What the parent tells a child, by its command line.

use super::options::Kind;
use clap::{Args, ValueEnum};
use std::fmt;
use std::time::Duration;

/// Which process of the demo this is, and what it has to do.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct Job {
    /// Its part.
    #[command(flatten)]
    pub(crate) id: ChildId,
    /// The work that all processes of the demo share.
    #[command(flatten)]
    pub(crate) plan: Plan,
    /// The channel that the messages go through.
    #[arg(long)]
    pub(crate) channel: String,
    /// The channel that the reports go through.
    #[arg(long)]
    pub(crate) reports: String,
    /// The process that started us, without which we have nothing to do.
    #[arg(long)]
    pub(crate) parent: u32,
    /// The pause after each message.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub(crate) delay: Duration,
    /// Print nothing.
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// One of the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Args)]
pub(crate) struct ChildId {
    /// What it does.
    #[arg(long)]
    pub(crate) role: Role,
    /// Its number among those who do the same, from 1.
    #[arg(long)]
    pub(crate) number: u32,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Role {
    Producer,
    Consumer,
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Role::Producer => write!(f, "producer {}", self.number),
            Role::Consumer => write!(f, "consumer {}", self.number),
        }
    }
}

/// What all processes of a demo have to agree on, so that each message can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub(crate) struct Plan {
    /// What is sent.
    #[arg(long)]
    pub(crate) kind: Kind,
    /// Makes the messages of one run differ from those of another.
    #[arg(long)]
    pub(crate) seed: u64,
    /// How many messages, in all.
    #[arg(long)]
    pub(crate) messages: u64,
    /// How many producers.
    #[arg(long)]
    pub(crate) producers: u32,
    /// The longest message.
    #[arg(long)]
    pub(crate) slot_size: u32,
}

impl Plan {
    /// How many messages a producer sends: of all messages, numbered from 0, those with the number
    /// `producer - 1` modulo the number of producers.
    pub(crate) fn share(&self, producer: u32) -> u64 {
        let (all, producers) = (self.messages, u64::from(self.producers));
        all / producers + u64::from(u64::from(producer) <= all % producers)
    }
}

impl Job {
    /// The arguments that make `ackcast` do this job.
    pub(crate) fn to_args(&self) -> Vec<String> {
        let Self { id, plan, channel, reports, parent, delay, quiet } = self;
        let role = match id.role {
            Role::Producer => "producer",
            Role::Consumer => "consumer",
        };
        let kind = match plan.kind {
            Kind::Strings => "strings",
            Kind::Array => "array",
        };
        let mut args = vec![
            "demo-child".to_owned(),
            format!("--role={role}"),
            format!("--number={}", id.number),
            format!("--kind={kind}"),
            format!("--seed={}", plan.seed),
            format!("--messages={}", plan.messages),
            format!("--producers={}", plan.producers),
            format!("--slot-size={}", plan.slot_size),
            format!("--channel={channel}"),
            format!("--reports={reports}"),
            format!("--parent={parent}"),
            format!("--delay={}", humantime::format_duration(*delay)),
        ];
        args.extend(quiet.then(|| "--quiet".to_owned()));
        args
    }
}

/// Jobs that differ in every field.
#[cfg(test)]
pub(crate) fn examples() -> [Job; 2] {
    let job = |role, kind, n: u32, quiet| Job {
        id: ChildId { role, number: n },
        plan: Plan { kind, seed: u64::MAX / u64::from(n), messages: 10, producers: n + 1, slot_size: 1024 },
        channel: format!("demo-{n}"),
        reports: format!("demo-{n}-reports"),
        parent: n + 2,
        delay: Duration::new(u64::from(n) << 32, 1_002_003),
        quiet,
    };
    [job(Role::Producer, Kind::Strings, 1, false), job(Role::Consumer, Kind::Array, 64, true)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for producers in 1..=64 {
            for messages in 10..140 {
                let plan = Plan { kind: Kind::Strings, seed: 0, messages, producers, slot_size: 40 };
                assert_eq!((1..=producers).map(|p| plan.share(p)).sum::<u64>(), messages);
            }
        }
    }
}
