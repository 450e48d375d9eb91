//! Runs a request type: begin → drive → settle, one file each. A resumed execution enters at drive.
//!
//! [`Runner::run`] waits on the calling thread. A door that must not hold a thread meanwhile calls
//! the three parts itself and awaits the second.

use crate::executor;
use crate::gateway::begin::BeginResult;
use crate::gateway::drive::{DriveResult, Driver, InFlight, Recovered};
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
                let pending = flight.pending();
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
        match self.recover(run)? {
            Recovered::Answered(answered) => self.settle(answered),
            Recovered::InFlight(flight, next) => {
                self.finish(executor::wait(self.driver().drive(flight, next))?)
            }
        }
    }

    /// Settles what driving a call led to.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn finish(&self, driven: DriveResult) -> Result<Outcome, Error> {
        match driven {
            DriveResult::Answered(answered) => self.settle(answered),
            DriveResult::Pending(outcome) => Ok(outcome),
        }
    }

    /// Sends a call that was just begun, and settles its answer.
    pub(super) fn send_begun(&self, flight: InFlight) -> Result<Outcome, Error> {
        self.finish(executor::wait(self.driver().drive_begun(flight))?)
    }

    fn driver(&self) -> Driver<'_> {
        Driver { journal: self.journal, transport: self.transport, key: self.key }
    }
}
