//! Renders a compiled template: its data, its options, and its result.

use crate::budget::Budget;
use crate::context::{Context, HostData, Parts};
use crate::deferred_cost::Watch;
use crate::engine::Engine;
use crate::error::Error;
use crate::partials::Partials;
use crate::print::Escape;
use crate::tag::Flow;
use crate::template::Template;
use crate::text::Text;
use crate::value::Value;
use jiff::Timestamp;
use serde::Serialize;

/// The data and options of one render; what is not set is the engine's.
#[derive(Default)]
pub struct RenderOptions<'a> {
    variables: Vec<(Text, Value)>,
    globals: Vec<(Text, Value)>,
    partials: Option<&'a dyn Partials>,
    host: Option<&'a dyn HostData>,
    escape: Option<Escape>,
    now: Option<Timestamp>,
    budget: Option<&'a Budget>,
}

impl<'a> RenderOptions<'a> {
    /// Options without data.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds variables of the template.
    #[must_use]
    pub fn variables<N: Into<Text>, V: Into<Value>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.variables.extend(variables);
        self
    }

    /// Adds variables that isolated partials see as well.
    #[must_use]
    pub fn globals<N: Into<Text>, V: Into<Value>>(
        mut self,
        globals: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.globals.extend(globals.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Sets where partials are, in place of the engine's.
    #[must_use]
    pub fn partials(mut self, partials: &'a dyn Partials) -> Self {
        self.partials = Some(partials);
        self
    }

    /// Sets what the caller's own tags and filters reach.
    #[must_use]
    pub fn host(mut self, host: &'a dyn HostData) -> Self {
        self.host = Some(host);
        self
    }

    /// Sets how strings are escaped, in place of the engine's choice.
    #[must_use]
    pub fn escape(mut self, escape: Escape) -> Self {
        self.escape = Some(escape);
        self
    }

    /// Sets the time that `now` is throughout the render; the system's time unless set.
    #[must_use]
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// Draws on a budget that several renders share, in place of a new one of the engine's limits.
    #[must_use]
    pub fn budget(mut self, budget: &'a Budget) -> Self {
        self.budget = Some(budget);
        self
    }
}

/// The result of a render.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rendered {
    /// What the template printed.
    pub output: String,
    /// The value of a `return` tag, where the engine has one.
    pub returned: Option<Value>,
    /// How the template ended.
    pub flow: Flow,
    /// Unknown filters, and errors that were printed inline.
    pub warnings: Vec<Error>,
}

impl Engine {
    /// Renders a template with options; [`Template::render`] is the short form.
    ///
    /// # Errors
    /// The first error, with its place and the partials that led there. With
    /// [`crate::engine::RenderErrors::Inline`] only an exceeded limit is returned.
    pub fn render(
        &self,
        template: &Template,
        options: RenderOptions<'_>,
    ) -> Result<Rendered, Error> {
        let _watch = Watch::begin();
        let own_budget;
        let budget = match options.budget {
            Some(budget) => budget,
            None => {
                own_budget = Budget::new(self.limits());
                &own_budget
            }
        };
        let parts = Parts {
            variables: options.variables,
            globals: options.globals,
            partials: options.partials.unwrap_or(self),
            host: options.host.unwrap_or(&()),
            escape: options.escape.unwrap_or(self.options.escape),
            now: options.now.unwrap_or_else(Timestamp::now),
            budget,
        };
        let mut context = Context::new(self, parts);
        context.reserve_output(template.expected_output());
        let flow = template.render_into(&mut context)?;
        budget.settle()?;
        let output = context.take_output();
        template.expect_output(output.len());
        Ok(Rendered { output, returned: context.returned, flow, warnings: context.warnings })
    }
}

impl Template {
    /// Renders the template with data: a map or struct that serde serializes, such as
    /// `serde_json::json!({…})`.
    ///
    /// # Errors
    /// When the data is not an object, and as [`Engine::render`].
    pub fn render(&self, engine: &Engine, data: impl Serialize) -> Result<String, Error> {
        let Value::Hash(data) = Value::from_serialize(data)? else {
            return Err(Error::argument("the data of a render has to be an object"));
        };
        let variables = std::mem::take(&mut **data.borrow_mut());
        let options = RenderOptions::new().variables(variables);
        engine.render(self, options).map(|rendered| rendered.output)
    }
}
