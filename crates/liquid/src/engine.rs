//! The engine: its tags, its filters, and the options that a builder chose.

use crate::budget::Limits;
use crate::error::Error;
use crate::filter::Filter;
use crate::partials::Sources;
use crate::print::Escape;
use crate::suggest::nearest;
use crate::tag::ReadTag;
use foldhash::fast::RandomState;
use std::borrow::Cow;
use std::collections::HashMap;

/// What the parser does with markup that Ruby Liquid's grammar refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mode {
    /// Refuses it, by the grammar of Shopify's newest parser.
    Strict2,
    /// Refuses it where Ruby Liquid's strict mode does: in values, conditions and `for`.
    Strict,
    /// Reads it as [`Mode::Lax`] does, and adds a warning to the template.
    Warn,
    /// Reads as much of it as makes sense.
    #[default]
    Lax,
}

/// What happens to tags and filters that the engine does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnknownNames {
    /// Unknown tags and filters are syntax errors.
    Refuse,
    /// An unknown filter returns its input and adds a warning; an unknown tag is a syntax error, as
    /// in Ruby Liquid.
    #[default]
    WarnOfFilters,
    /// An unknown filter returns its input, an unknown tag is skipped, and both add a warning.
    Warn,
}

/// What happens to errors of a render. An exceeded limit always ends the render.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RenderErrors {
    /// The first error ends the render.
    #[default]
    Raise,
    /// Errors are printed where they happen, as `Liquid error (line 1): …`, and become warnings.
    Inline,
}

/// Whose semantics an engine follows where Shopify and platformOS differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Flavor {
    /// Ruby Liquid, as Shopify uses it: an `include` shares its caller's variables and is refused
    /// inside a `render`, arrays print joined, and hashes print as Ruby inspects them.
    #[default]
    Shopify,
    /// platformOS: array and hash literals, an `include` with variables of its own, and arrays and
    /// hashes that print as JSON.
    Platform,
}

/// How quoted strings in tags and outputs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StringLiterals {
    /// Character by character.
    #[default]
    Plain,
    /// `"{{ x }}"` inside a string is replaced by the value of `x`.
    Interpolated,
}

/// The choices of a builder.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    pub(crate) flavor: Flavor,
    pub(crate) mode: Mode,
    pub(crate) unknown_names: UnknownNames,
    pub(crate) render_errors: RenderErrors,
    pub(crate) string_literals: StringLiterals,
    pub(crate) escape: Escape,
    pub(crate) limits: Limits,
}

/// Compiles and renders templates with a set of tags, filters, partials and limits.
///
/// An engine does not change once it is built, and threads may share it. Build one with
/// [`Engine::builder`].
#[derive(Debug, Clone, Default)]
pub struct Engine {
    pub(crate) tags: HashMap<Cow<'static, str>, ReadTag, RandomState>,
    pub(crate) filters: HashMap<Cow<'static, str>, Filter, RandomState>,
    pub(crate) options: Options,
    pub(crate) sources: Option<Sources>,
}

impl Engine {
    /// The limits of a render that brings no budget of its own.
    pub fn limits(&self) -> Limits {
        self.options.limits
    }

    /// The filter of that name.
    pub fn filter(&self, name: &str) -> Option<&Filter> {
        self.filters.get(name)
    }

    /// The tag of that name.
    pub fn tag(&self, name: &str) -> Option<ReadTag> {
        self.tags.get(name).copied()
    }

    /// How the parser treats malformed markup.
    pub fn mode(&self) -> Mode {
        self.options.mode
    }

    /// What errors of a render do.
    pub fn render_errors(&self) -> RenderErrors {
        self.options.render_errors
    }

    /// Whether the engine follows [`Flavor::Shopify`].
    #[inline]
    pub(crate) fn is_ruby(&self) -> bool {
        self.options.flavor == Flavor::Shopify
    }

    /// Whether values inside quoted strings are read.
    pub(crate) fn interpolates(&self) -> bool {
        self.options.string_literals == StringLiterals::Interpolated
    }

    /// Whether an unknown filter returns its input.
    pub(crate) fn passes_unknown_filters(&self) -> bool {
        self.options.unknown_names != UnknownNames::Refuse
    }

    /// Whether an unknown tag is skipped.
    pub(crate) fn passes_unknown_tags(&self) -> bool {
        self.options.unknown_names == UnknownNames::Warn
    }

    /// Refuses an unknown filter where [`UnknownNames::Refuse`] is set.
    ///
    /// # Errors
    /// A syntax error that suggests the nearest name.
    pub(crate) fn check_filter(&self, name: &str) -> Result<(), Error> {
        if self.passes_unknown_filters() { Ok(()) } else { Err(self.unknown_filter(name)) }
    }

    /// The error for an unknown filter, with the nearest name.
    pub(crate) fn unknown_filter(&self, name: &str) -> Error {
        let help = nearest(name, self.filters.keys().map(|name| &**name));
        Error::syntax(format!("undefined filter {name}")).help(help)
    }

    /// The error for an unknown tag, and for an end tag that closes no block.
    pub(crate) fn unknown_tag(&self, name: &str, ends: &[&str]) -> Error {
        let message = match ends.last() {
            Some(end) if name.starts_with("end") => {
                let open = if *end == "%}" { "liquid" } else { end.trim_start_matches("end") };
                format!("'{name}' is not a valid delimiter for {open} tags. use {end}")
            }
            _ if matches!(name, "else" | "end") => {
                format!("Unexpected outer '{name}' tag")
            }
            _ => format!("Unknown tag '{name}'"),
        };
        Error::syntax(message).help(nearest(name, self.tags.keys().map(|name| &**name)))
    }
}
