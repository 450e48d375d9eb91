//! Background jobs and transactions of templates.

use crate::app::error::Error;
use crate::app::host::RequestHost;
use crate::app::house::House;
use crate::journal::buffer::Buffer as _;
use crate::journal::error::Error as JournalError;
use crate::journal::intent::{Intent, Later};
use crate::journal::run::Run;
use crate::module::profile::Profile;
use crate::module::source::Source;
use crate::store::execution::State;
use crate::template::host::{Job, Transaction, Work};
use crate::template::render::OutputMode;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

/// The kind of these executions.
pub const KIND: &str = "background_job";

impl RequestHost {
    /// Queues a job; inside a phase it begins to exist when the phase is committed.
    ///
    /// # Errors
    /// [`Error::Journal`].
    pub fn enqueue(&self, job: &Job) -> Result<String, Error> {
        let (name, work) = match &job.work {
            Work::Partial(name) => (name.clone(), json!({ "partial": name })),
            Work::Body { text, path, line } => {
                let name = format!("{}:{line}", path.display());
                (name.clone(), json!({ "text": text, "path": path, "line": line }))
            }
        };
        let name = job.source_name.clone().unwrap_or(name);
        let mut input = json!({ "work": work, "arguments": job.arguments, "user_id": self.scope.user_id,
                "max_attempts": job.max_attempts });
        let delay = SignedDuration::try_from_secs_f64(job.delay_minutes.max(0.0) * 60.0);
        let run_at = self.house.clock.now() + delay.unwrap_or_default();
        // Its own idea of `now`, however often it is tried.
        input["begins_at"] = json!(run_at.to_string());
        let mut intent = Intent::new(KIND, &name, input);
        intent.idempotency_key = self.nested_key();
        let later = Later { intent, run_at };
        let id = self.write(|phase| Ok::<_, JournalError>(phase.enqueue(later)))?;
        self.house.wake.notify_one();
        Ok(id.to_string())
    }

    /// Runs a queued job; its record writes commit with its end.
    ///
    /// # Errors
    /// [`Error::Template`] when it failed; it is tried again.
    pub fn job(&self, run: Run) -> Result<(), Error> {
        let input = run.execution().input.clone();
        let Some(source) = self.job_source(&input) else {
            let reason = "the partial of this job is gone";
            self.house.journal.fail(run, reason, None)?;
            return Ok(());
        };
        let arguments = input.get("arguments").cloned().unwrap_or_else(|| json!({}));
        let scene = self.scene()?;
        let host = self.on(&scene);
        let mut phase = self.house.journal.phase();
        let mut result = Ok(());
        let (run, stopped) = host.within_run(run, &mut phase, &mut || {
            let templates = &self.world.templates;
            let arguments = arguments.clone();
            result =
                templates.render(&source, &scene, arguments, OutputMode::Raw, &host).map(|_| ());
        });
        if let Some(why) = stopped {
            self.house.journal.stop(run, why)?;
            return Ok(());
        }
        if let Err(error) = result {
            let attempts_max = input.get("max_attempts").and_then(Json::as_u64).unwrap_or(1);
            let attempts_max = u32::try_from(attempts_max).unwrap_or(u32::MAX);
            self.house.journal.retry_or_give_up(run, &error.to_string(), attempts_max)?;
            return Err(error.into());
        }
        self.house.journal.finish(run, None, phase, State::Completed, json!({ "done": true }))?;
        Ok(())
    }

    fn job_source(&self, input: &Json) -> Option<Source> {
        let work = input.get("work")?;
        if let Some(name) = work.get("partial").and_then(Json::as_str) {
            return self.world.catalog.partial(name).map(|partial| partial.source.clone());
        }
        let text = work.get("text")?.as_str()?;
        let path = work.get("path")?.as_str()?;
        let line = work.get("line")?.as_u64().and_then(|line| u32::try_from(line).ok())?;
        let profile = self.world.catalog.root().map_or(Profile::Modern, |root| root.profile);
        Some(Source::new(path.to_owned(), path, line, text, profile))
    }

    /// Opens, ends or undoes a transaction of a template.
    ///
    /// # Errors
    /// [`Error::Journal`] when what it wrote cannot be committed.
    pub fn transaction(&self, step: Transaction) -> Result<(), Error> {
        let House { journal, .. } = &*self.house;
        let mut open = self.scope.transactions.lock().expect("no holder panics");
        let mut slot = self.scope.phase.lock().expect("no holder of the phase panics");
        match step {
            Transaction::Begin => {
                open.push(slot.as_ref().map(|phase| phase.mark()));
                slot.get_or_insert_with(|| journal.phase());
            }
            Transaction::Commit => {
                // One inside another ends with the outer one.
                if let Some(None) = open.pop()
                    && let Some(phase) = slot.take()
                {
                    journal.write(phase)?;
                }
            }
            Transaction::Rollback => match open.pop() {
                Some(Some(mark)) => {
                    if let Some(phase) = slot.as_mut() {
                        phase.rollback_to(mark);
                    }
                }
                Some(None) => *slot = None,
                None => {}
            },
        }
        Ok(())
    }
}
