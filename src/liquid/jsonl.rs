//! One JSON line in, one out: how a test suite talks to the engine; nothing a line says ends the process.

use crate::liquid::budget::{Budget, Limits};
use crate::liquid::context::{Partials, Setting};
use crate::liquid::engine::{Engine, Mode};
use crate::liquid::error::{Error, Kind};
use crate::liquid::print::Escape;
use crate::liquid::template::Template;
use crate::liquid::text::Text;
use crate::liquid::value::Value;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What a line may take.
const TIME: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Line {
    template: String,
    template_name: Option<String>,
    environment: Option<Map<String, Json>>,
    filesystem: Option<Map<String, Json>>,
    error_mode: Option<String>,
    render_errors: Option<bool>,
    /// Seconds since 1970, for a suite that freezes time.
    now: Option<i64>,
}

/// The partials of one line, compiled when they are first asked for.
struct Files<'a> {
    engine: &'a Engine,
    texts: HashMap<String, String>,
    compiled: RefCell<HashMap<String, Template>>,
}

impl<'a> Files<'a> {
    fn new(engine: &'a Engine, files: Map<String, Json>) -> Self {
        let texts = files.into_iter().map(|(name, text)| {
            let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
            (file_key(&name), text)
        });
        Self { engine, texts: texts.collect(), compiled: RefCell::default() }
    }
}

/// A suite's file names come in any case.
fn file_key(name: &str) -> String {
    name.to_lowercase()
}

impl Partials for Files<'_> {
    fn find(&self, name: &str) -> Result<Template, Error> {
        let key = file_key(name);
        if let Some(template) = self.compiled.borrow().get(&key) {
            return Ok(template.clone());
        }
        let ending = format!("{key}.liquid");
        let Some(text) = self.texts.get(&key).or_else(|| self.texts.get(&ending)) else {
            let error = Error::new(Kind::Partial, format!("Could not find asset {name}"));
            let known = self.texts.keys().map(String::as_str);
            return Err(error.help(crate::liquid::engine::nearest(name, known)));
        };
        let template = self.engine.compile(name, text.as_str())?;
        self.compiled.borrow_mut().insert(key, template.clone());
        Ok(template)
    }
}

/// The answer to a line: `{"output"}`, or `{"error", "kind", "line"}`.
pub fn answer(line: &str) -> String {
    let result = catch_unwind(AssertUnwindSafe(|| answer_line(line)));
    let answer = result.unwrap_or_else(
        |_| json!({"error": "Liquid error: internal", "kind": "render", "line": null}),
    );
    answer.to_string()
}

fn answer_line(line: &str) -> Json {
    let line: Line = match serde_json::from_str(line) {
        Ok(line) => line,
        Err(error) => {
            return json!({"error": format!("not a line: {error}"), "kind": "parse", "line": null});
        }
    };
    let mut engine = Engine::ruby();
    engine.set_mode(match line.error_mode.as_deref() {
        Some("lax") => Mode::Lax,
        Some("warn") => Mode::Warn,
        Some("strict") => Mode::Strict,
        _ => Mode::Strict2,
    });
    engine.set_raise(!line.render_errors.unwrap_or(false));
    let name = line.template_name.unwrap_or_default();
    let template = match engine.compile(name, line.template) {
        Ok(template) => template,
        Err(error) => return refusal(&error, "parse"),
    };
    let files = Files::new(&engine, line.filesystem.unwrap_or_default());
    let budget = Budget::new(Limits { time: TIME, ..Limits::default() });
    let variables = line.environment.unwrap_or_default().into_iter();
    let setting = Setting {
        variables: Vec::new(),
        globals: variables.map(|(name, value)| (Text::from(name), Value::from(value))).collect(),
        partials: &files,
        host: &(),
        escape: Escape::Raw,
        now: line.now.and_then(|s| Timestamp::from_second(s).ok()).unwrap_or_else(Timestamp::now),
        budget: &budget,
    };
    match engine.render(&template, setting) {
        Ok(rendered) => json!({"output": rendered.output}),
        Err(error) => refusal(&error, "render"),
    }
}

fn refusal(error: &Error, kind: &str) -> Json {
    json!({"error": error.inline(), "kind": kind, "line": error.mark().map(|mark| mark.line)})
}
