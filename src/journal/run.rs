//! A run: an execution that this process holds, with its recorded steps.

use super::intent::{StepAnswer, StepIntent};
use super::successor::Successor;
use jiff::Timestamp;
use serde_json::Value as Json;
use sluicegate_store::execution::{Execution, Step};
use sluicegate_store::write::Write;

/// An execution that this process holds. End it through the journal: finish, unknown, retryable,
/// fail. A dropped run keeps running until its lease expires; then it is pending again.
#[derive(Debug)]
pub struct Run {
    pub(super) execution: Execution,
    pub(super) steps: Vec<Step>,
    pub(super) next: u32,
    // Answers and memoized values for the next commit of this run.
    pub(super) unsaved: Vec<Write>,
    // Results that depend on the current phase: committed with it, or never.
    pub(super) tentative: Vec<Write>,
    // True when a caller waits for the end: its commit is not deferred then.
    pub(super) is_waited_for: bool,
    // Set when the end of this run shall claim what comes after it.
    pub(super) successor: Option<Successor>,
}

impl Run {
    /// Lets the end of this run claim what comes after it in its order.
    #[must_use]
    pub fn with_successor(mut self, successor: &Successor) -> Self {
        self.successor = Some(successor.clone());
        self
    }

    pub(super) fn new(execution: Execution, steps: Vec<Step>) -> Self {
        Self {
            execution,
            steps,
            next: 0,
            unsaved: Vec::new(),
            tentative: Vec::new(),
            is_waited_for: true,
            successor: None,
        }
    }

    /// The execution as claimed or begun.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// All steps recorded so far, including those of earlier attempts.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The execution's `now`, the same on every replay: the input's `begins_at`, or the creation
    /// time.
    pub fn now(&self) -> Timestamp {
        let begins = self.execution.input.get("begins_at").and_then(Json::as_str);
        begins.and_then(|text| text.parse().ok()).unwrap_or(self.execution.created_at)
    }

    /// The kind of the next recorded step; `None` when all are replayed.
    pub fn next_kind(&self) -> Option<&str> {
        Some(self.recorded()?.kind.as_str())
    }

    /// Takes the next recorded step, whose stored bytes are sent again instead of being rendered
    /// again. `None` when all recorded steps are replayed.
    pub fn recall(&mut self) -> Option<Step> {
        let step = self.recorded().cloned()?;
        self.next += 1;
        Some(step)
    }

    /// Records the answer of a step. It is committed with the next step or the end of the run.
    pub fn answer(&mut self, answer: StepAnswer, at: Timestamp) {
        let step = self.steps.iter_mut().find(|step| step.seq == answer.seq);
        if let Some(step) = step {
            step.response = Some(answer.response.clone());
            step.answered_at = Some(at);
        }
        self.unsaved.push(Write::StepAnswer {
            execution_id: self.execution.id.clone(),
            seq: answer.seq,
            response: answer.response,
            at,
        });
    }

    /// Skips the recorded steps that are not replayed.
    pub fn skip_recorded(&mut self) {
        self.next = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
    }

    /// A recorded step that this attempt neither replayed nor answered.
    pub(super) fn unreplayed_step(&self) -> Option<&Step> {
        let step = self.recorded()?;
        let is_answered = self
            .unsaved
            .iter()
            .any(|write| matches!(write, Write::StepAnswer { seq, .. } if *seq == step.seq));
        (!is_answered).then_some(step)
    }

    pub(super) fn recorded(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.seq == self.next)
    }
}

/// The step after those the run has taken.
pub(super) fn new_step(run: &Run, intent: StepIntent, now: Timestamp) -> Step {
    Step {
        execution_id: run.execution.id.clone(),
        seq: run.next,
        kind: intent.kind,
        request: intent.request,
        fingerprint: intent.fingerprint,
        response: None,
        template_hash: intent.template_hash,
        created_at: now,
        answered_at: None,
    }
}

/// The result of [`super::begin::Journal::begin`].
#[derive(Debug)]
pub enum Begun {
    /// A new execution, owned by the caller: run it.
    New(Run),
    /// The key's execution has finished; its outcome is recorded.
    Finished(Execution),
    /// The key's execution is running, waiting for retry, or its answer is not known yet.
    InProgress(Execution),
    /// The key was used with a different fingerprint.
    Conflict(Execution),
}

/// The result of [`super::begin::Journal::begin_step`].
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum StepBegun {
    /// Take this step: its intent is on disk. A resumed run gets the stored step.
    Take(Step),
    /// The step was answered in an earlier attempt.
    Answered(Json),
}
