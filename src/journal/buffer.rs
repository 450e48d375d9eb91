//! Renders templates: their record writes go into a phase, their side effects into a run.

use super::begin::Journal;
use super::error::Error;
use super::phase::Phase;
use super::run::Run;
use super::scripted_run::ScriptedRun;

/// Holds the phase and the run of the templates that a host renders.
pub trait Buffer {
    /// Collects record writes in `phase` from now on; with `None`, commits each write on its own.
    /// Returns the previous phase.
    fn swap_phase(&self, phase: Option<Phase>) -> Option<Phase>;

    /// Records side effects in `run` from now on; with `None`, not at all. Returns the previous
    /// run.
    fn swap_run(&self, run: Option<ScriptedRun>) -> Option<ScriptedRun>;
}

/// The result of rendering the templates of a run.
pub struct Ran<T> {
    /// The run, which the caller must end.
    pub run: Run,
    /// The record writes that no step has committed yet.
    pub phase: Phase,
    /// What the closure returned.
    pub result: T,
    /// Why the templates had to stop, if they did. Ignore `result` then.
    pub stopped: Option<Error>,
}

/// A run that had to stop, already ended by [`Journal::stop`].
#[derive(Debug)]
pub struct Stopped {
    /// The execution's id.
    pub execution: String,
    /// The reason.
    pub why: Error,
}

/// Calls `work` and returns its result with the record writes it made.
pub fn with_phase<T>(
    buffer: &dyn Buffer,
    phase: Phase,
    work: impl FnOnce() -> T,
) -> (T, Option<Phase>) {
    let outer = buffer.swap_phase(Some(phase));
    let result = work();
    (result, buffer.swap_phase(outer))
}

/// Like [`with_phase`], for the templates of a run.
pub fn with_run<T>(
    buffer: &dyn Buffer,
    journal: &Journal,
    run: Run,
    phase: Phase,
    work: impl FnOnce() -> T,
) -> Ran<T> {
    let outer = buffer.swap_run(Some(ScriptedRun::new(run)));
    let (result, phase) = with_phase(buffer, phase, work);
    let inner = buffer.swap_run(outer);
    let (run, stopped) = inner.expect("only this function takes the run out again").end();
    Ran { run, phase: phase.unwrap_or_else(|| journal.phase()), result, stopped }
}

impl<T> Ran<T> {
    /// The result, or the run stopped.
    ///
    /// # Errors
    /// What [`Journal::stop`] says.
    pub fn or_stop(self, journal: &Journal) -> Result<Result<(Run, Phase, T), Stopped>, Error> {
        let Some(why) = self.stopped else { return Ok(Ok((self.run, self.phase, self.result))) };
        let execution = self.run.execution().id.to_string();
        journal.stop(self.run, why.clone())?;
        Ok(Err(Stopped { execution, why }))
    }
}
