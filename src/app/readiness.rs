//! Checks whether the runtime could take a payment now, by a write to its database.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::Value as Json;
use sluicegate_store::contract::Store;
use sluicegate_store::error::Error;
use sluicegate_store::state::Session;
use sluicegate_store::write::Write;

/// How long a result is reused: each check costs an fsync.
const REUSED_FOR: SignedDuration = SignedDuration::from_secs(1);
/// The id of the probe session, which belongs to no user and is expired when written.
const PROBE: &str = "readyz";

/// The latest result and its time.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Timestamp, Result<(), Error>)>>);

impl Readiness {
    /// Writes a probe, or returns a recent result. Reading is not enough: it works on a full disk.
    /// A database that is known to be damaged is not ready, even where it can be written.
    ///
    /// # Errors
    /// The store's error.
    pub fn check(&self, store: &dyn Store, now: Timestamp) -> Result<(), Error> {
        let mut last = self.0.lock();
        if let Some((at, found)) = last.as_ref()
            && now.duration_since(*at).abs() < REUSED_FOR
        {
            return found.clone();
        }
        let (id_hash, data) = (PROBE.to_owned(), Json::Null);
        let probe = Session { id_hash, data, user_id: None, expires_at: now };
        let found = match store.damage() {
            Some(damage) => Err(damage),
            None => store.commit(vec![Write::SessionPut(probe)]),
        };
        *last = Some((now, found.clone()));
        found
    }
}
