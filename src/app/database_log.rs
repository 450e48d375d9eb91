//! Logs that the database cannot be used: once, not at each tick of those who try again.

use parking_lot::Mutex;
use sluicegate_store::error::Error;
use std::collections::BTreeMap;

/// What was logged, by who tried.
#[derive(Debug, Default)]
pub struct DatabaseLog(Mutex<Logged>);

#[derive(Debug, Default)]
struct Logged {
    /// Who tried, and whether the failure is still going on.
    failing: BTreeMap<&'static str, bool>,
    is_damaged: bool,
}

impl DatabaseLog {
    /// Logs a failure, unless it is the same as before. Damage is logged once.
    pub fn failed(&self, who: &'static str, error: &Error) {
        let mut logged = self.0.lock();
        let is_new = match error {
            Error::Damaged(_) => !std::mem::replace(&mut logged.is_damaged, true),
            _ => logged.failing.insert(who, true) != Some(true),
        };
        if is_new {
            tracing::error!("{who}: {error}");
        }
    }

    /// Logs the end of a failure.
    pub fn works(&self, who: &'static str) {
        if self.0.lock().failing.insert(who, false) == Some(true) {
            tracing::info!("{who}: the database can be used again");
        }
    }
}
