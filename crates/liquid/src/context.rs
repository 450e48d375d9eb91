//! One render: variables, output, budget, partials, and the data of the host.

use crate::budget::Budget;
use crate::engine::{Engine, RenderErrors};
use crate::error::{Error, Kind, Mark};
use crate::name::Name;
use crate::partials::Partials;
use crate::print::{Escape, Writer};
use crate::tag::Flow;
use crate::template::Template;
use crate::text::Text;
use crate::value::shared::Object;
use crate::value::{Scope, Value};
use crate::variables::{FrameKind, NameHash, Row, Variables};
use foldhash::fast::RandomState;
use jiff::Timestamp;
use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::mem::take;

/// Data of the application that its own tags and filters ask for.
///
/// A question is any type the caller's own tags agree on. It is not a plain `&dyn Any` because what
/// answers may borrow from the caller's stack, which `Any` cannot.
pub trait HostData {
    /// Writes the answer into the question.
    fn ask(&self, question: &mut dyn Any);
}

/// An application without data.
impl HostData for () {
    fn ask(&self, _: &mut dyn Any) {}
}

/// The parts that a context is made of.
pub(crate) struct Parts<'a> {
    pub(crate) variables: Vec<(Text, Value)>,
    pub(crate) globals: Vec<(Text, Value)>,
    pub(crate) partials: &'a dyn Partials,
    pub(crate) host: &'a dyn HostData,
    pub(crate) escape: Escape,
    pub(crate) now: Timestamp,
    pub(crate) budget: &'a Budget,
}

/// The cycles and loops of a template.
pub(super) type LoopState = Object;

/// All named values, for reading.
pub(super) struct Readable<'a>(&'a Variables, &'a Row, &'a Row);

impl<'a> Readable<'a> {
    /// A variable's value.
    #[inline]
    pub(super) fn find(&self, hash: NameHash, name: &str) -> Option<&'a Value> {
        match self.0.get(hash, name) {
            Some(value) => Some(value),
            None => self.find_outside(hash, name),
        }
    }

    /// The value of a counter or a global.
    #[inline(never)]
    fn find_outside(&self, hash: NameHash, name: &str) -> Option<&'a Value> {
        let Self(_, counters, globals) = self;
        counters.get(hash, name).or_else(|| globals.get(hash, name))
    }
}

/// One render.
pub struct Context<'a> {
    /// The budget of the render.
    pub budget: &'a Budget,
    /// The source of partials.
    pub partials: &'a dyn Partials,
    /// The data of the application.
    pub host: &'a dyn HostData,
    /// The time that `now` is.
    pub now: Timestamp,
    /// How strings are escaped when printed.
    pub escape: Escape,
    /// The line being rendered.
    pub line: u32,
    /// The value of the last `return`.
    pub returned: Option<Value>,
    /// The state of an application's tags during the render.
    pub registers: HashMap<String, Value>,
    /// Cycles and loops: an isolated partial begins with new ones.
    pub(super) tallies: LoopState,
    /// The warnings so far.
    pub warnings: Vec<Error>,
    engine: &'a Engine,
    /// Whether an error ends the render or is printed where it happens.
    raises: bool,
    globals: Row,
    /// The counters of `increment`, visible where no variable has their name.
    counters: Row,
    variables: Variables,
    /// The partials that the render has used.
    found: HashMap<Text, Template, RandomState>,
    output: String,
    template: Option<Template>,
    /// The variables of partials that are about to be called.
    arguments: Vec<(Text, Value)>,
}

impl<'a> Context<'a> {
    /// A render that has not begun.
    pub(crate) fn new(engine: &'a Engine, parts: Parts<'a>) -> Self {
        Self {
            budget: parts.budget,
            partials: parts.partials,
            host: parts.host,
            now: parts.now,
            escape: parts.escape,
            line: 0,
            returned: None,
            registers: HashMap::new(),
            tallies: LoopState::default(),
            warnings: Vec::new(),
            raises: engine.render_errors() == RenderErrors::Raise,
            engine,
            globals: parts.globals.into_iter().collect(),
            counters: Row::default(),
            variables: Variables::new(parts.variables),
            found: HashMap::default(),
            output: String::new(),
            template: None,
            arguments: Vec::new(),
        }
    }

    /// Reserves memory for the output.
    pub(crate) fn reserve_output(&mut self, bytes: usize) {
        self.output.reserve(bytes);
    }

    /// Takes the output that was written.
    pub(crate) fn take_output(&mut self) -> String {
        take(&mut self.output)
    }

    /// The engine.
    #[inline]
    pub fn engine(&self) -> &'a Engine {
        self.engine
    }

    /// The template being rendered.
    pub fn template(&self) -> Option<&Template> {
        self.template.as_ref()
    }

    /// A variable's value; nil when there is none.
    pub fn variable(&self, name: &str) -> Value {
        match self.readable().find(NameHash::of(name), name) {
            Some(value) => value.clone(),
            None if name == "self" && self.engine.is_ruby() => {
                Value::Scope(Scope(self.variables.level()))
            }
            None => Value::Nil,
        }
    }

    /// A reference to a variable's value.
    #[inline]
    pub(super) fn find(&self, name: &Name) -> Option<&Value> {
        self.readable().find(name.hash(), name)
    }

    #[inline]
    fn readable(&self) -> Readable<'_> {
        Readable(&self.variables, &self.counters, &self.globals)
    }

    /// A variable's value as a lower frame sees it.
    pub(super) fn variable_at(&self, name: &str, Scope(level): Scope) -> Value {
        let outer = |hash| self.counters.get(hash, name).or_else(|| self.globals.get(hash, name));
        let found = self.variables.get_at(name, level).or_else(|| outer(NameHash::of(name)));
        found.cloned().unwrap_or_default()
    }

    /// Adds to a counter of `increment` or `decrement`; returns its previous value.
    pub(super) fn count(&mut self, name: &Text, by: i64) -> i64 {
        let found = self.counters.get_mut(name);
        let before = found.as_ref().and_then(|value| value.to_int()).unwrap_or(0);
        let after = Value::Int(before.saturating_add(by));
        match found {
            Some(value) => *value = after,
            None => self.counters.push(name.clone(), after),
        }
        before
    }

    /// Every visible variable, inner ones first.
    pub fn visible(&self) -> Vec<(Text, Value)> {
        self.variables.visible()
    }

    /// Sets a variable of the current template, which outlives the loop that sets it.
    pub fn assign(&mut self, name: impl Into<Text>, value: Value) {
        self.variables.assign(name.into(), value);
    }

    /// The visible variable of a name, for changes in place; `None` when an assignment would set
    /// another one.
    pub(super) fn own_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.variables.own_mut(name)
    }

    /// Sets a variable of the innermost frame, such as a loop's own.
    pub fn set_local(&mut self, name: &Text, value: Value) {
        self.variables.set_local(name, value);
    }

    /// Runs `work` in a new frame of variables.
    pub fn with_frame<T>(
        &mut self,
        kind: FrameKind,
        variables: impl IntoIterator<Item = (Text, Value)>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.variables.enter(kind, variables);
        let result = work(self);
        self.variables.leave();
        result
    }

    /// The partial of that name; each is looked up once in a render.
    ///
    /// # Errors
    /// When it is missing or does not compile.
    pub fn partial(&mut self, name: &str) -> Result<Template, Error> {
        if let Some(template) = self.found.get(name) {
            return Ok(template.clone());
        }
        let template = self.partials.find(name)?;
        self.found.insert(name.into(), template.clone());
        Ok(template)
    }

    /// Runs `work` and returns its output instead of printing it.
    pub fn capture<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Text) {
        // Written to the end of the output and truncated again, without a second buffer.
        let start = self.output.len();
        let result = work(self);
        let text = Text::from(&self.output[start..]);
        self.output.truncate(start);
        (result, text)
    }

    /// Writes a string without escaping.
    ///
    /// # Errors
    /// The output's limit.
    #[inline]
    pub fn write(&mut self, text: &str) -> Result<(), Error> {
        self.budget.output(text.len())?;
        self.output.push_str(text);
        Ok(())
    }

    /// Spends bytes that [`Writer::filtered`] has written at the end of the output.
    ///
    /// # Errors
    /// The output's limit; the bytes are taken back.
    #[inline]
    pub(super) fn written(&mut self, bytes: usize) -> Result<(), Error> {
        let spent = self.budget.output(bytes);
        if spent.is_err() {
            self.output.truncate(self.output.len() - bytes);
        }
        spent
    }

    /// Prints a value as `{{ }}` does: strings are escaped unless they are safe.
    ///
    /// # Errors
    /// The output's limit.
    pub fn print(&mut self, value: &Value) -> Result<(), Error> {
        self.writer().1.print(value)
    }

    /// The variables and the output, so that a value is printed without a clone.
    #[inline]
    pub(super) fn writer(&mut self) -> (Readable<'_>, Writer<'_>) {
        let readable = Readable(&self.variables, &self.counters, &self.globals);
        let writer = Writer {
            output: &mut self.output,
            budget: self.budget,
            escape: self.escape,
            ruby: self.engine.is_ruby(),
        };
        (readable, writer)
    }

    /// The string of a value before it is escaped.
    pub fn text<'v>(&self, value: &'v Value) -> Cow<'v, str> {
        if self.engine.is_ruby() { value.to_ruby_text() } else { value.to_text() }
    }

    /// Whether an isolated partial is being rendered.
    pub fn is_isolated(&self) -> bool {
        self.variables.is_isolated()
    }

    /// Whether an error ends the render at this point.
    pub fn raises(&self) -> bool {
        self.raises
    }

    /// Runs `work` with errors raised, even in an engine that prints them inline, for a tag that
    /// handles them.
    ///
    /// # Errors
    /// The first error of `work`.
    pub fn raising<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let before = std::mem::replace(&mut self.raises, true);
        let result = work(self);
        self.raises = before;
        result
    }

    /// Adds the position in the current template to an error.
    pub fn place(&self, error: Error, mark: Mark) -> Error {
        match &self.template {
            Some(template) => error.at(template.name(), template.source(), mark),
            None => error,
        }
    }

    /// Handles an error of a node: it ends the render or is printed where it happened. An exceeded
    /// limit always ends it.
    pub(super) fn failed(
        &mut self,
        error: Error,
        mark: Mark,
        is_blank: bool,
    ) -> Result<Flow, Error> {
        // An excerpt is a search through the source, so only the first hundred errors have one.
        let error = match &self.template {
            Some(template) if self.warnings.len() >= 100 && !self.raises => {
                error.at(template.name(), "", mark)
            }
            _ => self.place(error, mark),
        };
        if self.raises || matches!(error.kind(), Kind::Limit | Kind::Interrupted) {
            return Err(error);
        }
        let text = error.inline();
        if self.warnings.len() < 100 {
            self.warnings.push(error);
        }
        // In Ruby a block that prints nothing prints no errors.
        if !(is_blank && self.engine.is_ruby()) {
            self.write(&text)?;
        }
        Ok(Flow::Next)
    }

    /// Adds a warning with the current line.
    pub fn warn(&mut self, message: impl Into<String>) {
        let mark = Mark { line: self.line, column: 1 };
        let warning = self.place(Error::argument(message), mark);
        // A loop must not fill the memory with warnings.
        if self.warnings.len() < 100 {
            self.warnings.push(warning);
        }
    }

    /// Handles an unknown filter: returns the value with a warning, or refuses the name.
    pub(super) fn unknown_filter(
        &mut self,
        name: &str,
        value: Value,
        mark: Mark,
    ) -> Result<Value, Error> {
        if self.engine.passes_unknown_filters() && self.warnings.len() >= 100 {
            return Ok(value);
        }
        let error = self.place(self.engine.unknown_filter(name), mark);
        if !self.engine.passes_unknown_filters() {
            return Err(error);
        }
        self.warnings.push(error);
        Ok(value)
    }

    pub(super) fn enter_template(&mut self, template: &Template) -> (Option<Template>, u32) {
        (self.template.replace(template.clone()), self.line)
    }

    pub(super) fn leave_template(&mut self, outer: (Option<Template>, u32)) {
        (self.template, self.line) = outer;
    }

    /// Renders another template in a frame of its own.
    ///
    /// # Errors
    /// What went wrong, with this template among its callers.
    pub fn call(
        &mut self,
        template: &Template,
        kind: FrameKind,
        variables: impl IntoIterator<Item = (Text, Value)>,
    ) -> Result<Flow, Error> {
        let first = self.arguments.len();
        self.arguments.extend(variables);
        self.call_with_arguments(template, kind, first)
    }

    /// Adds a variable of the partial that is called next.
    pub(super) fn push_argument(&mut self, name: Text, value: Value) {
        self.arguments.push((name, value));
    }

    /// The number of arguments; those behind it belong to the next call.
    pub(super) fn arguments(&self) -> usize {
        self.arguments.len()
    }

    /// Drops the arguments of a call that does not take place.
    pub(super) fn drop_arguments(&mut self, first: usize) {
        self.arguments.truncate(first);
    }

    /// Renders another template in a frame of its own, with the arguments from `first` on.
    ///
    /// # Errors
    /// As [`Context::call`].
    pub(super) fn call_with_arguments(
        &mut self,
        template: &Template,
        kind: FrameKind,
        first: usize,
    ) -> Result<Flow, Error> {
        let line = self.line;
        let isolated = kind == FrameKind::Isolated;
        let outer = isolated.then(|| (take(&mut self.tallies), take(&mut self.counters)));
        self.variables.enter(kind, self.arguments.drain(first..));
        let result = template.render_into(self);
        self.variables.leave();
        if let Some(outer) = outer {
            (self.tallies, self.counters) = outer;
        }
        result.map_err(|error| match &self.template {
            Some(caller) => error.called_from(caller.name(), line),
            None => error,
        })
    }
}
