//! Work whose record writes go into a phase instead of being committed one by one.

use super::error::Error;
use super::phase::Phase;
use super::run::Run;

/// Lets the host's record writes join a phase for a while.
pub trait Buffer {
    /// Calls `work`; what it writes is in `phase` afterwards.
    fn within(&self, phase: &mut Phase, work: &mut dyn FnMut());

    /// The same for the templates of a run: what they send is a step of it, `now` and random values
    /// are its own, and what they did before it was taken up again is not done twice. Gives the run
    /// back, or why it had to stop.
    fn within_run(
        &self,
        run: Run,
        phase: &mut Phase,
        work: &mut dyn FnMut(),
    ) -> (Run, Option<Error>);
}
