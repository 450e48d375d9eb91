//! How new the processed events of an object are, as far as a worker knows it that runs them one
//! after another: each of them needs to know whether a newer one was processed before it.

use std::cell::RefCell;
use std::collections::HashMap;

/// The newest processed event of each type of one object. Unknown at first.
#[derive(Debug, Default)]
pub struct Newest(RefCell<Option<Known>>);

/// What was read, and what the worker has processed since.
#[derive(Debug)]
struct Known {
    /// Events that Stripe created from then on can be compared, in seconds.
    from: i64,
    /// When the newest of each type was created.
    created: HashMap<String, i64>,
}

impl Newest {
    /// Forgets it: another worker may have processed an event meanwhile.
    pub fn forget(&self) {
        self.0.take();
    }

    /// Notes what was read; it is enough for events created at `from` or later.
    pub fn learn(&self, from: i64, created: HashMap<String, i64>) {
        self.0.replace(Some(Known { from, created }));
    }

    /// Notes an event that this worker processed.
    pub fn processed(&self, kind: &str, created: Option<i64>) {
        if let (Some(known), Some(at)) = (self.0.borrow_mut().as_mut(), created) {
            let newest = known.created.entry(kind.to_owned()).or_insert(at);
            *newest = at.max(*newest);
        }
    }

    /// The type of a processed event that is newer than one of `kind`; `kind` itself if there is
    /// one of it. `None` when that has to be read.
    pub fn newer(&self, kind: &str, created: i64) -> Option<Option<String>> {
        let known = self.0.borrow();
        let known = known.as_ref().filter(|known| known.from <= created)?;
        Some(newer(&known.created, kind, created))
    }
}

/// The same in what was read.
pub fn newer(newest: &HashMap<String, i64>, kind: &str, created: i64) -> Option<String> {
    if newest.get(kind).is_some_and(|at| *at > created) {
        return Some(kind.to_owned());
    }
    newest.iter().find(|(_, at)| **at > created).map(|(kind, _)| kind.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_compared_with_what_was_read_and_what_was_processed() {
        let newest = Newest::default();
        newest.processed("a", Some(50));
        assert_eq!(newest.newer("a", 10), None, "nothing was read");
        newest.learn(5, HashMap::from([("a".to_owned(), 10)]));
        assert_eq!(newest.newer("a", 4), None, "before what was read");
        assert_eq!(newest.newer("a", 10), Some(None));
        assert_eq!(newest.newer("a", 9), Some(Some("a".to_owned())));
        assert_eq!(newest.newer("b", 9), Some(Some("a".to_owned())));
        newest.processed("b", Some(20));
        newest.processed("b", Some(15));
        newest.processed("b", None);
        assert_eq!(newest.newer("b", 19), Some(Some("b".to_owned())));
        assert_eq!(newest.newer("a", 10), Some(Some("b".to_owned())));
        assert_eq!(newest.newer("b", 20), Some(None));
        newest.forget();
        assert_eq!(newest.newer("b", 20), None);
    }
}
