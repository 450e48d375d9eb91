//! A connection that ends when its client is too slow: with the head of a request, or between two.
//!
//! A body has a deadline of its own, where it is read (`web/body.rs`).

use parking_lot::Mutex;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The first byte of the next request, since then.
    Idle(Instant),
    /// The rest of a request's head, since its first byte.
    Head(Instant),
    /// The host itself.
    Handled,
}

/// How far a connection is. The stream and the service both report it.
#[derive(Debug)]
pub struct Progress(Mutex<Phase>);

impl Progress {
    /// The head of a request is complete.
    pub fn request_began(&self) {
        *self.0.lock() = Phase::Handled;
    }

    /// The request is answered; what is still written has the idle time at most.
    pub fn response_began(&self) {
        *self.0.lock() = Phase::Idle(Instant::now());
    }
}

/// A TCP stream with deadlines for reading.
pub struct TimedStream {
    stream: TcpStream,
    head: Duration,
    idle: Duration,
    progress: Arc<Progress>,
    sleep: Pin<Box<Sleep>>,
}

impl TimedStream {
    /// A new connection. Its first request has the time of a head.
    pub fn new(stream: TcpStream, head: Duration, idle: Duration) -> Self {
        let now = Instant::now();
        let progress = Arc::new(Progress(Mutex::new(Phase::Head(now))));
        Self { stream, head, idle, progress, sleep: Box::pin(tokio::time::sleep_until(now + head)) }
    }

    /// The connection's progress, for the service to report to.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    fn deadline(&self) -> Option<Instant> {
        match *self.progress.0.lock() {
            Phase::Idle(since) => Some(since + self.idle),
            Phase::Head(since) => Some(since + self.head),
            Phase::Handled => None,
        }
    }

    fn bytes_came(&self) {
        let mut phase = self.progress.0.lock();
        if matches!(*phase, Phase::Idle(_)) {
            *phase = Phase::Head(Instant::now());
        }
    }

    fn bytes_went(&self) {
        let mut phase = self.progress.0.lock();
        if let Phase::Idle(since) = &mut *phase {
            *since = Instant::now();
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, buffer) {
            if buffer.filled().len() > before {
                self.bytes_came();
            }
            return Poll::Ready(read);
        }
        let Some(deadline) = self.deadline() else { return Poll::Pending };
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        ready!(self.sleep.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        self.bytes_went();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, bytes));
        self.bytes_went();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
