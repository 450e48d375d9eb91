//! Renders templates with their record writes in a phase, and their side effects in a run.

use super::begin::Journal;
use super::error::Error;
use super::phase::Phase;
use super::run::Run;
use super::scripted_run::ScriptedRun;

/// Where a host keeps the phase and the run of the templates that it renders.
pub trait Buffer {
    /// Collects record writes in `phase` from now on, or commits each by itself. Returns what was
    /// there before.
    fn swap_phase(&self, phase: Option<Phase>) -> Option<Phase>;

    /// Records side effects in `run` from now on, or nowhere. Returns what was there before.
    fn swap_run(&self, run: Option<ScriptedRun>) -> Option<ScriptedRun>;
}

/// What rendering the templates of a run led to.
pub struct Ran<T> {
    /// The run, which has to be ended.
    pub run: Run,
    /// The record writes that no step has committed yet.
    pub phase: Phase,
    /// What the work returned.
    pub result: T,
    /// Why the templates had to stop, if they had: the result does not count then.
    pub stopped: Option<Error>,
}

/// A run that had to stop; it is ended as [`Journal::stop`] says.
#[derive(Debug)]
pub struct Stopped {
    /// The execution.
    pub execution: String,
    /// Why.
    pub why: Error,
}

/// Calls `work`, and returns its result with the record writes that it made.
pub fn with_phase<T>(
    buffer: &dyn Buffer,
    phase: Phase,
    work: impl FnOnce() -> T,
) -> (T, Option<Phase>) {
    let outer = buffer.swap_phase(Some(phase));
    let result = work();
    (result, buffer.swap_phase(outer))
}

/// The same for the templates of a run.
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
