//! Builds an engine: its options, its tags and filters, and where it finds partials.

use crate::budget::Limits;
use crate::context::Context;
use crate::engine::{Engine, Flavor, Mode, RenderErrors, StringLiterals, UnknownNames};
use crate::error::Error;
use crate::filter::{Arguments, Filter};
use crate::partials::Sources;
use crate::print::Escape;
use crate::tag::ReadTag;
use crate::value::Value;
use std::borrow::Cow;

/// Builds an [`Engine`]; [`Engine::builder`] returns one with standard Liquid's tags and filters.
#[derive(Debug, Clone, Default)]
pub struct EngineBuilder {
    engine: Engine,
}

impl EngineBuilder {
    /// A builder without any tags or filters.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The engine as it is configured now; the builder can go on to build others.
    #[must_use]
    pub fn build(&self) -> Engine {
        // Two engines of one builder may differ in their tags, and so in what they compile.
        let sources = self.engine.sources.as_ref().map(Sources::uncompiled);
        Engine { sources, ..self.engine.clone() }
    }

    /// Sets whose semantics to follow; [`Flavor::Shopify`] unless set.
    pub fn flavor(&mut self, flavor: Flavor) -> &mut Self {
        self.engine.options.flavor = flavor;
        self
    }

    /// Sets how malformed markup is read; [`Mode::Lax`] unless set.
    pub fn mode(&mut self, mode: Mode) -> &mut Self {
        self.engine.options.mode = mode;
        self
    }

    /// Sets what unknown tags and filters do; [`UnknownNames::WarnOfFilters`] unless set.
    pub fn unknown_names(&mut self, unknown_names: UnknownNames) -> &mut Self {
        self.engine.options.unknown_names = unknown_names;
        self
    }

    /// Sets what errors of a render do; [`RenderErrors::Raise`] unless set.
    pub fn render_errors(&mut self, render_errors: RenderErrors) -> &mut Self {
        self.engine.options.render_errors = render_errors;
        self
    }

    /// Sets how quoted strings are read; [`StringLiterals::Plain`] unless set.
    pub fn string_literals(&mut self, string_literals: StringLiterals) -> &mut Self {
        self.engine.options.string_literals = string_literals;
        self
    }

    /// Sets how strings are escaped when they are printed; [`Escape::Raw`] unless set.
    pub fn escape(&mut self, escape: Escape) -> &mut Self {
        self.engine.options.escape = escape;
        self
    }

    /// Sets what a render may spend.
    pub fn limits(&mut self, limits: Limits) -> &mut Self {
        self.engine.options.limits = limits;
        self
    }

    /// Adds or replaces a tag. The function reads the tag's markup, and a block's body up to its
    /// end tag.
    pub fn tag(&mut self, name: impl Into<Cow<'static, str>>, read: ReadTag) -> &mut Self {
        self.engine.tags.insert(name.into(), read);
        self
    }

    /// Adds or replaces a filter that needs only its input and its arguments.
    pub fn filter(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        filter: impl Fn(Value, &Arguments) -> Result<Value, Error> + Send + Sync + 'static,
    ) -> &mut Self {
        self.add(name, Filter::closure(move |value, arguments, _| filter(value, arguments)))
    }

    /// Adds or replaces a filter that uses the render as well: its variables, budget or host.
    pub fn context_filter(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        filter: fn(Value, &Arguments, &mut Context<'_>) -> Result<Value, Error>,
    ) -> &mut Self {
        self.add(name, Filter::function(filter))
    }

    /// Wraps a filter: the closure gets the filter it replaces, and has to agree with it on strings
    /// and arrays. Without a filter of that name this does nothing.
    pub fn wrap_filter(
        &mut self,
        name: &str,
        wrapper: impl Fn(&Filter, Value, &Arguments, &mut Context<'_>) -> Result<Value, Error>
        + Send
        + Sync
        + 'static,
    ) -> &mut Self {
        if let Some(filter) = self.engine.filters.get_mut(name) {
            *filter = filter.wrapped(wrapper);
        }
        self
    }

    /// Takes partials from a map of names and sources; each is compiled when it is first used.
    pub fn partials<N: Into<String>, S: Into<String>>(
        &mut self,
        partials: impl IntoIterator<Item = (N, S)>,
    ) -> &mut Self {
        let partials = partials.into_iter().map(|(name, source)| (name.into(), source.into()));
        self.engine.sources = Some(Sources::from_map(partials.collect()));
        self
    }

    /// Takes partials from a closure that returns the source of a name, or `None` when there is no
    /// such partial. It is called once a render and name; the source is compiled again only when
    /// it changed.
    pub fn partials_from(
        &mut self,
        find: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> &mut Self {
        self.engine.sources = Some(Sources::from_closure(find));
        self
    }

    /// Adds or replaces a filter.
    pub(crate) fn add(&mut self, name: impl Into<Cow<'static, str>>, filter: Filter) -> &mut Self {
        self.engine.filters.insert(name.into(), filter);
        self
    }
}
