//! The job of a child process, which the parent passes by command line.

use super::options::Kind;
use clap::{Args, ValueEnum};
use std::fmt;
use std::time::Duration;

/// The job of a child process of the demo.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub(crate) struct Job {
    /// The identity of the process.
    #[command(flatten)]
    pub(crate) id: ChildId,
    /// The work that all processes of the demo share.
    #[command(flatten)]
    pub(crate) plan: Plan,
    /// The name of the channel for messages.
    #[arg(long)]
    pub(crate) channel: String,
    /// The name of the channel for reports.
    #[arg(long)]
    pub(crate) reports: String,
    /// The process number of the parent. The child ends with its parent.
    #[arg(long)]
    pub(crate) parent: u32,
    /// The pause after each message.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub(crate) delay: Duration,
    /// Print nothing.
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// The identity of a child process: its role, and its number within the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Args)]
pub(crate) struct ChildId {
    /// Producer or consumer.
    #[arg(long)]
    pub(crate) role: Role,
    /// The number among the processes of the same role, from 1.
    #[arg(long)]
    pub(crate) number: u32,
}

/// The role of a child process.
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

/// The work that all processes of a demo share. Consumers need it to check the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Args)]
pub(crate) struct Plan {
    /// The kind of the messages.
    #[arg(long)]
    pub(crate) kind: Kind,
    /// The seed of the random data. It differs between runs.
    #[arg(long)]
    pub(crate) seed: u64,
    /// The number of messages of all producers together.
    #[arg(long)]
    pub(crate) messages: u64,
    /// The number of producers.
    #[arg(long)]
    pub(crate) producers: u32,
    /// The length of the longest message, in bytes.
    #[arg(long)]
    pub(crate) slot_size: u32,
}

impl Plan {
    /// The number of messages that a producer sends. Messages are numbered from 0, producers from 1. Producer `p` sends
    /// the messages whose number is `p - 1` modulo the number of producers.
    pub(crate) fn share(&self, producer: u32) -> u64 {
        let (all, producers) = (self.messages, u64::from(self.producers));
        all / producers + u64::from(u64::from(producer) <= all % producers)
    }
}

impl Job {
    /// The arguments of `ackcast` for this job.
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

/// Two jobs that differ in every field.
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
    fn shares_add_up_to_all_messages() {
        for producers in 1..=64 {
            for messages in 10..140 {
                let plan = Plan { kind: Kind::Strings, seed: 0, messages, producers, slot_size: 40 };
                assert_eq!((1..=producers).map(|p| plan.share(p)).sum::<u64>(), messages);
            }
        }
    }
}
