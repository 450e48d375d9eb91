//! Goes on with an execution whose answer is not known: resend, or look first.
//!
//! Stripe keeps an idempotency key for 24 hours. Before 23 of them are over the stored bytes are
//! sent again under the same key. Later, or when the key only replays an answer that settles
//! nothing, the host looks whether the call took effect; only if it did not is it sent under a
//! new key (`reliability-and-security.md` 3.2, rule 5).

use crate::gateway::call::Call;
use crate::gateway::error::Error;
use crate::gateway::outcome::Outcome;
use crate::gateway::reconcile::{Finding, Reconcile};
use crate::gateway::reply::{Answer, Reply};
use crate::gateway::request_type::Gateway;
use crate::journal::intent::{StepAnswer, StepIntent};
use crate::journal::run::{Run, StepBegun};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sluicegate_failpoint::failpoint;
use sluicegate_failpoint::injected_bug;
use sluicegate_module::request_type::RequestType;
use sluicegate_store::execution::Step;

/// From this age on a key may be gone; an hour before Stripe forgets it.
const LOOK_AFTER: SignedDuration = SignedDuration::from_hours(23);
/// An effect may show a little after the answer that said nothing: no new key before.
const SETTLES_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// A call as it stands in the journal.
pub struct Sending {
    /// The bytes.
    pub call: Call,
    /// The place of their step.
    pub seq: u32,
    /// Since when they are on disk.
    pub since: Timestamp,
}

impl Sending {
    /// The call of a step.
    pub fn new(call: Call, step: &Step) -> Self {
        Self { call, seq: step.seq, since: step.created_at }
    }
}

impl Gateway<'_> {
    /// Goes on with an execution whose answer is not known: the stored bytes, the same key.
    ///
    /// # Errors
    /// As [`Gateway::run`].
    pub fn resume(&self, mut run: Run) -> Result<Outcome, Error> {
        let execution = run.execution().clone();
        let request_type = self.request_type_of(&execution)?;
        let refused = |message: &str| Error::Call {
            template: request_type.api_call.clone(),
            message: message.to_owned(),
        };
        let mut latest = None;
        while run.next_kind() == Some("api_call") {
            latest = run.recall();
        }
        let step = latest.ok_or_else(|| refused("the execution has no stored call"))?;
        let stored = step.response.as_ref().and_then(|r| Answer::from_stored(r, self.key));
        if let Some(answer) = stored {
            return self.settle(run, &request_type, step.seq, answer);
        }
        let call = Call::from_json(&step.request, self.key)
            .ok_or_else(|| refused("the stored call cannot be opened with this instance's key"))?;
        let mut sending = Sending::new(call, &step);
        if injected_bug("new_key_each_attempt") {
            sending.call.rekey(&self.journal.next_id().0);
        }
        if injected_bug("resent_for_ever") {
            return self.send(run, &request_type, &sending);
        }
        if self.journal.now().duration_since(sending.since) >= LOOK_AFTER {
            return self.look(run, &request_type, &sending);
        }
        self.send(run, &request_type, &sending)
    }

    /// Finds out what became of a call before it is sent under another key.
    ///
    /// # Errors
    /// As [`Gateway::run`].
    pub fn look(
        &self,
        mut run: Run,
        request_type: &RequestType,
        sending: &Sending,
    ) -> Result<Outcome, Error> {
        let id = run.execution().id.to_string();
        let operation = operation(&id);
        let look = Reconcile {
            transport: self.transport,
            call: &sending.call,
            operation: &operation,
            since: run.execution().created_at,
        };
        let seen = look.take(&mut || Ok(self.journal.heartbeat(&mut run)?))?;
        failpoint!("look_after");
        tracing::info!(execution = id, request_type = request_type.name, "looked: {}", name(&seen));
        match seen {
            Finding::Applied(answer) => self.settle(run, request_type, sending.seq, answer),
            Finding::NotApplied => self.send_anew(run, request_type, sending),
            Finding::Unavailable(reason) => self.pending(run, request_type, &reason),
            Finding::Undeterminable => {
                let reason = "nobody can tell whether Stripe did it, and its idempotency key is \
                              gone: compare with Stripe's dashboard, then retry or discard";
                tracing::error!(execution = id, request_type = request_type.name, "{reason}");
                self.journal.fail(run, reason, None)?;
                Ok(Outcome::pending(&id, &request_type.name, false))
            }
        }
    }

    /// The same bytes under a new key: the next generation, on disk before it is sent.
    fn send_anew(
        &self,
        mut run: Run,
        request_type: &RequestType,
        sending: &Sending,
    ) -> Result<Outcome, Error> {
        let age = self.journal.now().duration_since(sending.since);
        if age < SETTLES_AFTER / sluicegate_failpoint::time_scale().cast_signed() {
            let reason = "Stripe's answer settles nothing; looking again before it is sent anew";
            return self.pending(run, request_type, reason);
        }
        let generation = sending.seq + 1;
        let mut call = sending.call.clone();
        call.rekey(&format!("sluicegate-{}-0-{generation}", run.execution().id));
        let looked = StepAnswer { seq: sending.seq, response: json!({ "looked": "not done" }) };
        self.journal.answer(&mut run, looked);
        let step =
            StepIntent::new("api_call", call.to_json(self.key)).identified_by(&call.identity());
        match self.journal.begin_step(&mut run, &mut self.journal.phase(), step)? {
            StepBegun::Take(step) => {
                failpoint!("anew_before_send");
                self.send(run, request_type, &Sending::new(call, &step))
            }
            StepBegun::Answered(_) => self.pending(run, request_type, "the call was answered"),
        }
    }

    /// Sends what is on disk, and settles what is answered.
    ///
    /// # Errors
    /// As [`Gateway::run`].
    pub fn send(
        &self,
        mut run: Run,
        request_type: &RequestType,
        sending: &Sending,
    ) -> Result<Outcome, Error> {
        let before = run.execution().attempt > 1;
        let mut repeated = before;
        let mut heartbeat = || {
            repeated = true;
            Ok(self.journal.heartbeat(&mut run)?)
        };
        match self.transport.send(&sending.call, before, &mut heartbeat)? {
            Reply::Answer(answer) => {
                let gone = repeated && sending.call.method == "DELETE" && answer.is_missing();
                let answer =
                    if gone { crate::gateway::reconcile::deleted(&sending.call) } else { answer };
                self.settle(run, request_type, sending.seq, answer)
            }
            Reply::Unknown(reason) => self.pending(run, request_type, &reason),
            Reply::KeyReplaysError(reason) => {
                tracing::warn!(execution = run.execution().id.as_str(), "{reason}");
                self.look(run, request_type, sending)
            }
        }
    }

    fn pending(
        &self,
        run: Run,
        request_type: &RequestType,
        reason: &str,
    ) -> Result<Outcome, Error> {
        let id = run.execution().id.to_string();
        tracing::warn!(execution = id, request_type = request_type.name, "no answer: {reason}");
        failpoint!("unknown_before_commit");
        if injected_bug("timeout_is_failure") {
            self.journal.fail(run, reason, None)?;
            return Ok(Outcome::given_up(&id, &request_type.name, false, reason));
        }
        self.journal.unknown(run, reason)?;
        Ok(Outcome::pending(&id, &request_type.name, false))
    }
}

/// What marks the object that an execution makes at Stripe.
pub fn operation(execution: &str) -> String {
    format!("{execution}-0")
}

fn name(seen: &Finding) -> &str {
    match seen {
        Finding::Applied(_) => "Stripe did it",
        Finding::NotApplied => "Stripe did not do it",
        Finding::Unavailable(reason) => reason,
        Finding::Undeterminable => "it cannot be found out",
    }
}
