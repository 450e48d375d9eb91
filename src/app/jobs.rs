//! Runs queued background jobs: each renders a template or sends an API call notification.

use crate::app::api_calls::{self, ApiCalls};
use crate::app::host::RequestHost;
use crate::app::job_queue::JobQueue;
use crate::app::template_host::TemplateHost;
use crate::journal::buffer::with_run;
use crate::journal::error::Error as JournalError;
use crate::journal::run::Run;
use crate::template::error::Error as TemplateError;
use serde_json::{Value as Json, json};
use sluicegate_module::api_call::ApiCall;
use sluicegate_module::profile::Profile;
use sluicegate_module::source::Source;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::State;

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Constants could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The job's template failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The job's notification was not sent, or its callback failed.
    #[error(transparent)]
    ApiCall(#[from] api_calls::Error),
}

/// The work of a job.
enum Doing {
    /// Renders a template.
    Render(Source),
    /// Sends an API call notification.
    Notify(Box<ApiCall>),
}

/// Background jobs, as one run sees them.
pub struct Jobs<'a> {
    host: &'a RequestHost,
}

impl<'a> Jobs<'a> {
    /// The jobs of a host.
    pub fn new(host: &'a RequestHost) -> Self {
        Self { host }
    }

    /// Runs a queued job; its record writes are committed when it finishes.
    ///
    /// # Errors
    /// [`Error`] when it failed; it is retried up to its limit.
    pub fn run(&self, run: Run) -> Result<(), Error> {
        let journal = self.host.journal();
        let input = run.execution().input.clone().into_json();
        let arguments = JobQueue::new(self.host).arguments(&input);
        let (Some(work), Some(arguments)) = (self.work(&input), arguments) else {
            let reason = "what this job runs does not exist any more, or it was queued under another instance key";
            journal.fail(run, reason, None)?;
            return Ok(());
        };
        let request_context = self.host.request_context()?;
        let inside = TemplateHost::new(self.host, &request_context);
        let ran = with_run(&inside, journal, run, journal.phase(), || -> Result<(), Error> {
            match &work {
                Doing::Render(source) => inside.renderer().raw(source, arguments).map(drop)?,
                Doing::Notify(call) => {
                    ApiCalls::new(self.host).notify(call, &arguments, &inside)?
                }
            }
            Ok(())
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

    fn work(&self, input: &Json) -> Option<Doing> {
        let work = input.get("work")?;
        let catalog = self.host.catalog();
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
}
