//! Caches the secrets that sign deliveries for seconds: reading and opening them for each delivery
//! would cost more than the rest of it.

use crate::config::WEBHOOK_SECRET_CHARS_MIN;
use crate::webhook::error::Error;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sluicegate_secret::Secret;
use sluicegate_store::record::RecordId;
use std::collections::HashSet;
use std::sync::Arc;

/// How long secrets are cached, and a deleted endpoint's secret is still accepted.
const CACHED_FOR: SignedDuration = SignedDuration::from_secs(5);

/// Secrets with their names.
pub type Named = Arc<(Vec<String>, Vec<Secret>)>;

/// The cached secrets with the time at which they were read.
#[derive(Debug, Default)]
pub struct Secrets {
    cached: Mutex<Option<(Timestamp, Named)>>,
    refused: Mutex<HashSet<RecordId>>,
}

impl Secrets {
    /// The cached secrets, or newly read ones.
    ///
    /// # Errors
    /// Any error of `read`.
    pub fn recent(
        &self,
        now: Timestamp,
        read: impl FnOnce() -> Result<Vec<(String, Secret)>, Error>,
    ) -> Result<Named, Error> {
        self.cached(now).map_or_else(|| self.fresh(now, read), Ok)
    }

    /// The cached secrets, if they are recent.
    pub fn cached(&self, now: Timestamp) -> Option<Named> {
        let cached = self.cached.lock();
        let (at, named) = cached.as_ref()?;
        (now.duration_since(*at).abs() < CACHED_FOR).then(|| Arc::clone(named))
    }

    /// Reads the secrets again: a delivery may be signed with a new one.
    ///
    /// # Errors
    /// Any error of `read`.
    pub fn fresh(
        &self,
        now: Timestamp,
        read: impl FnOnce() -> Result<Vec<(String, Secret)>, Error>,
    ) -> Result<Named, Error> {
        let named = Arc::new(read()?.into_iter().unzip());
        let mut cached = self.cached.lock();
        *cached = Some((now, Arc::clone(&named)));
        Ok(named)
    }

    /// Says once that the secret of an endpoint's record is too short to be accepted.
    pub fn refuse(&self, endpoint: RecordId) {
        if self.refused.lock().insert(endpoint) {
            tracing::error!(
                "the secret of the webhook endpoint {endpoint} has fewer than \
                 {WEBHOOK_SECRET_CHARS_MIN} characters and is not accepted; create the endpoint \
                 anew"
            );
        }
    }
}
