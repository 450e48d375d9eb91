//! A run whose templates are being rendered, and what it replays when it is resumed.

use super::error::Error;
use super::run::Run;
use sluicegate_secret::InstanceKey;

/// A run whose templates are being rendered. Calls are recorded as steps, `now` and random values
/// are deterministic, and a resumed run replays its recorded side effects.
#[derive(Debug)]
pub struct ScriptedRun {
    /// The run whose steps are recorded.
    pub run: Run,
    /// How many nested executions it has started.
    pub nested: u32,
    /// How many blocks of random bytes it has drawn.
    drawn: u64,
    /// Why the run must not do anything more.
    pub stopped: Option<Error>,
}

impl ScriptedRun {
    /// A run before its first side effect.
    pub fn new(run: Run) -> Self {
        Self { run, nested: 0, drawn: 0, stopped: None }
    }

    /// The run, and why it had to stop, if it did.
    pub fn end(self) -> (Run, Option<Error>) {
        (self.run, self.stopped)
    }

    /// The execution's `now`; see [`Run::now`].
    pub fn now(&self) -> jiff::Timestamp {
        self.run.now()
    }

    /// Fills `bytes` with values that cannot be guessed without the instance's key. A replay
    /// produces the same values.
    pub fn random(&mut self, key: &InstanceKey, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(32) {
            let seed = format!("{}/{}", self.run.execution().id, self.drawn);
            self.drawn += 1;
            part.copy_from_slice(&key.mac("journal/random", seed.as_bytes())[..part.len()]);
        }
    }

    /// The idempotency key of the next nested execution. A replay produces the same key, so the
    /// earlier execution is found instead of sent again.
    pub fn nested_key(&mut self) -> String {
        let key = format!("sluicegate-{}-nested-{}", self.run.execution().id, self.nested);
        self.nested += 1;
        key
    }
}
