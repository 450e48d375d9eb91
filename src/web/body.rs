//! Reads bodies: of a limited length, in a limited time, fast enough, in limited memory together.

use crate::app::rate_limit::network;
use crate::web::error::HttpError;
use crate::web::platform_request::header_text;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::request::Parts;
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

/// The time for a whole body.
const TIME_MAX: Duration = Duration::from_secs(30);
/// A body may pause this long, in all, ...
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// ... beside the time that it takes at this rate: who sends slower only holds memory.
const BYTES_PER_SECOND_MIN: usize = 1024;
/// The memory of all bodies that are being received, in KiB: nothing is known of their senders yet.
const RECEIVED_KIB_MAX: usize = 64 * 1024;
/// What one address may take of it.
const SHARE_KIB_MAX: usize = 8 * 1024;

static RECEIVED: Pool = Pool::new(RECEIVED_KIB_MAX, SHARE_KIB_MAX);

/// Memory for bodies, with a share for each address.
struct Pool {
    free_kib: Semaphore,
    share_kib: usize,
    taken_kib: Mutex<BTreeMap<IpAddr, usize>>,
}

impl Pool {
    const fn new(kib: usize, share_kib: usize) -> Self {
        let taken_kib = Mutex::new(BTreeMap::new());
        Self { free_kib: Semaphore::const_new(kib), share_kib, taken_kib }
    }
}

/// The memory that one body has taken.
struct Taken {
    pool: &'static Pool,
    /// Whose share it is; `None` for a sender without a share of its own.
    of: Option<IpAddr>,
    bytes: usize,
    permit: SemaphorePermit<'static>,
}

impl Taken {
    fn none(pool: &'static Pool, of: Option<IpAddr>) -> Self {
        let permit = pool.free_kib.try_acquire_many(0).expect("nothing can always be taken");
        Self { pool, of, bytes: 0, permit }
    }

    /// Takes memory for `bytes` more.
    fn add(&mut self, bytes: usize) -> Result<(), HttpError> {
        self.bytes += bytes;
        let more = self.bytes.div_ceil(1024) - self.permit.num_permits();
        if let Some(of) = self.of {
            let mut taken_kib = self.pool.taken_kib.lock();
            let taken = taken_kib.get(&of).copied().unwrap_or_default();
            if taken + more > self.pool.share_kib {
                let message = "Too much is being received from your address at once.";
                return Err(HttpError::too_many(message, Duration::from_secs(1)));
            }
            taken_kib.insert(of, taken + more);
        }
        let count = u32::try_from(more).unwrap_or(u32::MAX);
        let Ok(permit) = self.pool.free_kib.try_acquire_many(count) else {
            self.give_back(more);
            let message = "Too much is being received at once. Please try again.";
            return Err(HttpError::new(StatusCode::SERVICE_UNAVAILABLE, message));
        };
        self.permit.merge(permit);
        Ok(())
    }

    fn give_back(&self, kib: usize) {
        let Some(of) = self.of else { return };
        let mut taken_kib = self.pool.taken_kib.lock();
        if let Some(taken) = taken_kib.get_mut(&of) {
            *taken -= kib;
            if *taken == 0 {
                taken_kib.remove(&of);
            }
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.give_back(self.permit.num_permits());
    }
}

/// The head, and a body of at most `limit` bytes from `client`.
///
/// # Errors
/// 413 for a longer body, 408 for a slow one, 400 for one that breaks off, 429 or 503 when too much
/// is being received from the client's address or in all.
pub async fn read(
    request: Request,
    client: IpAddr,
    limit: usize,
) -> Result<(Parts, Bytes), HttpError> {
    let (head, body) = request.into_parts();
    let announced =
        header_text(&head.headers, "content-length").and_then(|l| l.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_long(limit));
    }
    // An unnamed proxy on this machine has all visitors behind it.
    let of = (!client.is_loopback()).then(|| network(client));
    let bytes = collect(body, limit, Taken::none(&RECEIVED, of)).await?;
    Ok((head, bytes))
}

/// How long `bytes` of a body may take.
fn time_for(bytes: usize) -> Duration {
    let millis = u64::try_from(bytes * 1000 / BYTES_PER_SECOND_MIN).unwrap_or(u64::MAX);
    TIME_MAX.min(PAUSE_MAX.saturating_add(Duration::from_millis(millis)))
}

fn too_slow(allowed: Duration) -> HttpError {
    let message = match allowed {
        TIME_MAX => format!("The body was not received within {} seconds.", TIME_MAX.as_secs()),
        _ => format!("The body came at less than {BYTES_PER_SECOND_MIN} bytes a second."),
    };
    HttpError::new(StatusCode::REQUEST_TIMEOUT, message)
}

fn too_long(limit: usize) -> HttpError {
    let message = format!("The body is longer than {limit} bytes.");
    HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

async fn collect(mut body: Body, limit: usize, mut taken: Taken) -> Result<Bytes, HttpError> {
    let mut first = Bytes::new();
    let mut whole: Vec<u8> = Vec::new();
    let (begun, mut last) = (Instant::now(), Instant::now());
    loop {
        let allowed = time_for(taken.bytes);
        // What came quickly does not pay for a long pause.
        let until = (begun + allowed).min(last + PAUSE_MAX);
        let frame = timeout_at(until, body.frame()).await;
        last = Instant::now();
        let Some(frame) = frame.map_err(|_| too_slow(allowed))? else { break };
        let frame = frame.map_err(|_| HttpError::bad("The body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        taken.add(data.len())?;
        if taken.bytes > limit {
            return Err(too_long(limit));
        }
        // Most bodies come in one piece, which is not copied.
        if first.is_empty() && whole.is_empty() {
            first = data;
            continue;
        }
        whole.extend_from_slice(&std::mem::take(&mut first));
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { first } else { Bytes::from(whole) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::HttpBody;
    use hyper::body::Frame;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::runtime::Builder;

    /// A body that comes in these pieces.
    struct Pieces(std::vec::IntoIter<&'static str>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(Bytes::from(piece)))))
        }
    }

    #[test]
    fn pieces_are_joined_within_the_limit_and_the_memory() {
        static POOL: Pool = Pool::new(2, 1);
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let collected_of = |pieces: Vec<&'static str>, limit, of| {
            let body = Body::new(Pieces(pieces.into_iter()));
            let collected = collect(body, limit, Taken::none(&POOL, of));
            runtime.block_on(collected).map_err(|error| error.status)
        };
        let collected = |pieces, limit| collected_of(pieces, limit, None);
        assert_eq!(collected(vec![], 10), Ok(Bytes::new()));
        assert_eq!(collected(vec!["", "abc"], 10), Ok(Bytes::from("abc")));
        assert_eq!(collected(vec!["a", "b", "", "c"], 3), Ok(Bytes::from("abc")));
        assert_eq!(collected(vec!["ab", "cd"], 3), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(collected(vec!["x"; 2048], 9_999).map(|bytes| bytes.len()), Ok(2048));
        assert_eq!(collected(vec!["x"; 2049], 9_999), Err(StatusCode::SERVICE_UNAVAILABLE));
        let of = Some(IpAddr::from([192, 0, 2, 1]));
        let full = vec!["x"; 1025];
        assert_eq!(collected_of(vec!["x"; 1024], 9_999, of).map(|bytes| bytes.len()), Ok(1024));
        assert_eq!(collected_of(full, 9_999, of), Err(StatusCode::TOO_MANY_REQUESTS));
        assert_eq!(POOL.free_kib.available_permits(), 2, "all of it was given back");
        assert!(POOL.taken_kib.lock().is_empty());
    }
}
