//! Caches the secrets that sign deliveries for seconds: reading and opening them for each delivery
//! would cost more than the rest of it.

use crate::webhook::error::Error;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sluicegate_secret::Secret;
use std::sync::Arc;

/// How long secrets are cached, and a deleted endpoint's secret is still accepted.
const CACHED_FOR: SignedDuration = SignedDuration::from_secs(5);

/// Secrets with their names.
pub type Named = Arc<(Vec<String>, Vec<Secret>)>;

/// The cached secrets with the time at which they were read.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<Option<(Timestamp, Named)>>);

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
        let cached = self.0.lock();
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
        let mut cached = self.0.lock();
        *cached = Some((now, Arc::clone(&named)));
        Ok(named)
    }
}
