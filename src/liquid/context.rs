//! One render: variables, output, budget, partials, and the host that tags reach.

use crate::liquid::budget::Budget;
use crate::liquid::engine::{Engine, Rendered};
use crate::liquid::error::{Error, Kind, Mark};
use crate::liquid::tag::Flow;
use crate::liquid::template::Template;
use crate::liquid::value::{Object, Value};
use jiff::Timestamp;
use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::mem::take;
use std::rc::Rc;
use std::sync::Arc;

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
pub trait Outside {
    /// Answers a question inside of it.
    fn ask(&self, question: &mut dyn Any);
}

/// Nothing to reach.
impl Outside for () {
    fn ask(&self, _: &mut dyn Any) {}
}

/// How texts are printed.
#[derive(Debug, Clone, Copy)]
pub enum Escape {
    /// As they are.
    Raw,
    /// `& < > " '` as entities.
    Entities,
    /// Through a function of the caller's, such as a sanitiser.
    Through(fn(&str) -> String),
}

/// What a render happens in.
pub struct Setting<'a> {
    /// The variables at its beginning.
    pub variables: Vec<(Arc<str>, Value)>,
    /// Variables that are visible everywhere, isolated partials included.
    pub globals: Vec<(Arc<str>, Value)>,
    /// Where partials are.
    pub partials: &'a dyn Partials,
    /// What tags and filters of the caller's reach.
    pub host: &'a dyn Outside,
    /// How texts are printed.
    pub escape: Escape,
    /// The moment that `now` is, all through the render.
    pub now: Timestamp,
    /// What it may spend; shared when one render leads to another.
    pub budget: &'a Budget,
}

/// A level of variables.
#[derive(Debug, Default)]
struct Frame {
    variables: HashMap<Arc<str>, Value>,
    kind: FrameKind,
}

/// What a level of variables lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FrameKind {
    /// A loop's: read through, and `assign` goes past it.
    #[default]
    Block,
    /// An `include`'s: read through, `assign` stays.
    Partial,
    /// A `render`'s or `function`'s: nothing below is seen.
    Isolated,
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

/// One render.
pub struct Context<'a> {
    /// What it may spend.
    pub budget: &'a Budget,
    /// Where partials are.
    pub partials: &'a dyn Partials,
    /// What tags and filters of the caller's reach.
    pub host: &'a dyn Outside,
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
    pub(super) tallies: HashMap<String, Value>,
    /// What was noticed.
    pub warnings: Vec<Error>,
    engine: &'a Engine,
    globals: Vec<(Arc<str>, Value)>,
    /// Seen where no variable of that name is.
    counters: Vec<(Arc<str>, Value)>,
    frames: Vec<Frame>,
    output: String,
    template: Option<Template>,
}

impl<'a> Context<'a> {
    /// A fresh render.
    pub fn new(engine: &'a Engine, setting: Setting<'a>) -> Self {
        let frame =
            Frame { variables: setting.variables.into_iter().collect(), kind: FrameKind::Isolated };
        Self {
            budget: setting.budget,
            partials: setting.partials,
            host: setting.host,
            now: setting.now,
            escape: setting.escape,
            line: 0,
            returned: None,
            registers: HashMap::new(),
            tallies: HashMap::new(),
            warnings: Vec::new(),
            engine,
            globals: setting.globals,
            counters: Vec::new(),
            frames: vec![frame],
            output: String::new(),
            template: None,
        }
    }

    /// The end of the render.
    pub(super) fn finish(self, flow: Flow) -> Rendered {
        Rendered { output: self.output, returned: self.returned, flow, warnings: self.warnings }
    }

    /// The engine.
    pub fn engine(&self) -> &'a Engine {
        self.engine
    }

    /// The template being rendered.
    pub fn template(&self) -> Option<&Template> {
        self.template.as_ref()
    }

    /// A variable's value; nil when there is none.
    pub fn variable(&self, name: &str) -> Value {
        match self.find(name, self.frames.len()) {
            Some(value) => value.clone(),
            None if name == "self" && self.engine.is_ruby() => {
                Value::Object(Rc::new(Scope(self.frames.len())))
            }
            None => Value::Nil,
        }
    }

    /// A variable's value as it is seen at some level: see [`Object::level`].
    pub(super) fn variable_at(&self, name: &str, level: usize) -> Value {
        self.find(name, level.min(self.frames.len())).cloned().unwrap_or_default()
    }

    fn find(&self, name: &str, level: usize) -> Option<&Value> {
        for frame in self.frames[..level].iter().rev() {
            if let Some(value) = frame.variables.get(name) {
                return Some(value);
            }
            if frame.kind == FrameKind::Isolated {
                break;
            }
        }
        let outer = self.counters.iter().chain(&self.globals);
        outer.into_iter().find(|(one, _)| &**one == name).map(|(_, value)| value)
    }

    /// Moves a counter of `increment` or `decrement`; gives what it was.
    pub(super) fn count(&mut self, name: &Arc<str>, by: i64) -> i64 {
        let found = self.counters.iter_mut().find(|(one, _)| one == name);
        let before = found.as_ref().and_then(|(_, value)| value.to_int()).unwrap_or(0);
        let after = Value::Int(before.saturating_add(by));
        match found {
            Some((_, value)) => *value = after,
            None => self.counters.push((Arc::clone(name), after)),
        }
        before
    }

    /// Every variable that can be read here, inner ones first.
    pub fn visible(&self) -> Vec<(Arc<str>, Value)> {
        let mut seen: Vec<(Arc<str>, Value)> = Vec::new();
        for frame in self.frames.iter().rev() {
            for (name, value) in &frame.variables {
                if !seen.iter().any(|(one, _)| one == name) {
                    seen.push((Arc::clone(name), value.clone()));
                }
            }
            if frame.kind == FrameKind::Isolated {
                break;
            }
        }
        seen
    }

    /// Sets a variable of the present template; it outlives the loop it is set in.
    pub fn assign(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let frame = self.frames.iter_mut().rev().find(|frame| frame.kind != FrameKind::Block);
        if let Some(frame) = frame {
            frame.variables.insert(name.into(), value);
        }
    }

    /// Sets a variable of the innermost level: a loop's own.
    pub fn set_local(&mut self, name: &Arc<str>, value: Value) {
        if let Some(frame) = self.frames.last_mut() {
            frame.variables.insert(Arc::clone(name), value);
        }
    }

    /// Runs `work` on a level of its own.
    pub fn with_frame<T>(
        &mut self,
        kind: FrameKind,
        variables: Vec<(Arc<str>, Value)>,
        work: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.frames.push(Frame { variables: variables.into_iter().collect(), kind });
        let result = work(self);
        self.frames.pop();
        result
    }

    /// Runs `work` and takes what it writes instead of printing it.
    pub fn capture<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, String) {
        let outer = std::mem::take(&mut self.output);
        let result = work(self);
        (result, std::mem::replace(&mut self.output, outer))
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// The output's limit.
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
        match (value, self.escape) {
            (Value::Text(text, false), Escape::Entities) => {
                if text.contains(['&', '<', '>', '"', '\'']) {
                    let escaped = escape_entities(text);
                    return self.write(&escaped);
                }
                self.write(text)
            }
            (Value::Text(text, false), Escape::Through(through)) => {
                let clean = through(text);
                self.write(&clean)
            }
            // JSON says the same with these letters escaped, and can not open a tag in a page.
            (
                Value::List(_) | Value::Hash(_) | Value::Object(_),
                Escape::Entities | Escape::Through(_),
            ) => {
                let text = self.text(value);
                self.budget.settle()?;
                let text = text.replace('<', "\\u003c").replace('>', "\\u003e");
                let text = text.replace('&', "\\u0026");
                self.write(&text)
            }
            _ => {
                let text = self.text(value);
                self.budget.weigh(text.len())?;
                self.write(&text)
            }
        }
    }

    /// A value as it is printed, before it is escaped.
    pub fn text<'v>(&self, value: &'v Value) -> Cow<'v, str> {
        if self.engine.is_ruby() { value.to_ruby_text() } else { value.to_text() }
    }

    /// Whether what runs now is inside a `render`.
    pub fn is_isolated(&self) -> bool {
        self.frames.iter().skip(1).any(|frame| frame.kind == FrameKind::Isolated)
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
            Some(template) if self.warnings.len() >= 100 && !self.engine.raises() => {
                error.at(template.name(), "", mark)
            }
            _ => self.place(error, mark),
        };
        if self.engine.raises() || error.kind() == Kind::Limit {
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
        variables: Vec<(Arc<str>, Value)>,
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

/// `& < > " '` as entities.
pub fn escape_entities(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
