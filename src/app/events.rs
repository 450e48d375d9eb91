//! Processes stored webhook events, with the templates of their modules.

use crate::app::host::RequestHost;
use crate::app::template_host::TemplateHost;
use crate::journal::run::Run;
use crate::webhook::dispatch::{Dispatch, Processed};
use crate::webhook::error::Error;
use crate::webhook::newest::Newest;
use sluicegate_store::execution::Execution;

/// Webhook events, as one run sees them.
pub struct Events<'a> {
    host: &'a RequestHost,
}

impl<'a> Events<'a> {
    /// The events of a host.
    pub fn new(host: &'a RequestHost) -> Self {
        Self { host }
    }

    /// Processes one stored event; `newest` is what is known of those before it.
    ///
    /// # Errors
    /// [`Error`] when its processor failed or the store does not answer.
    pub fn process(&self, run: Run, newest: &Newest) -> Result<bool, Error> {
        self.with_dispatch(newest, |dispatch| dispatch.run(run))
    }

    /// The result of processing an event, without writing it.
    ///
    /// # Errors
    /// As [`Events::process`].
    pub fn dry_run(&self, event: &Execution) -> Result<Processed, Error> {
        self.with_dispatch(&Newest::default(), |dispatch| dispatch.dry_run(event))
    }

    fn with_dispatch<T>(
        &self,
        newest: &Newest,
        work: impl FnOnce(Dispatch<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let request_context = self.host.request_context()?;
        let inside = TemplateHost::new(self.host, &request_context);
        work(Dispatch {
            catalog: self.host.catalog(),
            renderer: inside.renderer(),
            journal: self.host.journal(),
            buffer: &inside,
            livemode: self.host.runtime.config.is_live(),
            newest,
        })
    }
}
