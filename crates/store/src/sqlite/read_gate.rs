//! Lets a checkpoint through when readers never stop: SQLite starts the log anew only at a moment
//! when nobody reads from it.

use parking_lot::{Condvar, Mutex};
use std::time::Duration;

/// The longest read. Every query of a request is answered by an index in milliseconds; one that is
/// not would keep the log from starting anew.
pub const READ_MAX: Duration = Duration::from_secs(10);

/// Counts the readers of a file, and can keep new ones waiting.
#[derive(Default)]
pub struct ReadGate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    reading: usize,
    is_closed: bool,
}

impl ReadGate {
    /// Enters, when the gate is open. The reader leaves when the guard is dropped.
    pub fn enter(&self) -> Reading<'_> {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| state.is_closed);
        state.reading += 1;
        Reading(self)
    }

    /// Does the work while nobody reads; or, when somebody still reads after `longest`, while they
    /// do.
    pub fn closed<T>(&self, longest: Duration, work: impl FnOnce() -> T) -> T {
        let mut state = self.state.lock();
        state.is_closed = true;
        self.changed.wait_while_for(&mut state, |state| state.reading > 0, longest);
        drop(state);
        let open = Open(self);
        let result = work();
        drop(open);
        result
    }
}

/// A reader inside.
pub struct Reading<'a>(&'a ReadGate);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.state.lock().reading -= 1;
        self.0.changed.notify_all();
    }
}

/// Opens the gate again, also after a panic.
struct Open<'a>(&'a ReadGate);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.state.lock().is_closed = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn nobody_enters_a_closed_gate_and_a_slow_reader_does_not_keep_it_closed() {
        let gate = Arc::new(ReadGate::default());
        let inside = Arc::new(AtomicBool::new(false));
        let slow = gate.enter();
        let entering = gate.closed(Duration::from_millis(1), || {
            let (outer, entered) = (Arc::clone(&gate), Arc::clone(&inside));
            let entering = std::thread::spawn(move || {
                let _reading = outer.enter();
                entered.store(true, Ordering::SeqCst);
            });
            std::thread::sleep(Duration::from_millis(20));
            assert!(!inside.load(Ordering::SeqCst));
            entering
        });
        entering.join().expect("it enters");
        assert!(inside.load(Ordering::SeqCst));
        drop(slow);
        // Nobody is inside: the work begins at once.
        gate.closed(Duration::from_secs(3_600), || {});
    }
}
