//! Bridges beside a real server on loopback: `NATS_SERVER`, or `nats-server` in PATH. Without one they are skipped.

mod deaths;
mod lessons;
mod plain;
mod support;
