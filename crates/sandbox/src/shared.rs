//! What the server's tasks share: the state behind its mutex, and the bell that wakes delivery.

use super::identifier;
use super::state::SandboxState;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard, Notify};

/// Shared by every handler and task of one server.
#[derive(Debug)]
pub struct Shared {
    state: Mutex<SandboxState>,
    turns: AsyncMutex<()>,
    /// Rung when something may be due.
    pub bell: Notify,
    /// Pauses between attempts at a webhook.
    pub webhook_backoff: Vec<Duration>,
    nonce: String,
    requests: AtomicU64,
}

impl Shared {
    /// Around a state.
    pub fn new(state: SandboxState, webhook_backoff: Vec<Duration>) -> Self {
        let nonce = identifier::random_seed();
        let requests = AtomicU64::new(0);
        let (state, turns, bell) = (Mutex::new(state), AsyncMutex::new(()), Notify::new());
        Self { state, turns, bell, webhook_backoff, nonce, requests }
    }

    /// An API request's tx. They queue up here and not at the state's lock, where each would stop
    /// a thread that has other things to do: under load that took a fifth of all payments.
    pub async fn tx(&self) -> AsyncMutexGuard<'_, ()> {
        self.turns.lock().await
    }

    /// The state. Held briefly, and never across an await.
    pub fn state(&self) -> MutexGuard<'_, SandboxState> {
        // A tx is applied as a whole or not at all, so a panic leaves the state in order.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes delivery when something waits for it.
    pub fn ring(&self, state: &SandboxState) {
        if !state.deliveries_due.is_empty() {
            self.bell.notify_one();
        }
    }

    /// A new request id; unlike other ids it need not repeat with the seed.
    pub fn request_id(&self) -> String {
        let count = self.requests.fetch_add(1, Ordering::Relaxed);
        identifier::make("req_", &self.nonce, count)[..18].to_owned()
    }
}
