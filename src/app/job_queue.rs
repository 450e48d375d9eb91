//! Queues background jobs. Inside a phase, a job exists once the phase is committed.

use crate::app::host::RequestHost;
use crate::journal::error::Error;
use crate::journal::intent::{Enqueue, Intent};
use crate::template::host::{Job, Work};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use sluicegate_module::form::Form;
use sluicegate_secret::card_number;
use sluicegate_store::kind::ExecutionKind;

/// The execution kind of background jobs.
pub const KIND: &str = ExecutionKind::BackgroundJob.name();
/// The context that the arguments of a form's jobs are sealed with: they hold visitors' input.
pub(super) const PLACE: &str = "background_job/arguments";

/// The queue of background jobs, as one request sees it.
pub(super) struct JobQueue<'a> {
    host: &'a RequestHost,
}

/// A job to be queued.
struct Queued<'a> {
    /// The name shown in lists.
    name: &'a str,
    /// The work: `{partial}`, `{form}`, `{api_call}` or `{text, path, line}`.
    work: Json,
    /// The variables that the job sees, an object.
    arguments: &'a Json,
    /// True when the arguments must be sealed.
    is_private: bool,
    /// The delay before the first attempt.
    delay_minutes: f64,
    /// The maximum number of attempts.
    max_attempts: u32,
}

impl<'a> JobQueue<'a> {
    pub(super) fn new(host: &'a RequestHost) -> Self {
        Self { host }
    }

    /// Queues a template's job. Returns the execution's id.
    ///
    /// # Errors
    /// The journal's.
    pub(super) fn enqueue(&self, job: &Job) -> Result<String, Error> {
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

    /// Queues a form's `async_callback_actions` and API call notifications. Callbacks see `seen` as
    /// `form`, and `params`.
    ///
    /// # Errors
    /// The journal's.
    pub(super) fn enqueue_form(
        &self,
        form: &Form,
        seen: &Json,
        params: &Json,
    ) -> Result<(), Error> {
        let arguments = json!({ "form": seen, "params": params });
        if let Some(callback) = &form.async_callback_actions {
            self.queue(Queued {
                name: &form.name,
                work: json!({ "form": form.name }),
                arguments: &arguments,
                is_private: true,
                delay_minutes: callback.delay_minutes.into(),
                max_attempts: callback.max_attempts,
            })?;
        }
        let calls = form.api_call_notifications.iter();
        for call in calls.filter_map(|name| self.host.catalog().api_call(name)) {
            if !call.enabled {
                continue;
            }
            self.queue(Queued {
                name: &call.name,
                work: json!({ "api_call": call.name }),
                arguments: &arguments,
                is_private: true,
                delay_minutes: call.delay_minutes.into(),
                // The call's own execution resolves an unknown answer; the job is not retried.
                max_attempts: 1,
            })?;
        }
        Ok(())
    }

    fn queue(&self, job: Queued<'_>) -> Result<String, Error> {
        let scope = &self.host.scope;
        // A template may pass on anything that was posted.
        let mut arguments = job.arguments.clone();
        card_number::mask_json(&mut arguments);
        let mut input = json!({ "work": job.work, "user_id": scope.user_id,
                "max_attempts": job.max_attempts });
        if job.is_private {
            let sealed = self.host.key().seal(PLACE, &arguments.to_string());
            input["sealed"] = json!(sealed);
        } else {
            input["arguments"] = arguments;
        }
        let delay = SignedDuration::try_from_secs_f64(job.delay_minutes.max(0.0) * 60.0);
        let run_at = self.host.runtime.clock.now() + delay.unwrap_or_default();
        // The job's `now`, the same for every attempt.
        input["begins_at"] = json!(run_at.to_string());
        let mut intent = Intent::new(KIND, job.name, input);
        intent.idempotency_key = scope.nested_key();
        let later = Enqueue { intent, run_at };
        let id = self.host.write(|phase| Ok::<_, Error>(phase.enqueue(later)))?;
        self.host.runtime.wake.notify_one();
        Ok(id.to_string())
    }

    /// The variables of a queued job; `None` when they were sealed with another instance key.
    pub(super) fn arguments(&self, input: &Json) -> Option<Json> {
        match input.get("sealed").and_then(Json::as_str) {
            Some(sealed) => {
                let open = self.host.key().open(PLACE, sealed)?;
                serde_json::from_str(open.expose()).ok()
            }
            None => Some(input.get("arguments").cloned().unwrap_or_else(|| json!({}))),
        }
    }
}
