//! What a written form leaves to the background: its `async_callback_actions` and the API calls of
//! its list (platformos.md C4, steps 10 and 11).

use crate::app::error::Error;
use crate::app::host::RequestHost;
use crate::app::jobs::Queued;
use crate::module::api_call::ApiCall;
use crate::module::form::Form;
use crate::module::source::Source;
use crate::template::render::OutputMode;
use crate::template::scene::Scene;
use serde_json::{Value as Json, json};

impl RequestHost {
    /// Queues what is to be done after a form; it begins to exist when the form's records are
    /// committed, and not at all when they are not. `form` and `params` are what callbacks see.
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
        for call in calls.filter_map(|name| self.world.catalog.api_call(name)) {
            if !call.enabled {
                continue;
            }
            self.queue(Queued {
                name: &call.name,
                work: json!({ "api_call": call.name }),
                arguments: &arguments,
                is_private: true,
                delay_minutes: call.delay_minutes.into(),
                // What is not known is asked again by the call's own execution, not by this one.
                max_attempts: 1,
            })?;
        }
        Ok(())
    }

    /// Sends an API call of a form's list, if its condition holds, and then runs its callback.
    ///
    /// # Errors
    /// [`Error::Template`], or why it was not sent.
    pub(super) fn notify(&self, call: &ApiCall, seen: &Json, scene: &Scene) -> Result<(), Error> {
        let host = self.on(scene);
        let render = |source: &Source, locals: Json| {
            self.world.templates.render(source, scene, locals, OutputMode::Raw, &host)
        };
        let form = seen.get("form").cloned().unwrap_or_default();
        let locals = json!({ "data": form, "form": form });
        if let Some(condition) = &call.trigger_condition
            && render(condition, locals.clone())?.output.trim() != "true"
        {
            return Ok(());
        }
        let refused = |why| Error::Notification { call: call.name.clone(), why };
        let response = self.send(&call.name, &form).map_err(refused)?;
        if let Some(callback) = &call.callback {
            let mut locals = locals;
            locals["response"] = response;
            render(callback, locals)?;
        }
        Ok(())
    }
}
