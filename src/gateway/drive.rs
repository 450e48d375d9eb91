//! Drives a committed call to an answer: send, reconcile if the key may have expired, resend.
//!
//! Stripe keeps an idempotency key for 24 hours. For the first 23, the stored bytes are sent again
//! under the same key. After that, or when the key only replays an answer that settles nothing, the
//! host finds out whether the call took effect. Only if it did not, the call is sent under a new
//! key, as a new step that is committed first.

use crate::executor::BoxFuture;
use crate::gateway::call::Call;
use crate::gateway::contract::{Ask, Attempt, Finding, Gateway, SentCall};
use crate::gateway::error::Error;
use crate::gateway::outcome::{Outcome, State};
use crate::gateway::reply::{Answer, Reply};
use crate::gateway::runner::Runner;
use crate::gateway::transport::Transport;
use crate::journal::begin::Journal;
use crate::journal::intent::StepAnswer;
use crate::journal::run::{Run, StepBegun};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sluicegate_failpoint::{failpoint, injected_bug};
use sluicegate_module::request_type::RequestType;
use sluicegate_secret::InstanceKey;
use sluicegate_store::execution::Step;

/// From this age on, a key may have expired: one hour before Stripe forgets it.
const RECONCILE_AFTER: SignedDuration = SignedDuration::from_hours(23);
/// An effect may become visible shortly after an inconclusive answer: no new key before that.
const SETTLES_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// After so many attempts [`SETTLES_AFTER`] has passed, whatever the clock showed (see `backoff`).
const ATTEMPTS_THAT_SETTLE: u32 = 8;
/// How long before its intent a call may have taken effect: a key that was used before was used in
/// its lifetime of a day, by a host whose database is lost.
const KEY_LIFETIME: SignedDuration = SignedDuration::from_hours(25);
/// The maximum number of pages of one list.
const PAGES_MAX: usize = 500;

/// What driving a call needs, borrowed: no templates, so that it can wait on any thread.
#[derive(Clone, Copy)]
pub struct Driver<'a> {
    /// The only writer of executions and steps.
    pub journal: &'a Journal,
    /// The only sender of outbound calls.
    pub transport: &'a Transport,
    /// Seals credentials at rest.
    pub key: &'a InstanceKey,
}

/// A call whose intent is on disk and which this process owns.
pub struct InFlight {
    /// The execution.
    pub(super) run: Run,
    /// The request type that it runs.
    pub(super) request_type: RequestType,
    /// The call's stored bytes.
    pub(super) call: Call,
    /// The sequence number of the step that holds the call.
    pub(super) seq: u32,
    /// When that step was committed.
    since: Timestamp,
}

/// Why it is not known whether a call took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// No answer settled it, and its key is gone or replays an error.
    NoAnswer,
    /// Its key was used before, for other data.
    KeyMismatch,
}

/// The next action for a call in flight.
pub(super) enum Next {
    /// Send the stored bytes.
    Send,
    /// Find out whether the call took effect.
    Reconcile(Doubt),
    /// The call took no effect: send it under a new key.
    Resend,
    /// Settle the answer.
    Settle(Answer),
    /// The answer is not known now; the worker tries again later.
    Wait(String),
    /// The answer cannot be determined; an operator decides.
    Stop(String),
}

/// A call whose answer is known.
pub struct Answered {
    /// The execution.
    pub(super) run: Run,
    /// The request type that it runs.
    pub(super) request_type: RequestType,
    /// The sequence number of the step that holds the call.
    pub(super) seq: u32,
    /// The answer.
    pub(super) answer: Answer,
}

/// The result of driving a call.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum DriveResult {
    /// The answer is known; it may not be committed yet.
    Answered(Answered),
    /// The answer is not known; the execution was suspended.
    Pending(Outcome),
}

/// An abandoned execution that is resumed.
pub(super) enum Recovered {
    /// Its answer is on disk and needs no call.
    Answered(Answered),
    /// Its answer is not known.
    InFlight(InFlight, Next),
}

impl InFlight {
    /// The outcome of the call as long as its answer is not known.
    pub fn pending(&self) -> Outcome {
        let execution = self.run.execution();
        Outcome::pending(execution.id.as_str(), &execution.name)
    }

    /// A call that was just begun.
    pub(super) fn first(run: Run, request_type: RequestType, call: Call) -> Self {
        let step = run.steps().first().expect("it was begun with a first step");
        let (seq, since) = (step.seq, step.created_at);
        Self { run, request_type, call, seq, since }
    }

    fn of_step(run: Run, request_type: RequestType, call: Call, step: &Step) -> Self {
        Self { run, request_type, call, seq: step.seq, since: step.created_at }
    }
}

impl Runner<'_> {
    /// The call of an abandoned execution and its next action, or its answer if that is on disk.
    ///
    /// # Errors
    /// [`Error::Call`] when the stored call cannot be read, [`Error::UnknownRequestType`] when its
    /// module does not exist any more; otherwise as [`Runner::run`].
    pub(super) fn recover(&self, mut run: Run) -> Result<Recovered, Error> {
        let request_type = self.request_type_of(run.execution())?;
        let unreadable = |message: &str| Error::Call {
            template: request_type.api_call.clone(),
            message: message.to_owned(),
        };
        let mut latest = None;
        while run.next_kind() == Some("api_call") {
            latest = run.recall();
        }
        let step = latest.ok_or_else(|| unreadable("the execution has no stored call"))?;
        let stored = step.response.as_ref().and_then(|r| Answer::from_stored(r, self.key));
        if let Some(answer) = stored {
            let answered = Answered { run, request_type, seq: step.seq, answer };
            return Ok(Recovered::Answered(answered));
        }
        let mut call = Call::from_json(&step.request, self.key).ok_or_else(|| {
            unreadable("the stored call cannot be opened with this instance's key")
        })?;
        if injected_bug("new_key_each_attempt") {
            call.set_idempotency_key(&self.journal.next_id().0);
        }
        let age = self.journal.now().duration_since(step.created_at);
        // A time of a clock that was ahead says nothing of the key's age.
        let may_have_expired =
            age >= RECONCILE_AFTER || self.journal.is_from_a_clock_ahead(step.created_at);
        let may_have_expired = may_have_expired && !injected_bug("resent_for_ever");
        let next = if may_have_expired { Next::Reconcile(Doubt::NoAnswer) } else { Next::Send };
        Ok(Recovered::InFlight(InFlight::of_step(run, request_type, call, &step), next))
    }
}

impl Driver<'_> {
    /// Drives a call that was just begun.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub async fn drive_begun(&self, flight: InFlight) -> Result<DriveResult, Error> {
        self.drive(flight, Next::Send).await
    }

    fn gateway(&self) -> &dyn Gateway {
        self.transport.gateway()
    }

    /// Takes one action after another until the answer is known or must be waited for.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub(super) async fn drive(
        &self,
        mut flight: InFlight,
        mut next: Next,
    ) -> Result<DriveResult, Error> {
        loop {
            next = match next {
                Next::Send => self.send(&mut flight).await?,
                Next::Reconcile(doubt) => self.reconcile(&mut flight, doubt).await?,
                Next::Resend => self.resend(&mut flight)?,
                Next::Settle(answer) => {
                    let InFlight { run, request_type, seq, .. } = flight;
                    return Ok(DriveResult::Answered(Answered { run, request_type, seq, answer }));
                }
                Next::Wait(reason) => return self.wait(flight, &reason).map(DriveResult::Pending),
                Next::Stop(reason) => return self.stop(flight, &reason).map(DriveResult::Pending),
            };
        }
    }

    /// Sends the stored bytes.
    async fn send(&self, flight: &mut InFlight) -> Result<Next, Error> {
        let before = flight.run.execution().attempt > 1;
        let mut repeated = before;
        let run = &mut flight.run;
        let mut heartbeat = || {
            repeated = true;
            Ok(self.journal.heartbeat(run)?)
        };
        let attempt = Attempt { call: &flight.call, repeated: before };
        let reply = self.transport.send(attempt, &mut heartbeat).await?;
        Ok(match reply {
            Reply::Answer(answer) if self.gateway().next_page(&flight.call, &answer).is_some() => {
                self.read_to_end(flight, answer).await?
            }
            Reply::Answer(answer) => {
                let gone = self.gateway().already_deleted(&flight.call, &answer);
                Next::Settle(gone.filter(|_| repeated).unwrap_or(answer))
            }
            Reply::Unknown(reason) => Next::Wait(reason),
            Reply::KeyReplaysError(reason) => {
                tracing::warn!(execution = flight.run.execution().id.as_str(), "{reason}");
                Next::Reconcile(Doubt::NoAnswer)
            }
            Reply::KeyMismatch(reason) => {
                tracing::warn!(execution = flight.run.execution().id.as_str(), "{reason}");
                Next::Reconcile(Doubt::KeyMismatch)
            }
        })
    }

    /// Reads the further pages of a list. The answer is the complete list, or the refusal of a
    /// page; a list longer than [`PAGES_MAX`] keeps its `has_more`.
    async fn read_to_end(&self, flight: &mut InFlight, first: Answer) -> Result<Next, Error> {
        let (mut pages, mut call) = (vec![first], flight.call.clone());
        while pages.len() <= PAGES_MAX {
            let last = pages.last().expect("it begins with a page");
            let Some(next) = self.gateway().next_page(&call, last) else { break };
            call = next;
            let mut ask = GatewayAsk { driver: *self, run: &mut flight.run };
            match ask.ask(&call).await? {
                Reply::Answer(answer) if answer.status == 200 => pages.push(answer),
                Reply::Answer(refusal) => return Ok(Next::Settle(refusal)),
                Reply::Unknown(reason)
                | Reply::KeyReplaysError(reason)
                | Reply::KeyMismatch(reason) => return Ok(Next::Wait(reason)),
            }
        }
        Ok(match self.gateway().join_pages(&pages) {
            Some(list) => Next::Settle(list),
            None => Next::Wait("a page of the list cannot be read".to_owned()),
        })
    }

    /// Finds out whether a call took effect before it is sent under another key.
    async fn reconcile(&self, flight: &mut InFlight, doubt: Doubt) -> Result<Next, Error> {
        let id = flight.run.execution().id.clone();
        let begun = flight.run.execution().created_at;
        let since = match doubt {
            Doubt::NoAnswer if self.journal.is_from_a_clock_ahead(begun) => {
                self.journal.now() - KEY_LIFETIME
            }
            Doubt::NoAnswer => begun,
            Doubt::KeyMismatch => begun - KEY_LIFETIME,
        };
        let sent = SentCall { call: &flight.call, since };
        let mut ask = GatewayAsk { driver: *self, run: &mut flight.run };
        let finding = self.gateway().reconcile(&sent, &mut ask).await?;
        failpoint!("reconcile_after");
        let name = &flight.request_type.name;
        tracing::info!(
            execution = id.as_str(),
            request_type = name,
            "reconciled: {}",
            describe(&finding)
        );
        Ok(match finding {
            Finding::Unavailable(reason) => Next::Wait(reason),
            finding if doubt == Doubt::KeyMismatch => Next::Stop(self.mismatch(&finding)),
            Finding::Applied(answer) => Next::Settle(answer),
            Finding::NotApplied => Next::Resend,
            Finding::Undeterminable => Next::Stop(
                "it cannot be found out whether the gateway did it, and its idempotency key is \
                 gone: compare with the gateway's dashboard, then retry or discard"
                    .to_owned(),
            ),
        })
    }

    /// The reason for an operator: what the key did is not what was asked for now.
    fn mismatch(&self, finding: &Finding) -> String {
        let found = match finding {
            Finding::Applied(answer) => self.gateway().describe(answer).id,
            _ => None,
        };
        let found = found
            .map_or_else(|| "what it did is not found".to_owned(), |id| format!("it made {id}"));
        format!(
            "its idempotency key was used before with other data, and {found}: compare with the \
             gateway's dashboard, then discard this execution and use a new key"
        )
    }

    /// Sends the same bytes under a new key: the next step, on disk before it is sent.
    fn resend(&self, flight: &mut InFlight) -> Result<Next, Error> {
        let age = self.journal.now().duration_since(flight.since);
        let is_young = if self.journal.is_from_a_clock_ahead(flight.since) {
            // Its age is not known; the waits between so many attempts are longer.
            flight.run.execution().attempt < ATTEMPTS_THAT_SETTLE
        } else {
            age < SETTLES_AFTER / sluicegate_failpoint::time_scale().cast_signed()
        };
        if is_young {
            let reason =
                "the gateway's answer is not conclusive; reconciling again before resending";
            return Ok(Next::Wait(reason.to_owned()));
        }
        let generation = flight.seq + 1;
        let id = &flight.run.execution().id;
        flight.call.set_idempotency_key(&format!("sluicegate-{id}-0-{generation}"));
        let answered =
            StepAnswer { seq: flight.seq, response: json!({ "looked": "not done" }).into() };
        self.journal.answer(&mut flight.run, answered);
        let step = flight.call.step(self.key);
        match self.journal.begin_step(&mut flight.run, &mut self.journal.phase(), step)? {
            StepBegun::Take(step) => {
                failpoint!("resend_before");
                (flight.seq, flight.since) = (step.seq, step.created_at);
                Ok(Next::Send)
            }
            StepBegun::Answered(_) => Ok(Next::Wait("the call was answered".to_owned())),
        }
    }

    /// Suspends the execution as `unknown`; the worker resumes it.
    fn wait(&self, flight: InFlight, reason: &str) -> Result<Outcome, Error> {
        let InFlight { run, request_type, .. } = flight;
        let id = run.execution().id.to_string();
        tracing::warn!(execution = id, request_type = request_type.name, "no answer: {reason}");
        failpoint!("unknown_before_commit");
        if injected_bug("timeout_is_failure") {
            self.journal.fail(run, reason, None)?;
            return Ok(Outcome::discarded(&id, &request_type.name, State::Failed, reason));
        }
        self.journal.unknown(run, reason)?;
        Ok(Outcome::pending(&id, &request_type.name))
    }

    /// Discards the execution with its reason; for the caller it stays `pending`.
    fn stop(&self, flight: InFlight, reason: &str) -> Result<Outcome, Error> {
        let InFlight { run, request_type, .. } = flight;
        let id = run.execution().id.to_string();
        tracing::error!(execution = id, request_type = request_type.name, "{reason}");
        self.journal.fail(run, reason, None)?;
        Ok(Outcome::pending(&id, &request_type.name))
    }
}

/// Asks the gateway, and keeps the lease of the execution meanwhile.
struct GatewayAsk<'a> {
    driver: Driver<'a>,
    run: &'a mut Run,
}

impl Ask for GatewayAsk<'_> {
    fn ask<'a>(&'a mut self, call: &'a Call) -> BoxFuture<'a, Result<Reply, Error>> {
        let Driver { journal, transport, .. } = self.driver;
        let run = &mut *self.run;
        Box::pin(async move {
            journal.heartbeat(run)?;
            transport.send(Attempt::first(call), &mut || Ok(journal.heartbeat(run)?)).await
        })
    }
}

fn describe(finding: &Finding) -> &str {
    match finding {
        Finding::Applied(_) => "it took effect",
        Finding::NotApplied => "it took no effect",
        Finding::Unavailable(reason) => reason,
        Finding::Undeterminable => "it cannot be found out",
    }
}
