//! The steps of a run: recorded once, replayed afterwards.

use super::begin::Journal;
use super::error::Error;
use super::intent::{StepAnswer, StepIntent};
use super::phase::Phase;
use super::run::{Run, StepBegun, new_step};
use serde_json::Value as Json;
use sluicegate_store::execution::{ExecutionUpdate, State};
use sluicegate_store::write::Write;

impl Journal {
    /// Ends a phase. For a new step, one commit holds the answers so far, the phase's writes and
    /// the step's intent. For a recorded step, the phase's writes were committed with it and are
    /// dropped. The phase is empty afterwards.
    pub fn begin_step(
        &self,
        run: &mut Run,
        phase: &mut Phase,
        intent: StepIntent,
    ) -> Result<StepBegun, Error> {
        if run.recorded().is_some() {
            check(run, &intent)?;
            phase.forget();
            let step = run.recall().expect("it was looked at a moment ago");
            return Ok(match step.response {
                Some(response) => StepBegun::Answered(response.into_json()),
                None => StepBegun::Take(step),
            });
        }
        let now = self.now();
        let step = new_step(run, intent, now);
        let mut writes = vec![self.fence(run)];
        writes.extend(run.unsaved.iter().cloned());
        writes.extend(phase.writes().iter().cloned());
        writes.extend(run.tentative.iter().cloned());
        writes.push(Write::StepInsert(step.clone()));
        self.store.commit(writes)?;
        run.unsaved.clear();
        run.tentative.clear();
        phase.forget();
        run.execution.lease_until = Some(now + self.lease);
        run.steps.push(step.clone());
        run.next += 1;
        Ok(StepBegun::Take(step))
    }

    /// Records the answer of a step; it is committed with what follows.
    pub fn answer(&self, run: &mut Run, answer: StepAnswer) {
        run.answer(answer, self.now());
    }

    /// Runs `produce` once for a result that replays must repeat (a random value, a reserved id, a
    /// read that decides). Returns the recorded result, or a new one that goes into the next
    /// commit.
    pub fn memoize(
        &self,
        run: &mut Run,
        intent: StepIntent,
        produce: impl FnOnce() -> Result<Json, Error>,
    ) -> Result<Json, Error> {
        if run.recorded().is_some() {
            check(run, &intent)?;
            let step = run.recall().expect("it was looked at a moment ago");
            return Ok(step.response.unwrap_or_default().into_json());
        }
        let now = self.now();
        let mut step = new_step(run, intent, now);
        let value = produce()?;
        step.response = Some(value.clone().into());
        step.answered_at = Some(now);
        run.unsaved.push(Write::StepInsert(step.clone()));
        run.steps.push(step);
        run.next += 1;
        Ok(value)
    }

    /// The recorded result of an earlier side effect, if there is one. Its record writes were
    /// committed with it, so it must not run again.
    pub fn replayed(&self, run: &mut Run, intent: &StepIntent) -> Result<Option<Json>, Error> {
        if run.recorded().is_none() {
            return Ok(None);
        }
        check(run, intent)?;
        Ok(run.recall().map(|step| step.response.unwrap_or_default().into_json()))
    }

    /// Records a result together with the record writes of the current phase: both are committed
    /// when the phase ends, or neither. A run that ends without another phase needs no record.
    pub fn note(&self, run: &mut Run, intent: StepIntent, result: Json) {
        let now = self.now();
        let mut step = new_step(run, intent, now);
        step.response = Some(result.into());
        step.answered_at = Some(now);
        run.tentative.push(Write::StepInsert(step.clone()));
        run.steps.push(step);
        run.next += 1;
    }

    /// Renews the lease. Fails with `Gone` when another runner took over.
    pub fn heartbeat(&self, run: &mut Run) -> Result<(), Error> {
        self.store.commit(vec![self.fence(run)])?;
        run.execution.lease_until = Some(self.now() + self.lease);
        Ok(())
    }

    /// Like [`Journal::heartbeat`], but does nothing while at least half of the lease is left.
    pub fn heartbeat_if_due(&self, run: &mut Run) -> Result<(), Error> {
        let left = run.execution.lease_until.map(|until| until.duration_since(self.now()));
        if left.is_some_and(|left| left < self.lease / 2) { self.heartbeat(run) } else { Ok(()) }
    }

    /// The write that fails unless this runner still owns the execution.
    fn fence(&self, run: &Run) -> Write {
        let execution = &run.execution;
        Write::ExecutionUpdate(ExecutionUpdate {
            id: execution.id.clone(),
            from: vec![State::Running],
            from_attempt: Some(execution.attempt),
            state: State::Running,
            attempt: execution.attempt,
            run_at: execution.run_at,
            lease_until: Some(self.now() + self.lease),
            outcome: None,
            error: execution.error.clone(),
            finished_at: None,
        })
    }
}

fn check(run: &Run, intent: &StepIntent) -> Result<(), Error> {
    let Some(step) = run.recorded() else { return Ok(()) };
    if step.kind == intent.kind && step.fingerprint == intent.fingerprint {
        return Ok(());
    }
    let short = |kind: &str, print: &str| format!("{kind} {}", print.get(..12).unwrap_or(print));
    Err(Error::NonDeterministic {
        execution: run.execution.id.clone(),
        seq: step.seq,
        recorded: short(&step.kind, &step.fingerprint),
        attempted: short(&intent.kind, &intent.fingerprint),
    })
}
