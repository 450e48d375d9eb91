//! Answers a JSON line with a JSON line, as test suites ask; no line ends the process.

use crate::budget::Limits;
use crate::engine::{Engine, Mode, RenderErrors};
use crate::error::Error;
use crate::render::RenderOptions;
use crate::text::Text;
use crate::value::Value;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The wall time of a line.
const TIME: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Line {
    template: String,
    template_name: Option<String>,
    environment: Option<Map<String, Json>>,
    filesystem: Option<Map<String, Json>>,
    error_mode: Option<String>,
    render_errors: Option<bool>,
    resource_limits: Option<ResourceLimits>,
    /// Seconds since 1970, for a suite that freezes time.
    now: Option<i64>,
}

/// Ruby Liquid's own limits; its scores are close to the steps and bytes of a budget.
#[derive(Deserialize)]
struct ResourceLimits {
    render_score_limit: Option<u64>,
    cumulative_render_score_limit: Option<u64>,
    render_length_limit: Option<usize>,
    assign_score_limit: Option<usize>,
}

impl ResourceLimits {
    fn apply(&self, limits: &mut Limits) {
        for steps in [self.render_score_limit, self.cumulative_render_score_limit] {
            limits.steps = steps.map_or(limits.steps, |steps| steps.min(limits.steps));
        }
        let output = self.render_length_limit.unwrap_or(usize::MAX);
        limits.output_bytes = limits.output_bytes.min(output);
        let values = self.assign_score_limit.unwrap_or(usize::MAX);
        limits.value_bytes = limits.value_bytes.min(values);
    }
}

/// The partials of one line, by name in lower case: a suite's file names come in any case.
fn files(files: Map<String, Json>) -> HashMap<String, String> {
    let sources = files.into_iter().map(|(name, source)| {
        let source = source.as_str().map_or_else(|| source.to_string(), str::to_owned);
        (name.to_lowercase(), source)
    });
    sources.collect()
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
    let line: Line = match serde_json::from_str(&marked(line)) {
        Ok(line) => line,
        Err(error) => {
            return json!({"error": format!("not a line: {error}"), "kind": "parse", "line": null});
        }
    };
    let files = files(line.filesystem.unwrap_or_default());
    let mut limits = Limits::new().time(TIME);
    line.resource_limits.iter().for_each(|own| own.apply(&mut limits));
    let engine = Engine::builder()
        .mode(match line.error_mode.as_deref() {
            Some("lax") => Mode::Lax,
            Some("warn") => Mode::Warn,
            Some("strict") => Mode::Strict,
            _ => Mode::Strict2,
        })
        .render_errors(match line.render_errors {
            Some(true) => RenderErrors::Inline,
            _ => RenderErrors::Raise,
        })
        .limits(limits)
        .partials_from(move |name| {
            let key = name.to_lowercase();
            files.get(&key).or_else(|| files.get(&format!("{key}.liquid"))).cloned()
        })
        .build();
    let name = line.template_name.unwrap_or_default();
    let template = match engine.compile(name, line.template) {
        Ok(template) => template,
        Err(error) => return refusal(&error, "parse"),
    };
    let variables = line.environment.unwrap_or_default().into_iter();
    let now = line.now.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let options = RenderOptions::new()
        .globals(variables.map(|(name, value)| (name, unmarked(value))))
        .now(now.unwrap_or_else(Timestamp::now));
    match engine.render(&template, options) {
        Ok(rendered) => json!({"output": rendered.output}),
        Err(error) => refusal(&error, "render"),
    }
}

/// The prefix of a string that replaces a number which JSON cannot express.
const MARK: &str = "\u{0}float:";

/// A line as Python and JavaScript write it, with `NaN` and `Infinity`, which JSON lacks, marked.
fn marked(line: &str) -> Cow<'_, str> {
    if !line.contains("NaN") && !line.contains("Infinity") {
        return Cow::Borrowed(line);
    }
    let mut made = String::with_capacity(line.len() + 64);
    let (mut is_text, mut rest) = (false, line);
    while let Some(character) = rest.chars().next() {
        let word = ["NaN", "-Infinity", "Infinity"].into_iter().find(|word| rest.starts_with(word));
        let taken = match (is_text, character, word) {
            (true, '\\', _) => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            (false, _, Some(word)) => {
                made.push_str(&Json::from(format!("{MARK}{word}")).to_string());
                rest = &rest[word.len()..];
                continue;
            }
            _ => character.len_utf8(),
        };
        is_text ^= character == '"';
        made.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    Cow::Owned(made)
}

/// A value whose marked strings are the numbers they replaced.
fn unmarked(json: Json) -> Value {
    match json {
        Json::String(text) => match text.strip_prefix(MARK) {
            Some("NaN") => Value::Float(f64::NAN),
            Some("Infinity") => Value::Float(f64::INFINITY),
            Some(_) => Value::Float(f64::NEG_INFINITY),
            None => Value::from(text),
        },
        Json::Array(items) => Value::list(items.into_iter().map(unmarked).collect()),
        Json::Object(map) => Value::hash(
            map.into_iter().map(|(key, one)| (Text::from(key), unmarked(one))).collect(),
        ),
        other => Value::from(other),
    }
}

fn refusal(error: &Error, kind: &str) -> Json {
    json!({"error": error.inline(), "kind": kind, "line": error.mark().map(|mark| mark.line)})
}
