//! Runs futures whose code blocks between its waits: on the calling thread, or on blocking threads
//! that are given back while the future waits.

use parking_lot::Mutex;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// A boxed future, as methods of trait objects return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end on the calling thread, which parks while the future waits.
pub fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Runs a future on blocking threads of the current runtime: it may block while it runs, and holds
/// no thread while it waits. It runs to its end even if the returned future is dropped, so that a
/// client that hangs up stops nothing halfway.
///
/// # Errors
/// [`Stopped`] when the future panics.
pub async fn run_blocking<F>(future: F) -> Result<F::Output, Stopped>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let (done, ended) = oneshot::channel();
    let future = Box::pin(async move { drop(done.send(future.await)) });
    let turn = Mutex::new(Turn::Waiting(future));
    Arc::new(Task { runtime: Handle::current(), turn }).wake();
    ended.await.map_err(|_| Stopped)
}

/// The future panicked, or its runtime ended first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the task panicked, or the program is stopping")]
pub struct Stopped;

/// A future that is polled on a blocking thread whenever it is woken. Whoever wakes it starts that
/// thread, without a task between them.
struct Task {
    runtime: Handle,
    turn: Mutex<Turn>,
}

enum Turn {
    /// The future waits to be woken.
    Waiting(BoxFuture<'static, ()>),
    /// A thread polls it.
    Polled,
    /// A thread polls it, and it was woken meanwhile.
    PolledAndWoken,
    Ended,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let mut turn = self.turn.lock();
        match std::mem::replace(&mut *turn, Turn::Polled) {
            Turn::Waiting(future) => {
                drop(turn);
                let runtime = self.runtime.clone();
                drop(runtime.spawn_blocking(move || self.poll(future)));
            }
            Turn::Polled | Turn::PolledAndWoken => *turn = Turn::PolledAndWoken,
            Turn::Ended => *turn = Turn::Ended,
        }
    }
}

impl Task {
    fn poll(self: Arc<Self>, mut future: BoxFuture<'static, ()>) {
        let waker = Waker::from(Arc::clone(&self));
        let mut context = Context::from_waker(&waker);
        loop {
            let polled = future.as_mut().poll(&mut context);
            let mut turn = self.turn.lock();
            *turn = match (polled, &*turn) {
                (Poll::Ready(()), _) => Turn::Ended,
                (Poll::Pending, Turn::PolledAndWoken) => {
                    *turn = Turn::Polled;
                    continue;
                }
                (Poll::Pending, _) => Turn::Waiting(future),
            };
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::runtime::Builder;

    #[test]
    fn many_that_wait_hold_no_thread() {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let ended = runtime.block_on(async {
            let barrier = Arc::new(tokio::sync::Barrier::new(50));
            // Each waits for all others: with a thread held, the second would never begin.
            let all = (0..50).map(|number| {
                let barrier = Arc::clone(&barrier);
                run_blocking(async move {
                    thread::sleep(Duration::from_millis(1));
                    barrier.wait().await;
                    number
                })
            });
            let all: Vec<_> = all.map(tokio::spawn).collect();
            let mut sum = 0;
            for one in all {
                sum += one.await.expect("spawned").expect("no panic");
            }
            sum
        });
        assert_eq!(ended, 49 * 50 / 2);
    }

    #[test]
    fn it_runs_to_its_end_though_nobody_waits_for_it() {
        let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (done, ended) = tokio::sync::oneshot::channel();
            let (go, gone) = tokio::sync::oneshot::channel::<()>();
            let work = run_blocking(async move {
                let _ = gone.await;
                let _ = done.send(7);
            });
            let dropped = tokio::time::timeout(Duration::from_millis(20), work).await;
            assert!(dropped.is_err(), "it waits");
            let _ = go.send(());
            assert_eq!(ended.await, Ok(7));
        });
    }

    #[test]
    fn a_panic_is_an_error() {
        let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let ended = runtime.block_on(run_blocking(async { panic!("it breaks") }));
        assert_eq!(ended, Err::<(), _>(Stopped));
    }
}
