//! Messages per second and latency of a bridged channel, beside NATS JetStream alone, in one run.
//!
//! ```console
//! $ NATS_SERVER=... cargo run --release --example throughput
//! ```
//!
//! Alone means: a process that publishes with acknowledgements, up to 4096 in flight, and a process that consumes with
//! an acknowledgement of each message. Bridged means: a producer, `out`, `in` and a reader. Each measurement has a
//! server of its own, with file storage on loopback. The measurements alternate, and the table has the medians.

use ackcast::{Channel, Consumer, Producer};
use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy};
use futures_util::StreamExt;
use std::collections::VecDeque;
use std::error::Error;
use std::future::IntoFuture;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const ROUNDS: usize = 3;
const WINDOW: usize = 4096;
/// Messages of the latency measurement, and the pause between two.
const PINGS: u64 = 300;
const PAUSE: Duration = Duration::from_millis(2);
const SLOTS: u32 = 1024;

/// What is measured: messages of this size, so many.
#[derive(Clone, Copy, Debug)]
struct Load {
    size: usize,
    count: u64,
    is_paced: bool,
}

/// Nanoseconds since 1970: the same clock in each process.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
}

/// The time at which a message was sent.
fn sent(message: &[u8]) -> u64 {
    message.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

struct Server(Child, PathBuf, String);

impl Server {
    fn start() -> Result<Self> {
        let program = std::env::var_os("NATS_SERVER").unwrap_or_else(|| "nats-server".into());
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = std::env::temp_dir().join(format!("ackcast-throughput-{port}"));
        let mut command = Command::new(program);
        command.args(["-a", "127.0.0.1", "-js", "-p", &port.to_string(), "-sd"]).arg(&folder);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = Self(child, folder, format!("nats://127.0.0.1:{port}"));
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > end {
                return Err("the server does not listen".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = std::fs::remove_dir_all(&self.1);
    }
}

/// Publishes with acknowledgements.
async fn publish(url: &str, load: Load) -> Result<()> {
    let context = async_nats::jetstream::new(async_nats::connect(url).await?);
    let mut acks = VecDeque::new();
    println!("{}", now());
    for _ in 0..load.count {
        let mut message = vec![7; load.size];
        message[..8].copy_from_slice(&now().to_le_bytes());
        acks.push_back(context.publish("alone", message.into()).await?);
        if load.is_paced {
            tokio::time::sleep(PAUSE).await;
        }
        if acks.len() == WINDOW {
            acks.pop_front().ok_or("no answer")?.into_future().await?;
        }
    }
    for ack in acks {
        ack.into_future().await?;
    }
    Ok(())
}

/// Consumes with an acknowledgement of each message.
async fn consume(url: &str, load: Load) -> Result<()> {
    let context = async_nats::jetstream::new(async_nats::connect(url).await?);
    let stream = context.get_stream("alone").await?;
    let config = pull::Config {
        durable_name: Some("reader".to_owned()),
        ack_policy: AckPolicy::Explicit,
        max_ack_pending: WINDOW as i64,
        ..Default::default()
    };
    let consumer = stream.create_consumer(config).await?;
    let mut messages = consumer.stream().max_messages_per_batch(1000).max_bytes_per_batch(8 << 20).messages().await?;
    println!("ready");
    let mut latencies = Vec::new();
    for _ in 0..load.count {
        let message = messages.next().await.ok_or("no message")??;
        latencies.push(now() - sent(&message.payload));
        message.ack().await?;
    }
    println!("{} {}", now(), median(latencies));
    Ok(())
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// Messages per second, and the median latency in nanoseconds.
type Measured = (f64, u64);

fn alone(load: Load) -> Result<Measured> {
    use std::io::{BufRead, BufReader, Read};
    let server = Server::start()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let context = async_nats::jetstream::new(async_nats::connect(&server.2).await?);
        let discard = DiscardPolicy::New;
        let config = Config { name: "alone".into(), subjects: vec!["alone".into()], discard, ..Config::default() };
        context.create_stream(config).await?;
        Ok::<_, Box<dyn Error + Send + Sync>>(())
    })?;
    let part = |role: &str| {
        let numbers = [load.size as u64, load.count, u64::from(load.is_paced)].map(|number| number.to_string());
        let mut command = Command::new(std::env::current_exe()?);
        command.args([role, &server.2]).args(numbers).stdout(Stdio::piped()).spawn()
    };
    let mut consumer = part("consume")?;
    let mut output = BufReader::new(consumer.stdout.take().ok_or("no output")?);
    let mut line = String::new();
    output.read_line(&mut line)?; // it is ready
    let publisher = part("publish")?.wait_with_output()?;
    let start: u64 = String::from_utf8(publisher.stdout)?.trim().parse()?;
    line.clear();
    output.read_to_string(&mut line)?;
    consumer.wait()?;
    let (end, latency) = line.trim().split_once(' ').ok_or("no result")?;
    Ok((load.count as f64 * 1e9 / (end.parse::<u64>()? - start) as f64, latency.parse()?))
}

fn bridged(load: Load) -> Result<Measured> {
    let server = Server::start()?;
    let (from, to) =
        (format!("throughput-from-{}", std::process::id()), format!("throughput-to-{}", std::process::id()));
    let _channel = Channel::create(&from).slots(SLOTS).slot_size(load.size as u32).build()?;
    let mut producer = Producer::attach(&from)?;
    let example = std::env::current_exe()?;
    let program = example.parent().and_then(Path::parent).ok_or("no folder")?.join("ackcast-bridge");
    let max = (2_u64 << 30).to_string();
    let mut out =
        Command::new(&program).args(["out", &from, "--to", &server.2, "--stream", "S", "--max-bytes", &max]).spawn()?;
    let mut into = Command::new(&program).args(["in", &to, "--from", &server.2, "--stream", "S"]).spawn()?;
    let sender = thread::spawn(move || {
        let mut message = vec![7; load.size];
        // The first message waits for both bridges and for the reader: it is not measured.
        let mut start = 0;
        for number in 0..=load.count {
            message[..8].copy_from_slice(&now().to_le_bytes());
            producer.send(&message).map_err(|error| error.to_string())?;
            if number == 0 {
                thread::sleep(Duration::from_millis(500));
                start = now();
            }
            if load.is_paced {
                thread::sleep(PAUSE);
            }
        }
        producer.finish().map_err(|error| error.to_string())?;
        Ok::<_, String>(start)
    });
    let mut consumer = Consumer::wait_for(&to, Duration::from_secs(30))?;
    consumer.recv()?;
    let mut latencies = Vec::new();
    for _ in 0..load.count {
        let message = consumer.recv_ref()?;
        latencies.push(now() - sent(&message));
    }
    let end = now();
    assert!(consumer.recv().is_err(), "END");
    let start = sender.join().map_err(|_| "the producer has panicked")??;
    drop(consumer);
    out.wait()?;
    into.wait()?;
    Ok((load.count as f64 * 1e9 / (end - start) as f64, median(latencies)))
}

fn medians(measure: &mut [Measured]) -> Measured {
    let latency = median(measure.iter().map(|measured| measured.1).collect());
    measure.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    (measure[measure.len() / 2].0, latency)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, url, size, count, is_paced] = &arguments[..] {
        let load = Load { size: size.parse()?, count: count.parse()?, is_paced: is_paced == "1" };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return match role.as_str() {
            "publish" => runtime.block_on(publish(url, load)),
            _ => runtime.block_on(consume(url, load)),
        };
    }
    println!("| message | NATS alone | bridged | ratio | latency alone | latency bridged |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (size, count) in [(64, 100_000), (64 << 10, 5_000)] {
        let (mut one, mut other, mut pings, mut pings_bridged) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let load = Load { size, count, is_paced: false };
            one.push(alone(load)?);
            other.push(bridged(load)?);
            let load = Load { size, count: PINGS, is_paced: true };
            pings.push(alone(load)?);
            pings_bridged.push(bridged(load)?);
        }
        let (one, other) = (medians(&mut one).0, medians(&mut other).0);
        let [alone, bridged] = [pings, pings_bridged].map(|mut pings| medians(&mut pings).1 as f64 / 1e3);
        println!("| {size} B | {one:.0}/s | {other:.0}/s | {:.2} | {alone:.0} µs | {bridged:.0} µs |", other / one);
    }
    Ok(())
}
