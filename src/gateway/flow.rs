//! Runs a request type: begin → drive → settle, one file each. A resumed execution enters at drive.

use crate::executor;
use crate::gateway::begin::BeginResult;
use crate::gateway::drive::{DriveResult, Driver, InFlight, Recovered};
use crate::gateway::error::Error;
use crate::gateway::outcome::Outcome;
use crate::gateway::request_type_call::RequestTypeCall;
use crate::gateway::runner::{Runner, pending_after};
use crate::journal::run::Run;
use std::fmt::Display;

/// Runs a request type to its outcome. `begin` and `finish` are short and may block; between them
/// the gateway is awaited, and no runner is borrowed.
///
/// # Errors
/// Any error of `begin`. Afterwards the intent is on disk, and an error is a pending outcome.
pub async fn run<E: From<Error> + Display>(
    driver: Driver<'_>,
    begin: impl FnOnce() -> Result<BeginResult, E>,
    finish: impl FnOnce(DriveResult) -> Result<Outcome, E>,
) -> Result<Outcome, E> {
    let flight = match begin()? {
        BeginResult::Ended(outcome) => return Ok(outcome),
        BeginResult::InFlight(flight) => *flight,
    };
    let pending = flight.pending();
    let driven = driver.drive_begun(flight).await;
    let ended = driven.map_err(E::from).and_then(finish);
    Ok(ended.unwrap_or_else(|error| pending_after(pending, &error)))
}

impl Runner<'_> {
    /// Runs a request type to its outcome, on the calling thread.
    ///
    /// # Errors
    /// [`Error`] when there is no outcome: an unknown name, a broken module, a store that cannot be
    /// written. Nothing was sent then, or the worker resumes the execution.
    pub fn run(&self, call: RequestTypeCall) -> Result<Outcome, Error> {
        executor::wait(run(self.driver(), || self.begin(call), |driven| self.finish(driven)))
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
