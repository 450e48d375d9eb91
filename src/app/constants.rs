//! The constants of the database, opened at most once a second: every request context has them, and
//! they hardly ever change.

use sluicegate_secret::Secret;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What another process wrote is seen after so long at the latest.
const FRESH: Duration = Duration::from_secs(1);
/// What this process wrote is seen at once: for that long after it was given to a transaction
/// nothing is taken from memory. A transaction that takes longer is another process's, so to speak.
const COMMITS_WITHIN: Duration = Duration::from_secs(5);

/// Names and values.
pub type Values = Arc<Vec<(String, Secret)>>;

/// What is known of them.
#[derive(Debug, Default)]
pub struct Constants(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    read: Option<(Instant, Values)>,
    written: Option<Instant>,
}

impl Constants {
    /// One is being written.
    pub fn written(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).written = Some(Instant::now());
    }

    /// All of them; `read` asks the database.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn get<E>(
        &self,
        read: impl FnOnce() -> Result<Vec<(String, Secret)>, E>,
    ) -> Result<Values, E> {
        let now = Instant::now();
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let moving = known.written.is_some_and(|at| now - at < COMMITS_WITHIN);
            if let Some((at, values)) = &known.read
                && !moving
                && now - *at < FRESH
            {
                return Ok(Arc::clone(values));
            }
        }
        // Without the lock: a database may take its time.
        let values = Arc::new(read()?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.read = Some((now, Arc::clone(&values)));
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_here_is_seen_at_once() {
        let constants = Constants::default();
        let read = |value: &'static str| {
            let values = constants
                .get(|| Ok::<_, ()>(vec![("key".to_owned(), Secret::new(value))]))
                .expect("read");
            values[0].1.expose().to_owned()
        };
        assert_eq!(read("old"), "old");
        assert_eq!(read("not asked"), "old");
        constants.written();
        assert_eq!(read("new"), "new");
        assert_eq!(read("newer"), "newer");
        assert!(constants.get(|| Err("away")).is_err());
    }
}
