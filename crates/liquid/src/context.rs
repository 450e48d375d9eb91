//! One render: variables, output, budget, partials, and the host that tags reach.

use crate::budget::Budget;
use crate::engine::{Engine, Rendered};
use crate::error::{Error, Kind, Mark};

use crate::name::Name;
use crate::print::{Escape, Writer};
use crate::tag::Flow;
use crate::template::Template;
use crate::text::Text;
use crate::value::{Object, Value};
use crate::variables::{FrameKind, NameHash, Row, Variables};
use foldhash::fast::RandomState;
use jiff::Timestamp;
use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::mem::take;
use std::rc::Rc;

/// Where `include` and `render` find other templates.
pub trait Partials {
    /// The template of that name, compiled.
    ///
    /// # Errors
    /// Why it cannot be had; a name that leads nowhere is [`Kind::Partial`].
    fn find(&self, name: &str) -> Result<Template, Error>;
}

/// No partials at all.
#[derive(Debug, Default)]
pub struct NoPartials;

impl Partials for NoPartials {
    fn find(&self, name: &str) -> Result<Template, Error> {
        Err(Error::new(Kind::Partial, format!("Could not find asset {name}")))
    }
}

/// What tags and filters of the caller's reach beyond the engine.
///
/// A question is any type the caller's own tags agree on. It is not a plain `&dyn Any` because what
/// answers may borrow from the caller's stack, which `Any` can not.
pub trait HostData {
    /// Answers a question inside of it.
    fn ask(&self, question: &mut dyn Any);
}

/// Nothing to reach.
impl HostData for () {
    fn ask(&self, _: &mut dyn Any) {}
}

/// What a render happens in.
pub struct RenderOptions<'a> {
    /// The variables at its beginning.
    pub variables: Vec<(Text, Value)>,
    /// Variables that are visible everywhere, isolated partials included.
    pub globals: Vec<(Text, Value)>,
    /// Where partials are.
    pub partials: &'a dyn Partials,
    /// What tags and filters of the caller's reach.
    pub host: &'a dyn HostData,
    /// How texts are printed.
    pub escape: Escape,
    /// The moment that `now` is, all through the render.
    pub now: Timestamp,
    /// What it may spend; shared when one render leads to another.
    pub budget: &'a Budget,
}

/// `self`: the variables as they can be read at some level.
#[derive(Debug)]
struct Scope(usize);

impl Object for Scope {
    fn get(&self, _: &str) -> Option<Value> {
        None
    }

    fn to_json(&self) -> serde_json::Value {
        "Liquid::SelfDrop".into()
    }

    fn level(&self) -> Option<usize> {
        Some(self.0)
    }
}

/// What a `render` has of its own: counters, cycles and loops.
pub(super) type Tallies = HashMap<Text, Value, RandomState>;

/// Everything that has a name, to be looked at.
pub(super) struct Readable<'a>(&'a Variables, &'a Row, &'a Row);

impl<'a> Readable<'a> {
    /// A variable's value.
    #[inline]
    pub(super) fn find(&self, sign: NameHash, name: &str) -> Option<&'a Value> {
        let Self(variables, counters, globals) = self;
        let inner = variables.get(sign, name);
        inner.or_else(|| counters.get(sign, name)).or_else(|| globals.get(sign, name))
    }
}

/// One render.
pub struct Context<'a> {
    /// What it may spend.
    pub budget: &'a Budget,
    /// Where partials are.
    pub partials: &'a dyn Partials,
    /// What tags and filters of the caller's reach.
    pub host: &'a dyn HostData,
    /// The moment that `now` is.
    pub now: Timestamp,
    /// How texts are printed.
    pub escape: Escape,
    /// The line being rendered.
    pub line: u32,
    /// What `return` gave.
    pub returned: Option<Value>,
    /// State of the caller's tags, for the whole render.
    pub registers: HashMap<String, Value>,
    /// Counters, cycles and loops: a `render` begins with fresh ones.
    pub(super) tallies: Tallies,
    /// What was noticed.
    pub warnings: Vec<Error>,
    engine: &'a Engine,
    /// Whether an error ends the render, or is printed where it happened.
    raises: bool,
    globals: Row,
    /// Seen where no variable of that name is.
    counters: Row,
    variables: Variables,
    /// The partials that were asked for.
    found: HashMap<Text, Template, RandomState>,
    output: String,
    template: Option<Template>,
}

impl<'a> Context<'a> {
    /// A fresh render.
    pub fn new(engine: &'a Engine, options: RenderOptions<'a>) -> Self {
        Self {
            budget: options.budget,
            partials: options.partials,
            host: options.host,
            now: options.now,
            escape: options.escape,
            line: 0,
            returned: None,
            registers: HashMap::new(),
            tallies: Tallies::default(),
            warnings: Vec::new(),
            raises: engine.raises(),
            engine,
            globals: options.globals.into_iter().collect(),
            counters: Row::default(),
            variables: Variables::new(options.variables),
            found: HashMap::default(),
            output: String::new(),
            template: None,
        }
    }

    /// Makes room for so many bytes of output.
    pub(super) fn expect_output(&mut self, bytes: usize) {
        self.output.reserve(bytes);
    }

    /// The end of the render.
    pub(super) fn finish(self, flow: Flow) -> Rendered {
        Rendered { output: self.output, returned: self.returned, flow, warnings: self.warnings }
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
                Value::Object(Rc::new(Scope(self.variables.level())))
            }
            None => Value::Nil,
        }
    }

    /// A variable's value, in its place.
    #[inline]
    pub(super) fn find(&self, name: &Name) -> Option<&Value> {
        self.readable().find(name.sign(), name)
    }

    #[inline]
    fn readable(&self) -> Readable<'_> {
        Readable(&self.variables, &self.counters, &self.globals)
    }

    /// A variable's value as it is seen at some level: see [`Object::level`].
    pub(super) fn variable_at(&self, name: &str, level: usize) -> Value {
        let outer = |sign| self.counters.get(sign, name).or_else(|| self.globals.get(sign, name));
        let found = self.variables.get_at(name, level).or_else(|| outer(NameHash::of(name)));
        found.cloned().unwrap_or_default()
    }

    /// Moves a counter of `increment` or `decrement`; gives what it was.
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

    /// Every variable that can be read here, inner ones first.
    pub fn visible(&self) -> Vec<(Text, Value)> {
        self.variables.visible()
    }

    /// Sets a variable of the present template; it outlives the loop it is set in.
    pub fn assign(&mut self, name: impl Into<Text>, value: Value) {
        self.variables.assign(name.into(), value);
    }

    /// The variable that is seen under a name, to be changed in its place; none when an assignment
    /// would make another one.
    pub(super) fn own_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.variables.own_mut(name)
    }

    /// Sets a variable of the innermost level: a loop's own.
    pub fn set_local(&mut self, name: &Text, value: Value) {
        self.variables.set_local(name, value);
    }

    /// Runs `work` on a level of its own.
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

    /// The template of that name; looked for once in a render.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn partial(&mut self, name: &str) -> Result<Template, Error> {
        if let Some(template) = self.found.get(name) {
            return Ok(template.clone());
        }
        let template = self.partials.find(name)?;
        self.found.insert(name.into(), template.clone());
        Ok(template)
    }

    /// Runs `work` and takes what it writes instead of printing it.
    pub fn capture<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Text) {
        // It is written behind what is there, and cut off again: no buffer of its own grows.
        let start = self.output.len();
        let result = work(self);
        let text = Text::from(&self.output[start..]);
        self.output.truncate(start);
        (result, text)
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// The output's limit.
    #[inline]
    pub fn write(&mut self, text: &str) -> Result<(), Error> {
        self.budget.output(text.len())?;
        self.output.push_str(text);
        Ok(())
    }

    /// Prints a value as `{{ }}` does: texts escaped unless they are safe, all else as it is.
    ///
    /// # Errors
    /// The output's limit.
    pub fn print(&mut self, value: &Value) -> Result<(), Error> {
        self.writer().1.print(value)
    }

    /// The variables, and where they may be written without being taken out.
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

    /// A value as it is printed, before it is escaped.
    pub fn text<'v>(&self, value: &'v Value) -> Cow<'v, str> {
        if self.engine.is_ruby() { value.to_ruby_text() } else { value.to_text() }
    }

    /// Whether what runs now is inside a `render`.
    pub fn is_isolated(&self) -> bool {
        self.variables.is_isolated()
    }

    /// Whether an error ends the render just now.
    pub fn raises(&self) -> bool {
        self.raises
    }

    /// Runs `work` with errors raised, also where the engine would print them in their place:
    /// somebody waits for them.
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

    /// Gives an error its place in the present template.
    pub fn place(&self, error: Error, mark: Mark) -> Error {
        match &self.template {
            Some(template) => error.at(template.name(), template.source(), mark),
            None => error,
        }
    }

    /// An error in a node: it ends the render, or is printed where it happened. A limit always
    /// ends it.
    pub(super) fn failed(
        &mut self,
        error: Error,
        mark: Mark,
        is_blank: bool,
    ) -> Result<Flow, Error> {
        // An excerpt costs a look through the source; who printed a hundred errors gets none.
        let error = match &self.template {
            Some(template) if self.warnings.len() >= 100 && !self.raises => {
                error.at(template.name(), "", mark)
            }
            _ => self.place(error, mark),
        };
        if self.raises || error.kind() == Kind::Limit {
            return Err(error);
        }
        let text = error.inline();
        if self.warnings.len() < 100 {
            self.warnings.push(error);
        }
        // In Ruby what prints nothing prints no error either.
        if !(is_blank && self.engine.is_ruby()) {
            self.write(&text)?;
        }
        Ok(Flow::Next)
    }

    /// Notes something with the present line.
    pub fn warn(&mut self, message: impl Into<String>) {
        let mark = Mark { line: self.line, column: 1 };
        let warning = self.place(Error::argument(message), mark);
        // A loop must not fill the memory with the same complaint.
        if self.warnings.len() < 100 {
            self.warnings.push(warning);
        }
    }

    /// What an unknown filter does: the value passes through and a warning is noted.
    pub(super) fn unknown_filter(
        &mut self,
        name: &str,
        value: Value,
        mark: Mark,
    ) -> Result<Value, Error> {
        if self.engine.is_lax() && self.warnings.len() >= 100 {
            return Ok(value);
        }
        let error = self.place(self.engine.unknown_filter(name), mark);
        if !self.engine.is_lax() {
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

    /// Renders another template on a level of its own, and takes part of its errors' way here.
    ///
    /// # Errors
    /// What went wrong in it, with this template added to the way.
    pub fn call(
        &mut self,
        template: &Template,
        kind: FrameKind,
        variables: impl IntoIterator<Item = (Text, Value)>,
    ) -> Result<Flow, Error> {
        let line = self.line;
        let isolated = kind == FrameKind::Isolated;
        let outer = isolated.then(|| (take(&mut self.tallies), take(&mut self.counters)));
        let result = self.with_frame(kind, variables, |context| template.render(context));
        if let Some(outer) = outer {
            (self.tallies, self.counters) = outer;
        }
        result.map_err(|error| match &self.template {
            Some(caller) => error.called_from(caller.name(), line),
            None => error,
        })
    }
}
