//! Whether the runtime could take a payment now: its database is asked to store something.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use sluicegate_store::contract::Store;
use sluicegate_store::error::Error;
use sluicegate_store::state::Session;
use sluicegate_store::write::Write;
use std::sync::{Mutex, PoisonError};

/// Whoever asks more often than this is told what was found last: a look costs an fsync.
const KEPT: SignedDuration = SignedDuration::from_secs(1);
/// A session of nobody; it has ended when it is written.
const PROBE: &str = "readyz";

/// What was found last.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Timestamp, Result<(), Error>)>>);

impl Readiness {
    /// Looks, or remembers a look of a moment ago. Reading is not enough: a full disk reads well.
    ///
    /// # Errors
    /// What the store says.
    pub fn look(&self, store: &dyn Store, now: Timestamp) -> Result<(), Error> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, found)) = last.as_ref()
            && now.duration_since(*at).abs() < KEPT
        {
            return found.clone();
        }
        let probe = Session { id_hash: PROBE.to_owned(), data: Json::Null, expires_at: now };
        let found = store.commit(vec![Write::SessionPut(probe)]);
        *last = Some((now, found.clone()));
        found
    }
}
