//! The secrets that sign deliveries, cached for seconds: reading and opening them for each
//! delivery would cost more than the delivery.

use crate::webhook::error::Error;
use jiff::{SignedDuration, Timestamp};
use sluicegate_secret::Secret;
use std::sync::{Arc, Mutex, PoisonError};

/// An endpoint that is deleted is not believed any longer than this.
const KEPT: SignedDuration = SignedDuration::from_secs(5);

/// Secrets with their names.
pub type Named = Arc<(Vec<String>, Vec<Secret>)>;

/// Secrets as they were read last.
#[derive(Debug, Default)]
pub struct Secrets(Mutex<Option<(Timestamp, Named)>>);

impl Secrets {
    /// Those of a moment ago, or read anew.
    ///
    /// # Errors
    /// What `read` says.
    pub fn recent(
        &self,
        now: Timestamp,
        read: impl FnOnce() -> Result<Vec<(String, Secret)>, Error>,
    ) -> Result<Named, Error> {
        self.kept(now).map_or_else(|| self.fresh(now, read), Ok)
    }

    /// Those of a moment ago, if they are still believed.
    pub fn kept(&self, now: Timestamp) -> Option<Named> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, named) = kept.as_ref()?;
        (now.duration_since(*at).abs() < KEPT).then(|| Arc::clone(named))
    }

    /// Read anew: a delivery may be signed with a secret that is a moment old.
    ///
    /// # Errors
    /// What `read` says.
    pub fn fresh(
        &self,
        now: Timestamp,
        read: impl FnOnce() -> Result<Vec<(String, Secret)>, Error>,
    ) -> Result<Named, Error> {
        let named = Arc::new(read()?.into_iter().unzip());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((now, Arc::clone(&named)));
        Ok(named)
    }
}
