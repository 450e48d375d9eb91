//! The stored constants, read and opened at most once a second: every request context needs them,
//! and they rarely change.

use parking_lot::Mutex;
use sluicegate_secret::Secret;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Changes by other processes are visible after this time.
const FRESH: Duration = Duration::from_secs(1);
/// After a write in this process the cache is bypassed for this long, so that the change is visible
/// as soon as it is committed. A slower commit is visible after `FRESH`, like another process's.
const COMMITS_WITHIN: Duration = Duration::from_secs(5);

/// The beginning of the names that the host keeps for itself.
const RESERVED: &str = "sluicegate/";

/// True for a constant of the host, such as the mark of the instance key. Modules and GraphQL can
/// neither read nor write it.
pub fn is_reserved(name: &str) -> bool {
    let start = name.trim_start().get(..RESERVED.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(RESERVED))
}

/// Names and values.
pub type Values = Arc<Vec<(String, Secret)>>;

/// The cached constants.
#[derive(Debug, Default)]
pub struct Constants(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    read: Option<(Instant, Values)>,
    written: Option<Instant>,
}

impl Constants {
    /// Bypasses the cache, because a constant is being written.
    pub fn written(&self) {
        self.0.lock().written = Some(Instant::now());
    }

    /// All constants, cached; `read` queries the database.
    ///
    /// # Errors
    /// Any error of `read`.
    pub fn get<E>(
        &self,
        read: impl FnOnce() -> Result<Vec<(String, Secret)>, E>,
    ) -> Result<Values, E> {
        let now = Instant::now();
        {
            let known = self.0.lock();
            let moving = known.written.is_some_and(|at| now - at < COMMITS_WITHIN);
            if let Some((at, values)) = &known.read
                && !moving
                && now - *at < FRESH
            {
                return Ok(Arc::clone(values));
            }
        }
        // Without the lock, because the database may be slow.
        let values = Arc::new(read()?);
        let mut known = self.0.lock();
        known.read = Some((now, Arc::clone(&values)));
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_host_are_told_by_their_beginning() {
        for name in ["sluicegate/instance_key", " Sluicegate/x", "sluicegate/"] {
            assert!(is_reserved(name), "{name}");
        }
        for name in ["", "sluicegate", "sluicegate_key", "stripe_sk_key", "x/sluicegate/"] {
            assert!(!is_reserved(name), "{name}");
        }
    }

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
