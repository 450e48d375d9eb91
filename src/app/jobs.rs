//! Background jobs, and transactions in templates.

use crate::app::error::Error;
use crate::app::host::RequestHost;
use crate::app::runtime::Runtime;
use crate::journal::buffer::with_run;
use crate::journal::error::Error as JournalError;
use crate::journal::intent::{Enqueue, Intent};
use crate::journal::run::Run;
use crate::template::host::{Job, Transaction, Work};
use crate::template::request_context::RequestContext;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use sluicegate_module::api_call::ApiCall;
use sluicegate_module::profile::Profile;
use sluicegate_module::source::Source;
use sluicegate_store::execution::State;
use sluicegate_store::kind::ExecutionKind;

/// The execution kind of background jobs.
pub const KIND: &str = ExecutionKind::BackgroundJob.name();
/// The context that the arguments of a form's jobs are sealed with: they hold visitors' input.
const PLACE: &str = "background_job/arguments";

/// A job to be queued.
pub(super) struct Queued<'a> {
    /// The name shown in lists.
    pub(super) name: &'a str,
    /// The work: `{partial}`, `{form}`, `{api_call}` or `{text, path, line}`.
    pub(super) work: Json,
    /// The variables that the job sees, an object.
    pub(super) arguments: &'a Json,
    /// True when the arguments must be sealed.
    pub(super) is_private: bool,
    /// The delay before the first attempt.
    pub(super) delay_minutes: f64,
    /// The maximum number of attempts.
    pub(super) max_attempts: u32,
}

/// The work of a job.
enum Doing {
    /// Renders a template.
    Render(Source),
    /// Sends an API call notification.
    Notify(Box<ApiCall>),
}

impl RequestHost {
    /// Queues a job. Inside a phase, it exists once the phase is committed. Returns the execution's
    /// id.
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
        self.queue(Queued {
            name: job.source_name.as_ref().unwrap_or(&name),
            work,
            arguments: &job.arguments,
            is_private: false,
            delay_minutes: job.delay_minutes,
            max_attempts: job.max_attempts,
        })
    }

    /// Queues a job of any kind.
    ///
    /// # Errors
    /// [`Error::Journal`].
    pub(super) fn queue(&self, job: Queued<'_>) -> Result<String, Error> {
        let mut input = json!({ "work": job.work, "user_id": self.scope.user_id,
                "max_attempts": job.max_attempts });
        if job.is_private {
            let sealed = self.runtime.config.instance_key.seal(PLACE, &job.arguments.to_string());
            input["sealed"] = json!(sealed);
        } else {
            input["arguments"] = job.arguments.clone();
        }
        let delay = SignedDuration::try_from_secs_f64(job.delay_minutes.max(0.0) * 60.0);
        let run_at = self.runtime.clock.now() + delay.unwrap_or_default();
        // The job's `now`, the same for every attempt.
        input["begins_at"] = json!(run_at.to_string());
        let mut intent = Intent::new(KIND, job.name, input);
        intent.idempotency_key = self.nested_key();
        let later = Enqueue { intent, run_at };
        let id = self.write(|phase| Ok::<_, JournalError>(phase.enqueue(later)))?;
        self.runtime.wake.notify_one();
        Ok(id.to_string())
    }

    /// Runs a queued job; its record writes are committed when it finishes.
    ///
    /// # Errors
    /// [`Error::Template`] when it failed; it is retried up to its limit.
    pub fn job(&self, run: Run) -> Result<(), Error> {
        let input = run.execution().input.clone().into_json();
        let (Some(work), Some(arguments)) = (self.job_work(&input), self.job_arguments(&input))
        else {
            let reason = "what this job runs does not exist any more, or it was queued under another instance key";
            self.runtime.journal.fail(run, reason, None)?;
            return Ok(());
        };
        let request_context = self.request_context()?;
        let host = self.on(&request_context);
        let journal = &self.runtime.journal;
        let ran = with_run(&host, journal, run, journal.phase(), || match &work {
            Doing::Render(source) => self.render_job(source, &arguments, &request_context),
            Doing::Notify(call) => self.notify(call, &arguments, &request_context),
        });
        let Ok((run, phase, result)) = ran.or_stop(journal)? else { return Ok(()) };
        if let Err(error) = result {
            let attempts_max = input.get("max_attempts").and_then(Json::as_u64).unwrap_or(1);
            let attempts_max = u32::try_from(attempts_max).unwrap_or(u32::MAX);
            journal.retry_or_discard(run, &error.to_string(), attempts_max)?;
            return Err(error);
        }
        journal.finish(run, None, phase, State::Completed, json!({ "done": true }))?;
        Ok(())
    }

    fn render_job(
        &self,
        source: &Source,
        arguments: &Json,
        request_context: &RequestContext,
    ) -> Result<(), Error> {
        self.on(request_context).renderer().raw(source, arguments.clone())?;
        Ok(())
    }

    fn job_arguments(&self, input: &Json) -> Option<Json> {
        match input.get("sealed").and_then(Json::as_str) {
            Some(sealed) => {
                let open = self.runtime.config.instance_key.open(PLACE, sealed)?;
                serde_json::from_str(open.expose()).ok()
            }
            None => Some(input.get("arguments").cloned().unwrap_or_else(|| json!({}))),
        }
    }

    fn job_work(&self, input: &Json) -> Option<Doing> {
        let work = input.get("work")?;
        let catalog = &self.instance.catalog;
        let named = |what: &str| work.get(what).and_then(Json::as_str);
        if let Some(name) = named("partial") {
            return catalog.partial(name).map(|partial| Doing::Render(partial.source.clone()));
        }
        if let Some(name) = named("form") {
            let callback = catalog.form(name)?.async_callback_actions.as_ref()?;
            return Some(Doing::Render(callback.source.clone()));
        }
        if let Some(name) = named("api_call") {
            return catalog.api_call(name).cloned().map(Box::new).map(Doing::Notify);
        }
        let (text, path) = (named("text")?, named("path")?);
        let line = work.get("line")?.as_u64().and_then(|line| u32::try_from(line).ok())?;
        let profile = catalog.root().map_or(Profile::Modern, |root| root.profile);
        Some(Doing::Render(Source::new(path.to_owned(), path, line, text, profile)))
    }

    /// Begins, commits or rolls back a template's transaction.
    ///
    /// # Errors
    /// [`Error::Journal`] when the transaction's writes cannot be committed.
    pub fn transaction(&self, step: Transaction) -> Result<(), Error> {
        let Runtime { journal, .. } = &*self.runtime;
        let mut open = self.scope.transactions.lock().expect("no holder panics");
        let mut slot = self.scope.phase.lock().expect("no holder of the phase panics");
        match step {
            Transaction::Begin => {
                open.push(slot.as_ref().map(|phase| phase.mark()));
                slot.get_or_insert_with(|| journal.phase());
            }
            Transaction::Commit => {
                // A nested transaction is committed with the outer one.
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
