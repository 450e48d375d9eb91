//! A run whose templates are being rendered, and what it replays when it is resumed.

use super::error::Error;
use super::run::Run;
use sluicegate_secret::InstanceKey;

/// A run whose templates are being rendered: what they send is a step of it, `now` and random
/// values are its own, and what they did before it was resumed is replayed.
#[derive(Debug)]
pub struct ScriptedRun {
    /// The run.
    pub run: Run,
    /// How many things were sent for it.
    pub nested: u32,
    /// How many blocks of random bytes were drawn.
    drawn: u64,
    /// Why nothing more may be done for it.
    pub stopped: Option<Error>,
}

impl ScriptedRun {
    /// A run at the beginning of its templates.
    pub fn new(run: Run) -> Self {
        Self { run, nested: 0, drawn: 0, stopped: None }
    }

    /// The run, and why it had to stop, if it had.
    pub fn end(self) -> (Run, Option<Error>) {
        (self.run, self.stopped)
    }

    /// The execution's idea of `now`.
    pub fn now(&self) -> jiff::Timestamp {
        self.run.now()
    }

    /// Fills `bytes` with what nobody can guess without the instance's key, and the same when the
    /// run is repeated.
    pub fn random(&mut self, key: &InstanceKey, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(32) {
            let seed = format!("{}/{}", self.run.execution().id, self.drawn);
            self.drawn += 1;
            part.copy_from_slice(&key.mac("journal/random", seed.as_bytes())[..part.len()]);
        }
    }

    /// The key of the next thing sent for the run, the same in every repetition, so that what was
    /// sent is found instead of sent again.
    pub fn nested_key(&mut self) -> String {
        let key = format!("sluicegate-{}-nested-{}", self.run.execution().id, self.nested);
        self.nested += 1;
        key
    }
}
