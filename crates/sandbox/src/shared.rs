//! What handlers and delivery share: the state behind its mutex, and a signal for delivery.

use super::identifier;
use super::state::SandboxState;
use parking_lot::{Mutex, MutexGuard};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard, Notify};

/// Shared by every handler and task of one server.
#[derive(Debug)]
pub struct Shared {
    state: Mutex<SandboxState>,
    api_queue: AsyncMutex<()>,
    /// Notified when a delivery may be due.
    pub wake_delivery: Notify,
    /// Pauses between the attempts to deliver a webhook.
    pub webhook_backoff: Vec<Duration>,
    nonce: String,
    requests: AtomicU64,
}

impl Shared {
    /// Shares a state.
    pub fn new(state: SandboxState, webhook_backoff: Vec<Duration>) -> Self {
        Self {
            state: Mutex::new(state),
            api_queue: AsyncMutex::new(()),
            wake_delivery: Notify::new(),
            webhook_backoff,
            nonce: identifier::random_seed(),
            requests: AtomicU64::new(0),
        }
    }

    /// Waits for the turn of an API request. Requests queue here and not at the state's lock, where
    /// each would block a thread of the runtime: under load that cost a fifth of all payments.
    pub async fn turn(&self) -> AsyncMutexGuard<'_, ()> {
        self.api_queue.lock().await
    }

    /// The state. Held briefly, and never across an await. A panic leaves it consistent: a `Tx` is
    /// applied as a whole or not at all.
    pub fn state(&self) -> MutexGuard<'_, SandboxState> {
        self.state.lock()
    }

    /// Wakes delivery when a delivery is queued.
    pub fn wake_delivery_if_queued(&self, state: &SandboxState) {
        if !state.deliveries_due.is_empty() {
            self.wake_delivery.notify_one();
        }
    }

    /// A new request id; unlike other ids it does not depend on the seed.
    pub fn request_id(&self) -> String {
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        identifier::make("req_", &self.nonce, count)[..18].to_owned()
    }
}
