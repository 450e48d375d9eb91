//! The compiled templates with the context and the host that they are rendered with.

use crate::template::error::Error;
use crate::template::host::Host;
use crate::template::output::OutputMode;
use crate::template::render::{Locals, Rendered, Templates};
use crate::template::request_context::RequestContext;
use sluicegate_module::source::Source;

/// Renders the templates of one request or run.
#[derive(Clone, Copy)]
pub struct Renderer<'a> {
    /// The modules' compiled templates.
    pub templates: &'a Templates,
    /// The request context, for `context`.
    pub request_context: &'a RequestContext,
    /// The services behind the platform's tags and filters.
    pub host: &'a dyn Host,
}

impl Renderer<'_> {
    /// Renders without escaping, as calls, callbacks and mappers are rendered.
    ///
    /// # Errors
    /// As [`Templates::render`].
    pub fn raw(&self, source: &Source, locals: impl Into<Locals>) -> Result<String, Error> {
        self.render(source, locals, OutputMode::Raw)
    }

    /// Renders with the escaping of `output`.
    ///
    /// # Errors
    /// As [`Templates::render`].
    pub fn render(
        &self,
        source: &Source,
        locals: impl Into<Locals>,
        output: OutputMode,
    ) -> Result<String, Error> {
        Ok(self.rendered(source, locals, output)?.output)
    }

    /// Renders, and returns what the template changes in the response as well.
    ///
    /// # Errors
    /// As [`Templates::render`].
    pub fn rendered(
        &self,
        source: &Source,
        locals: impl Into<Locals>,
        output: OutputMode,
    ) -> Result<Rendered, Error> {
        self.templates.render(source, self.request_context, locals, output, self.host)
    }
}
