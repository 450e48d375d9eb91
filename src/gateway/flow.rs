//! Runs a request type: begin → drive → settle, one file each. A resumed execution enters at drive.

use crate::executor;
use crate::gateway::begin::{BeginResult, Committed};
use crate::gateway::drive::{DriveResult, Driver, InFlight, Recovered};
use crate::gateway::error::Error;
use crate::gateway::outcome::Outcome;
use crate::gateway::request_type_call::RequestTypeCall;
use crate::gateway::runner::{Runner, pending_after};
use crate::gateway::settle::Settled;
use crate::journal::run::{Begun, Run};
use std::fmt::Display;

/// Runs a request type to its outcome. `begin`, `known` and `settle` are short and may block;
/// between them the commits and the gateway are awaited, and no runner is borrowed.
///
/// # Errors
/// Any error of `begin`. Afterwards the intent is on disk, and an error is a pending outcome.
pub async fn run<E: From<Error> + Display>(
    driver: Driver<'_>,
    begin: impl FnOnce() -> Result<BeginResult, E>,
    known: impl FnOnce(Begun) -> Result<Outcome, E>,
    settle: impl FnOnce(DriveResult) -> Result<Settled, E>,
) -> Result<Outcome, E> {
    let rendered = match begin()? {
        BeginResult::Ended(outcome) => return Ok(outcome),
        BeginResult::Rendered(rendered) => *rendered,
    };
    let flight = match driver.commit(rendered).await? {
        Committed::InFlight(flight) => *flight,
        Committed::Known(begun) => return known(begun),
        Committed::Ended(outcome) => return Ok(outcome),
    };
    let pending = flight.pending();
    let driven = driver.drive_begun(flight).await;
    let ended = match driven.map_err(E::from).and_then(settle) {
        Ok(settled) => driver.end(settled).await.map_err(E::from),
        Err(error) => Err(error),
    };
    Ok(ended.unwrap_or_else(|error| pending_after(pending, &error)))
}

impl Runner<'_> {
    /// Runs a request type to its outcome, on the calling thread.
    ///
    /// # Errors
    /// [`Error`] when there is no outcome: an unknown name, a broken module, a store that cannot be
    /// written. Nothing was sent then, or the worker resumes the execution.
    pub fn run(&self, call: RequestTypeCall) -> Result<Outcome, Error> {
        let name = call.name.clone();
        let known = |begun| self.stored(begun, &name);
        executor::wait(run(self.driver(), || self.begin(call), known, |driven| self.finish(driven)))
    }

    /// Continues an execution whose answer is not known.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn resume(&self, run: Run) -> Result<Outcome, Error> {
        match self.recover(run)? {
            Recovered::Answered(answered) => self.end(self.settle(answered)?),
            Recovered::InFlight(flight, next) => {
                self.end(self.finish(executor::wait(self.driver().drive(flight, next))?)?)
            }
        }
    }

    /// Settles what driving a call led to, up to the second commit.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub fn finish(&self, driven: DriveResult) -> Result<Settled, Error> {
        match driven {
            DriveResult::Answered(answered) => self.settle(answered),
            DriveResult::Pending(outcome) => Ok(Settled::Ended(outcome)),
        }
    }

    fn end(&self, settled: Settled) -> Result<Outcome, Error> {
        executor::wait(self.driver().end(settled))
    }

    /// Sends a call that was just begun, and settles its answer.
    pub(super) fn send_begun(&self, flight: InFlight) -> Result<Outcome, Error> {
        self.end(self.finish(executor::wait(self.driver().drive_begun(flight))?)?)
    }

    pub(super) fn driver(&self) -> Driver<'_> {
        Driver { journal: self.journal, transport: self.transport, key: self.key }
    }
}
