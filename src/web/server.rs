//! Accepts connections: how many, from whom, how slow they may be, and how they end.

use crate::app::rate_limit::network;
use crate::config::TrustedProxies;
use crate::web::timed_stream::TimedStream;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::Service as _;

/// The longest head of a request: nothing is known of its sender yet.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What clients may take of the server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
    /// Connections at once from one address, or one /64 of IPv6; further ones are closed. Loopback
    /// and trusted proxies are not counted.
    pub per_address: usize,
    /// The proxies that many clients share.
    pub proxies: TrustedProxies,
    /// The time for a request's head, from its first byte.
    pub head: Duration,
    /// The time that a connection may be idle between requests.
    pub idle: Duration,
    /// The time that requests in flight get to end when the server stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            per_address: 256,
            proxies: TrustedProxies::default(),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            grace: Duration::from_secs(25),
        }
    }
}

impl Limits {
    /// At most as many connections as half of the files that the process may open, after raising
    /// that limit as far as the system allows.
    #[must_use]
    pub fn within_open_files(mut self) -> Self {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let now = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: now.maximum, maximum: now.maximum };
        // A refusal leaves the limit as it was.
        let _ = setrlimit(Resource::Nofile, raised);
        if let Some(files) = getrlimit(Resource::Nofile).current {
            let half = usize::try_from(files / 2).unwrap_or(usize::MAX);
            self.connections = self.connections.min(half.max(1));
        }
        self
    }
}

/// Serves until `stop` ends, then lets requests in flight end for the grace period.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let addresses = Addresses::default();
    let mut stop = pin!(stop);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.expect("it is never closed"),
            () = &mut stop => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let ip = peer.ip().to_canonical();
        let is_counted = !ip.is_loopback() && !limits.proxies.contains(ip);
        let counted = is_counted.then(|| addresses.enter(network(ip), limits.per_address));
        if matches!(counted, Some(None)) {
            tracing::debug!(%ip, "too many connections from one address");
            continue;
        }
        let connection = connection(stream, peer, app.clone(), &limits);
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // Errors are the client's: it hung up, or was too slow.
            let _ = watched.await;
            drop((place, counted));
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end within {} s", limits.grace.as_secs());
    }
}

/// Waits for the next connection; when the process has no file left, until it has one.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are written at once.
                let _ = stream.set_nodelay(true);
                return (stream, peer);
            }
            Err(error) => {
                tracing::warn!("a connection could not be accepted: {error}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    limits: &Limits,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send + use<> {
    let stream = TimedStream::new(stream, limits.head, limits.idle);
    let progress = stream.progress();
    let service = service_fn(move |request: Request<Incoming>| {
        progress.request_began();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().call(request);
        let progress = Arc::clone(&progress);
        async move {
            let answer = answer.await;
            progress.response_began();
            answer
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
}

/// How many connections each address has.
#[derive(Debug, Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

impl Addresses {
    /// Counts a connection until the returned value is dropped; `None` when the address has `most`.
    fn enter(&self, ip: IpAddr, most: usize) -> Option<Counted> {
        let mut counts = self.0.lock();
        let count = counts.entry(ip).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Counted { addresses: self.clone(), ip })
    }
}

struct Counted {
    addresses: Addresses,
    ip: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.addresses.0.lock();
        if let Some(count) = counts.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.ip);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_others_are_not_concerned() {
        let addresses = Addresses::default();
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|ip| ip.parse().expect("an address"));
        let held = [addresses.enter(one, 2), addresses.enter(one, 2)];
        assert!(held.iter().all(Option::is_some) && addresses.enter(one, 2).is_none());
        assert!(addresses.enter(other, 2).is_some());
        drop(held);
        assert!(addresses.enter(one, 2).is_some());
        assert_eq!(addresses.0.lock().len(), 0, "nothing is kept of who left");
    }
}
