//! The engine: which tags and filters there are, how strict it is, and what a render may spend.

use crate::budget::Limits;
use crate::context::{Context, RenderOptions};
use crate::deferred_cost::Watch;
use crate::error::{Error, Mark};
use crate::filter::Filter;
use crate::parser::Parser;
use crate::tag::{Flow, ReadTag};
use crate::template::Template;
use crate::value::Value;
use crate::{filters, tags};
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What happens to what Ruby Liquid would not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// An error, as Shopify's newest parser has it.
    Strict2,
    /// An error where Ruby Liquid's strict mode has one: values, conditions and `for`.
    Strict,
    /// A warning; read as lax does.
    Warn,
    /// Read as well as can be.
    #[default]
    Lax,
}

/// Tags, filters and limits; shared by all templates compiled with it.
#[derive(Debug, Clone)]
pub struct Engine {
    tags: HashMap<&'static str, ReadTag, RandomState>,
    filters: HashMap<&'static str, Filter, RandomState>,
    text_filters: HashSet<&'static str, RandomState>,
    lax: bool,
    unknown_tags: bool,
    ruby: bool,
    mode: Mode,
    raise: bool,
    interpolates: bool,
    limits: Limits,
}

/// What a render came to.
#[derive(Debug)]
pub struct Rendered {
    /// The text.
    pub output: String,
    /// What `return` gave.
    pub returned: Option<Value>,
    /// How it ended.
    pub flow: Flow,
    /// What was noticed, errors printed inline among it.
    pub warnings: Vec<Error>,
}

impl Engine {
    /// Standard Liquid, lax, with errors raised.
    pub fn standard() -> Self {
        let mut engine = Self {
            tags: HashMap::default(),
            filters: HashMap::default(),
            text_filters: HashSet::default(),
            lax: true,
            unknown_tags: true,
            ruby: false,
            mode: Mode::Lax,
            raise: true,
            interpolates: false,
            limits: Limits::default(),
        };
        tags::register(&mut engine);
        filters::register(&mut engine);
        engine
    }

    /// As Ruby Liquid in every respect: includes share their caller's variables and may not stand
    /// in a `render`, lists print joined and hashes as Ruby inspects them, unknown tags are errors.
    pub fn ruby() -> Self {
        let mut engine = Self::standard();
        engine.ruby = true;
        engine.unknown_tags = false;
        engine
    }

    /// Whether it is [`Engine::ruby`].
    #[inline]
    pub fn is_ruby(&self) -> bool {
        self.ruby
    }

    /// Adds or replaces a tag.
    pub fn add_tag(&mut self, name: &'static str, read: ReadTag) -> &mut Self {
        self.tags.insert(name, read);
        self
    }

    /// Adds or replaces a filter.
    pub fn add_filter(&mut self, name: &'static str, filter: Filter) -> &mut Self {
        self.filters.insert(name, filter);
        self
    }

    /// Adds a filter that sees its value and arguments as texts: in a Ruby engine lists and hashes
    /// come to it as Ruby inspects them.
    pub(super) fn add_text_filter(&mut self, name: &'static str, filter: Filter) -> &mut Self {
        self.text_filters.insert(name);
        self.add_filter(name, filter)
    }

    /// Whether a filter's value is to be inspected first.
    pub(super) fn inspects_for(&self, name: &str) -> bool {
        self.ruby && self.text_filters.contains(name)
    }

    /// Unknown tags and filters are warnings (lax) or errors.
    pub fn set_lax(&mut self, lax: bool) -> &mut Self {
        self.lax = lax;
        self.unknown_tags = lax;
        self
    }

    /// Unknown tags are warnings or errors, whatever is done about filters.
    pub fn set_unknown_tags(&mut self, pass: bool) -> &mut Self {
        self.unknown_tags = pass;
        self
    }

    /// Whether an unknown tag is a warning.
    pub fn passes_unknown_tags(&self) -> bool {
        self.unknown_tags
    }

    /// How malformed markup is met; unknown names are another matter ([`Engine::set_lax`]).
    pub fn set_mode(&mut self, mode: Mode) -> &mut Self {
        self.mode = mode;
        self
    }

    /// How malformed markup is met.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Errors end the render, or are printed where they happen.
    pub fn set_raise(&mut self, raise: bool) -> &mut Self {
        self.raise = raise;
        self
    }

    /// Whether `"{{ x }}"` in the texts of tags and outputs is the value of `x`.
    pub fn set_interpolation(&mut self, interpolates: bool) -> &mut Self {
        self.interpolates = interpolates;
        self
    }

    /// Whether values in texts are read.
    pub fn interpolates(&self) -> bool {
        self.interpolates
    }

    /// What a render may spend.
    pub fn set_limits(&mut self, limits: Limits) -> &mut Self {
        self.limits = limits;
        self
    }

    /// What a render may spend.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether unknown names are let through.
    pub fn is_lax(&self) -> bool {
        self.lax
    }

    /// Whether errors end the render.
    #[inline]
    pub fn raises(&self) -> bool {
        self.raise
    }

    /// The filter of that name.
    pub fn filter(&self, name: &str) -> Option<Filter> {
        self.filters.get(name).copied()
    }

    /// The tag of that name.
    pub fn tag(&self, name: &str) -> Option<ReadTag> {
        self.tags.get(name).copied()
    }

    /// Refuses an unknown filter, in a strict engine.
    ///
    /// # Errors
    /// A syntax error with the nearest name.
    pub fn check_filter(&self, name: &str) -> Result<(), Error> {
        if self.lax { Ok(()) } else { Err(self.unknown_filter(name)) }
    }

    /// The error for an unknown filter.
    pub fn unknown_filter(&self, name: &str) -> Error {
        let help = nearest(name, self.filters.keys().copied());
        Error::syntax(format!("undefined filter {name}")).help(help)
    }

    /// The error for an unknown tag, or one that stands where it cannot.
    pub fn unknown_tag(&self, name: &str, ends: &[&str]) -> Error {
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
        Error::syntax(message).help(nearest(name, self.tags.keys().copied()))
    }

    /// Compiles a template. `name` is what errors call it.
    ///
    /// # Errors
    /// A syntax error with its place.
    pub fn compile(
        &self,
        name: impl Into<Arc<str>>,
        source: impl Into<Arc<str>>,
    ) -> Result<Template, Error> {
        let (name, source) = (name.into(), source.into());
        let mut parser = Parser::new(&source, self);
        match parser.template() {
            Ok(body) => {
                let start = Mark { line: 1, column: 1 };
                let warnings = parser.into_warnings().into_iter();
                let warnings = warnings.map(|one| one.at(&name, &source, start)).collect();
                Ok(Template::new(name, Arc::clone(&source), body, warnings))
            }
            Err(error) => Err(error.at(&name, &source, parser.mark())),
        }
    }

    /// Renders a template in a options.
    ///
    /// # Errors
    /// What went wrong, with its place and the partials that led there; in an engine that does
    /// not raise only exceeded limits come here.
    pub fn render(
        &self,
        template: &Template,
        options: RenderOptions<'_>,
    ) -> Result<Rendered, Error> {
        let _watch = Watch::begin();
        let budget = options.budget;
        let mut context = Context::new(self, options);
        context.expect_output(template.expected_output());
        let flow = template.render(&mut context)?;
        budget.settle()?;
        let rendered = context.finish(flow);
        template.expect_output(rendered.output.len());
        Ok(rendered)
    }
}

/// `did you mean …?`, when a known name is near.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let (distance, name) = known.map(|name| (edits(typed, name), name)).min()?;
    let near = distance <= (typed.len().max(name.len()) / 3).clamp(1, 3);
    near.then(|| format!("did you mean `{name}`?"))
}

/// How many letters have to be changed, added, dropped, or swapped with their neighbours.
fn edits(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(64).collect();
    let other: Vec<char> = other.chars().take(64).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 0..one.len() {
        let mut row = vec![i + 1];
        for j in 0..other.len() {
            let change = last[j] + usize::from(one[i] != other[j]);
            let mut least = change.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && one[i] == other[j - 1] && one[i - 1] == other[j] {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("", "echo"), 4);
        assert_eq!(edits("ecoh", "echo"), 1);
        assert_eq!(edits("dowcase", "downcase"), 1);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(
            nearest("crad", ["card", "cart"].into_iter()).as_deref(),
            Some("did you mean `card`?")
        );
        assert_eq!(nearest("nothing", ["card"].into_iter()), None);
    }
}
