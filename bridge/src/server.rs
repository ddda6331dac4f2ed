//! The connection to the NATS server.

use crate::failure::Failure;
use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::watch;
use tracing::{info, warn};

/// How long an answer may take. After it the question is asked again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause before a connection or a request is tried again.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);
/// Room for headers beside a message, in bytes.
const HEADERS: usize = 1024;

/// The options of the connection.
#[derive(Args, Clone, Debug, Default)]
pub struct Server {
    /// The file with the credentials of a user (JWT and seed)
    #[arg(long, value_name = "FILE")]
    creds: Option<PathBuf>,

    /// The file with the seed of an NKey
    #[arg(long, value_name = "FILE", conflicts_with = "creds")]
    nkey: Option<PathBuf>,

    /// The user's name; the password is in --password-file
    #[arg(long, requires = "password_file", conflicts_with_all = ["creds", "nkey"])]
    user: Option<String>,

    /// The file with the user's password
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,

    /// A PEM file with certificate authorities to trust; the connection must be TLS
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,

    /// A PEM file with this client's certificate
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// A PEM file with the key of this client's certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Require TLS, also for a nats:// address
    #[arg(long)]
    tls: bool,
}

/// A connection that is made again whenever it is lost.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) context: jetstream::Context,
    /// Changes whenever the connection is lost or made.
    pub(crate) changes: watch::Receiver<u64>,
}

impl Server {
    fn options(&self, name: &str, changed: watch::Sender<u64>) -> Result<ConnectOptions, Failure> {
        let file =
            |path: &PathBuf| std::fs::read_to_string(path).map_err(|error| Failure::File { path: path.clone(), error });
        let mut options = ConnectOptions::new().name(name).request_timeout(Some(REQUEST_TIMEOUT)).max_reconnects(None);
        if let Some(path) = &self.creds {
            let credentials = file(path)?;
            options = options.credentials(&credentials).map_err(|error| Failure::File { path: path.clone(), error })?;
        }
        if let Some(path) = &self.nkey {
            options = options.nkey(file(path)?.trim().to_owned());
        }
        if let (Some(user), Some(path)) = (&self.user, &self.password_file) {
            options = options.user_and_password(user.clone(), file(path)?.trim_end_matches('\n').to_owned());
        }
        if let Some(path) = &self.tls_ca {
            options = options.add_root_certificates(path.clone());
        }
        if let (Some(cert), Some(key)) = (&self.tls_cert, &self.tls_key) {
            options = options.add_client_certificate(cert.clone(), key.clone());
        }
        let tls = self.tls || self.tls_ca.is_some() || self.tls_cert.is_some();
        let options = options.require_tls(tls).reconnect_delay_callback(|attempts| match attempts {
            0 | 1 => Duration::ZERO,
            _ => PAUSE,
        });
        Ok(options.event_callback(move |event| {
            match &event {
                Event::Connected => info!("connected to the server"),
                Event::Disconnected => warn!("the connection to the server was lost"),
                event => warn!(%event, "the server's client tells"),
            }
            let is_change = match event {
                Event::Disconnected => true,
                Event::Connected => *changed.borrow() > 0, // not the first connection
                _ => false,
            };
            if is_change {
                changed.send_modify(|changes| *changes += 1);
            }
            std::future::ready(())
        }))
    }

    /// Connects. Tries again while the server cannot be reached.
    pub(crate) async fn connect(&self, url: &str, name: &str) -> Result<Connection, Failure> {
        let (changed, changes) = watch::channel(0);
        let mut told = false;
        let client = loop {
            match self.options(name, changed.clone())?.connect(url).await {
                Ok(client) => break client,
                Err(error) if matches!(error.kind(), ConnectErrorKind::Io | ConnectErrorKind::TimedOut) => {
                    if !std::mem::replace(&mut told, true) {
                        warn!(%error, "waits for the server");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(Failure::Connect { url: url.to_owned(), error }),
            }
        };
        let context = ContextBuilder::new().timeout(REQUEST_TIMEOUT).build(client.clone());
        Ok(Connection { client, context, changes })
    }
}

impl Connection {
    /// Refuses slots that the server's messages cannot hold.
    pub(crate) fn check_slot_size(&self, slot_size: u32) -> Result<(), Failure> {
        let max = self.client.server_info().max_payload;
        match slot_size as usize + HEADERS <= max {
            true => Ok(()),
            false => Err(Failure::TooLarge { slot_size, max: max.saturating_sub(HEADERS) }),
        }
    }

    /// Makes a request until it is answered. A lost connection ends an attempt at once.
    ///
    /// # Errors
    /// The first error for which `is_final` holds.
    pub(crate) async fn retry<T, E: std::fmt::Display>(
        &self,
        action: &str,
        mut attempt: impl AsyncFnMut() -> Result<T, E>,
        is_final: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        let mut told = false;
        loop {
            let mut changes = self.changes.clone();
            changes.borrow_and_update();
            let done = tokio::select! {
                done = attempt() => done,
                _ = changes.changed() => continue,
            };
            match done {
                Err(error) if !is_final(&error) => {
                    if !std::mem::replace(&mut told, true) {
                        warn!(%error, "tries again: {action}");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }
}
