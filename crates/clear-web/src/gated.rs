//! A connection's stream with the gate in front of every write.
//!
//! INVARIANT (no byte after the acknowledgement): bytes reach the kernel in [`Gated::poll_write`] and nowhere else; it
//! holds the connection's pass for exactly one write that cannot block. An order takes the pass, marks the connection
//! shut and resets the socket, so that what the kernel had not sent is discarded too.

use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use clear_respond::{Connection, Desk};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The most that one pass writes, bytes.
const WRITE_MAX: usize = 64 * 1024;

/// A stream that the gate knows.
pub(crate) struct Gated {
    desk: Arc<Desk>,
    stream: Arc<TcpStream>,
    connection: Arc<Connection>,
}

impl Gated {
    /// Registers an accepted stream with the desk's gate.
    pub(crate) fn enter(desk: Arc<Desk>, stream: Arc<TcpStream>) -> Gated {
        // Weak: the gate's list must not keep a socket open that its connection has let go.
        let socket = Arc::downgrade(&stream);
        let connection = desk.gate().enter(Box::new(move || {
            if let Some(stream) = socket.upgrade() {
                reset(&stream);
            }
        }));
        Gated { desk, stream, connection }
    }

    /// The connection, as the gate knows it.
    pub(crate) fn connection(&self) -> Arc<Connection> {
        self.connection.clone()
    }
}

/// Ends a connection at once; unsent bytes in the kernel are discarded.
fn reset(stream: &TcpStream) {
    if let Err(error) = SockRef::from(stream).set_linger(Some(Duration::ZERO)) {
        tracing::warn!("cannot set linger on a connection that an order ends: {error}");
    }
    // Linux purges the send queue and sends RST. The stream's task wakes, reads an error, and drops the connection.
    if rustix::net::connect_unspec(stream).is_err() {
        // Elsewhere the socket is shut, its task wakes and drops it, and closing with linger 0 sends RST.
        let _ = SockRef::from(stream).shutdown(Shutdown::Both);
    }
}

impl Drop for Gated {
    fn drop(&mut self) {
        // Shut, and its task was quicker than the order's reset: a plain close would still send what the kernel has.
        if self.connection.is_shut() {
            reset(&self.stream);
        }
        self.desk.gate().leave(&self.connection);
    }
}

impl AsyncRead for Gated {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            match self.stream.try_read(buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Gated {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let Some(pass) = self.connection.pass() else {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            };
            let written = self.stream.try_write(bytes.get(..WRITE_MAX).unwrap_or(bytes));
            // Nothing was handed over where it failed; otherwise the pass is given back with what was.
            if let Ok(count) = &written {
                pass.wrote(*count);
            }
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.stream).shutdown(Shutdown::Write))
    }
}
