//! Work queued by a committed form: its `async_callback_actions` and API call notifications, and
//! the `callback` of an API call.

use crate::app::error::Error;
use crate::app::host::RequestHost;
use crate::app::jobs::Queued;
use crate::template::request_context::RequestContext;
use serde_json::{Value as Json, json};
use sluicegate_module::api_call::ApiCall;
use sluicegate_module::form::Form;

impl RequestHost {
    /// Queues a form's asynchronous work. The jobs exist once the form's records are committed.
    /// Callbacks see `seen` as `form`, and `params`.
    ///
    /// # Errors
    /// [`Error::Journal`].
    pub(super) fn schedule(&self, form: &Form, seen: &Json, params: &Json) -> Result<(), Error> {
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
        for call in calls.filter_map(|name| self.instance.catalog.api_call(name)) {
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

    /// Sends an API call notification of a form if its condition holds, then runs its callback.
    ///
    /// # Errors
    /// [`Error::Template`], or [`Error::Notification`] if it was not sent.
    pub(super) fn notify(
        &self,
        call: &ApiCall,
        seen: &Json,
        request_context: &RequestContext,
    ) -> Result<(), Error> {
        let form = seen.get("form").cloned().unwrap_or_default();
        if let Some(condition) = &call.trigger_condition {
            let locals = json!({ "data": form, "form": form });
            let holds = self.on(request_context).renderer().raw(condition, locals)?;
            if holds.trim() != "true" {
                return Ok(());
            }
        }
        let refused = |why| Error::Notification { call: call.name.clone(), why };
        let response = self.send(&call.name, &form).map_err(refused)?;
        self.answered(&call.name, &form, &response)
    }

    /// Runs the callback of an answered API call, if it has one.
    ///
    /// # Errors
    /// [`Error::Template`].
    pub(super) fn answered(&self, name: &str, data: &Json, response: &Json) -> Result<(), Error> {
        let call = self.instance.catalog.api_call(name);
        let Some(callback) = call.and_then(|call| call.callback.as_ref()) else { return Ok(()) };
        let request_context = self.request_context()?;
        let locals = json!({ "data": data, "form": data, "response": response });
        self.on(&request_context).renderer().raw(callback, locals)?;
        Ok(())
    }
}
