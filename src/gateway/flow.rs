//! Runs a request type: begin → drive → settle, one file each. A resumed execution enters at drive.

use crate::gateway::begin::BeginResult;
use crate::gateway::drive::{DriveResult, InFlight, Next};
use crate::gateway::error::Error;
use crate::gateway::outcome::Outcome;
use crate::gateway::request_type_call::RequestTypeCall;
use crate::gateway::runner::{Runner, pending_after};
use crate::journal::run::Run;

impl Runner<'_> {
    /// Runs a request type to its outcome.
    ///
    /// # Errors
    /// [`Error`] when there is no outcome: an unknown name, a broken module, a store that cannot be
    /// written. Nothing was sent then, or the worker resumes the execution.
    pub fn run(&self, request_type_call: RequestTypeCall) -> Result<Outcome, Error> {
        match self.begin(request_type_call)? {
            BeginResult::Ended(outcome) => Ok(outcome),
            BeginResult::InFlight(flight) => {
                let execution = flight.run.execution();
                let pending = Outcome::pending(execution.id.as_str(), &execution.name);
                let ended = self.send_begun(*flight);
                Ok(ended.unwrap_or_else(|error| pending_after(pending, &error)))
            }
        }
    }

    /// Continues an execution whose answer is not known.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn resume(&self, run: Run) -> Result<Outcome, Error> {
        self.finish(self.recover(run)?)
    }

    /// Sends a call that was just begun, and settles its answer.
    pub(super) fn send_begun(&self, flight: InFlight) -> Result<Outcome, Error> {
        self.finish(self.drive(flight, Next::Send)?)
    }

    fn finish(&self, driven: DriveResult) -> Result<Outcome, Error> {
        match driven {
            DriveResult::Answered(answered) => self.settle(answered),
            DriveResult::Pending(outcome) => Ok(outcome),
        }
    }
}
