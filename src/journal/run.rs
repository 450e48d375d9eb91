//! A run: an execution that this process holds, with the steps it has taken.

use super::intent::StepAnswer;
use jiff::Timestamp;
use serde_json::Value as Json;
use sluicegate_store::execution::{Execution, Step};
use sluicegate_store::write::Write;

/// An execution in our hands. It ends through the journal: finish, unknown, retryable, fail.
/// Dropping it leaves the execution running until its lease ends; then it is pending again.
#[derive(Debug)]
pub struct Run {
    pub(super) execution: Execution,
    pub(super) steps: Vec<Step>,
    pub(super) next: u32,
    // Answers and remembered values that go into the next commit of this run.
    pub(super) unsaved: Vec<Write>,
    // Results that the present phase led to: committed with it at its border, or never.
    pub(super) tentative: Vec<Write>,
    // True when somebody waits for its end: its commit does not wait for company then.
    pub(super) is_waited_for: bool,
}

impl Run {
    pub(super) fn new(execution: Execution, steps: Vec<Step>) -> Self {
        Self {
            execution,
            steps,
            next: 0,
            unsaved: Vec::new(),
            tentative: Vec::new(),
            is_waited_for: true,
        }
    }

    /// The execution.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// All steps recorded so far, also those of earlier attempts.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The execution's idea of `now`, the same however often it is run: when it was asked for, or
    /// was to begin.
    pub fn now(&self) -> Timestamp {
        let begins = self.execution.input.get("begins_at").and_then(Json::as_str);
        begins.and_then(|text| text.parse().ok()).unwrap_or(self.execution.created_at)
    }

    /// The kind of the recorded step that comes next; `None` when all are taken.
    pub fn next_kind(&self) -> Option<&str> {
        Some(self.recorded()?.kind.as_str())
    }

    /// Takes the next recorded step as it is, to send its stored bytes again instead of rendering
    /// anew. `None` when all recorded steps are taken.
    pub fn recall(&mut self) -> Option<Step> {
        let step = self.recorded().cloned()?;
        self.next += 1;
        Some(step)
    }

    /// Notes the answer of a step. It is committed with whatever follows it: the next step, or
    /// the end of the run.
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

    /// Passes over recorded steps that are not gone through again.
    pub fn skip_recorded(&mut self) {
        self.next = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
    }

    /// A recorded step that this attempt neither went through nor answered.
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

/// What [`super::begin::Journal::begin`] found.
#[derive(Debug)]
pub enum Begun {
    /// It is new and ours: do it.
    New(Run),
    /// It was done before: here is the outcome.
    Finished(Execution),
    /// It is under way, or its answer is not known yet.
    InProgress(Execution),
    /// The key was used for something else.
    Conflict(Execution),
}

/// What [`super::begin::Journal::begin_step`] found.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub enum StepBegun {
    /// Take this step: its intent is on disk. On a resumed run it is the stored one.
    Take(Step),
    /// It was taken and answered in an earlier attempt.
    Answered(Json),
}
