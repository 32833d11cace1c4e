//! The accept loop: one task a connection, HTTP/1.1 and HTTP/2, with TLS (ALPN) or without (prior knowledge), each behind
//! the gate.

#![expect(clippy::disallowed_methods, reason = "flows: answers, public-pages")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clear_respond::{Connection, Desk};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::app::{self, App};
use crate::gated::Gated;
use crate::routes;
use crate::soda::rates::Rates;
use crate::tls::Tls;

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Config {
    /// The longest request body, bytes.
    pub body_max_bytes: usize,
    /// The longest request head, bytes.
    pub head_max_bytes: usize,
    /// How many connections at once; others wait.
    pub connections_max: usize,
    /// How long a connection may take for the head of its next request.
    pub head_timeout: Duration,
    /// How long a request may take for its body.
    pub body_timeout: Duration,
    /// How long open requests may take when the server ends.
    pub grace: Duration,
    /// Whether browsers reach this server by HTTPS only, as with `tls` or behind a proxy: cookies are then marked `Secure`.
    pub https: bool,
    /// The certificate; without one this server speaks plain HTTP.
    pub tls: Option<Tls>,
    /// The log's anchor and witnesses, for what is told about them.
    pub watch: clear_audit::Watch,
    /// Whom to call when nothing can be logged; without one, the register's legal contact.
    pub contact: Option<String>,
    /// How often one address may ask the open-data API.
    pub rates: Rates,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            body_max_bytes: 1 << 20,
            head_max_bytes: 32 << 10,
            connections_max: 4_096,
            head_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            grace: Duration::from_secs(5),
            https: false,
            tls: None,
            watch: clear_audit::Watch::default(),
            contact: None,
            rates: Rates::default(),
        }
    }
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address could not be listened on.
    #[error("cannot listen on {address}{}", hint(source))]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The pages could not be prepared.
    #[error("cannot prepare the reference page")]
    Reference(#[source] askama::Error),
    /// The metrics could not be prepared.
    #[error("cannot prepare the metrics")]
    Metrics(#[source] metrics_exporter_prometheus::BuildError),
}

fn hint(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::AddrInUse => {
            ": the port is in use by another process; choose another port or stop that one"
        }
        std::io::ErrorKind::PermissionDenied => ": this user may not listen on that port; choose one above 1023",
        std::io::ErrorKind::AddrNotAvailable => ": this machine does not have that address",
        _ => "",
    }
}

/// Raises this process's limit of open files to what the operator allows it, and gives that: each connection is one.
pub fn raise_open_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum || setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_err() {
        return current.unwrap_or(u64::MAX);
    }
    maximum.unwrap_or(u64::MAX)
}

/// Sees to it that this process leaves no core dump: its memory holds what the disk holds only sealed.
///
/// # Errors
/// When the system does not allow it.
pub fn no_core_dumps() -> std::io::Result<()> {
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

/// Opens the listening socket.
///
/// # Errors
/// [`Error::Listen`], with what to do about it.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// Serves until `shutdown` is ready, then lets open requests end within the configured grace.
///
/// # Errors
/// See [`Error`]; nothing is accepted then.
pub async fn serve(
    desk: Arc<Desk>,
    listener: TcpListener,
    mut config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    config.https |= config.tls.is_some();
    let slots = Arc::new(Semaphore::new(config.connections_max.max(1)));
    let grace = config.grace;
    let app = Arc::new(App::new(desk, config)?);
    let router = routes::router(app.clone());
    let (end, ending) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut upkeep = tokio::time::interval(Duration::from_secs(5));
    loop {
        while connections.try_join_next().is_some() {}
        // A slot is taken before a connection is: what is too much waits in the kernel's queue.
        let slot = tokio::select! {
            () = &mut shutdown => break,
            slot = slots.clone().acquire_owned() => slot,
        };
        let accepted = loop {
            tokio::select! {
                () = &mut shutdown => break None,
                accepted = listener.accept() => break Some(accepted),
                _ = upkeep.tick() => app.meter.upkeep(),
            }
        };
        match accepted {
            None => break,
            Some(Ok((stream, peer))) => {
                let connection = connection(app.clone(), router.clone(), stream, peer, ending.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Some(Err(error)) => {
                // Mostly "too many open files": taking a breath lets some of them close.
                tracing::warn!("cannot accept a connection: {error}");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    let _ = end.send(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(grace, all).await.is_err() {
        connections.shutdown().await;
    }
    Ok(())
}

/// One connection, as handlers know it.
pub(crate) struct Wire {
    /// The connection at the gate.
    pub(crate) connection: Arc<Connection>,
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// Says that this connection ends after what it is answering.
    close: Notify,
    /// The rest of a body that nobody reads is still coming.
    unread: AtomicBool,
    /// A whole request head has come in.
    pub(crate) spoken: AtomicBool,
}

impl Wire {
    /// Ends the connection after the answers that are under way, in HTTP/1.1 and in HTTP/2.
    pub(crate) fn close(&self) {
        self.close.notify_one();
    }

    /// Ends the connection although the rest of a body is still coming.
    pub(crate) fn close_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
        self.close();
    }
}

/// What the kernel may hold of a connection's answers without having sent it, bytes. A reader that does not read then
/// costs little, and little is left to be discarded when an order comes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_MAX: u32 = 64 * 1024;

async fn connection(
    app: Arc<App>,
    router: axum::Router,
    stream: TcpStream,
    peer: SocketAddr,
    ending: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_MAX);
    let stream = Arc::new(stream);
    let gated = Gated::enter(app.desk.clone(), stream.clone());
    let wire = Arc::new(Wire {
        connection: gated.connection(),
        peer,
        close: Notify::new(),
        unread: AtomicBool::new(false),
        spoken: AtomicBool::new(false),
    });
    match &app.config.tls {
        None => converse(&app, router, &wire, gated, ending).await,
        // The gate is beneath: what TLS writes goes through its passes like anything else.
        Some(Tls(tls)) => match timeout(app.config.head_timeout, tls.accept(gated)).await {
            Ok(Ok(stream)) => converse(&app, router, &wire, stream, ending).await,
            // Errors here are of the other end: no TLS, none of our versions, gone.
            Ok(Err(error)) => tracing::debug!("no TLS with {peer}: {error}"),
            Err(_) => {}
        },
    }
    if wire.unread.load(Ordering::Relaxed) {
        drain(&stream).await;
    }
}

/// Speaks HTTP until the connection ends.
async fn converse(
    app: &Arc<App>,
    router: axum::Router,
    wire: &Arc<Wire>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    mut ending: watch::Receiver<bool>,
) {
    let config = &app.config;
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(config.head_timeout)
        .max_buf_size(config.head_max_bytes.max(8192));
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_send_buf_size(128 * 1024)
        .max_header_list_size(u32::try_from(config.head_max_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(config.head_timeout)
        .keep_alive_timeout(config.head_timeout);
    let service = service_fn(|request| {
        let answer = app::handle(app.clone(), router.clone(), wire.clone(), request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut silence = pin!(sleep(config.head_timeout));
    let mut waiting = true;
    loop {
        tokio::select! {
            // Errors here are of the other end: gone, too slow, not HTTP.
            _ = serving.as_mut() => break,
            () = silence.as_mut(), if waiting => {
                waiting = false;
                if !wire.spoken.load(Ordering::Relaxed) {
                    break;
                }
            }
            () = wire.close.notified() => serving.as_mut().graceful_shutdown(),
            changed = ending.changed() => {
                if changed.is_err() || *ending.borrow() {
                    serving.as_mut().graceful_shutdown();
                    // Once is enough; the channel says nothing more.
                    let _ = timeout(config.grace, serving.as_mut()).await;
                    break;
                }
            }
        }
    }
}

/// Reads and drops what still comes, for a moment: closing a socket with unread bytes would destroy the refusal on its
/// way to the sender.
async fn drain(stream: &TcpStream) {
    let mut scratch = vec![0u8; 64 * 1024];
    let all = async {
        while stream.readable().await.is_ok() {
            match stream.try_read(&mut scratch) {
                Ok(0) => break,
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => break,
                _ => {}
            }
        }
    };
    let _ = timeout(Duration::from_secs(3), all).await;
}
