//! Renders one JSON line to one JSON line in the platform's dialect, for test suites and fuzzing.

use crate::clock::{Clock as _, SystemClock};
use crate::template::host::{FormCall, GraphqlCall, Host, Job, LogEntry, Transaction};
use crate::template::output::OutputMode;
use crate::template::render::{LIMITS, Templates};
use crate::template::request_context::RequestContext;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::partial::Partial;
use sluicegate_module::profile::Profile;
use sluicegate_module::source::Source;
use sluicegate_secret::Secret;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The time limit per line.
const TIME: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Line {
    template: String,
    profile: Option<String>,
    output: Option<String>,
    #[serde(default)]
    environment: Map<String, Json>,
    #[serde(default)]
    context: Map<String, Json>,
    #[serde(default)]
    constants: Map<String, Json>,
    #[serde(default)]
    filesystem: Map<String, Json>,
    #[serde(default)]
    graphql: Map<String, Json>,
    /// A lower limit of steps for this line; `time_ms` lowers the time limit.
    steps: Option<u64>,
    time_ms: Option<u64>,
    /// Unix seconds, for a suite that freezes time.
    now: Option<i64>,
}

/// Answers a line with `"dialect": "platform"`: `{"output", …}`, or `{"error", "kind", "line"}`.
/// `None` for any other line.
pub fn answer(line: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Asked {
        dialect: Option<String>,
    }
    // Avoids parsing every line of another suite twice.
    if !line.contains("\"dialect\"") {
        return None;
    }
    let asked: Asked = serde_json::from_str(line).ok()?;
    (asked.dialect.as_deref() == Some("platform")).then(|| {
        let answered = catch_unwind(AssertUnwindSafe(|| answer_line(line)));
        answered.unwrap_or_else(|_| refusal("Liquid error: internal", "render", None)).to_string()
    })
}

fn refusal(error: &str, kind: &str, line: Option<u32>) -> Json {
    json!({ "error": error, "kind": kind, "line": line })
}

fn answer_line(line: &str) -> Json {
    let line: Line = match serde_json::from_str(line) {
        Ok(line) => line,
        Err(error) => return refusal(&format!("not a line: {error}"), "parse", None),
    };
    let profile = line.profile.as_deref().and_then(Profile::from_name).unwrap_or(Profile::Modern);
    let mode = match line.output.as_deref() {
        Some("escape") => OutputMode::Escape,
        Some("sanitize") => OutputMode::Sanitize,
        _ => OutputMode::Raw,
    };
    let source = |name: &str, text: &str| Source::new(name, name, 1, text, profile);
    let mut catalog = Catalog::default();
    for (name, text) in &line.filesystem {
        let source = source(name, text.as_str().unwrap_or_default());
        let partial = Partial { source, metadata: Json::Null, open: Vec::new() };
        catalog.partials.insert(name.clone(), partial);
    }
    let steps = line.steps.unwrap_or(LIMITS.steps).min(LIMITS.steps);
    let time = line.time_ms.map_or(TIME, Duration::from_millis).min(TIME);
    let limits = LIMITS.steps(steps).time(time);
    let templates = Templates::new(Arc::new(catalog)).with_limits(limits);
    let request_context = RequestContext::new(line.context);
    let secret = |value: Json| Secret::new(value.as_str().unwrap_or_default());
    let constants = line.constants.into_iter().map(|(name, value)| (name, secret(value)));
    request_context.set_constants(constants.collect());
    let now = line.now.and_then(|seconds| Timestamp::from_second(seconds).ok());
    let host =
        StandaloneHost { graphql: line.graphql, now: now.unwrap_or_else(|| SystemClock.now()) };
    let template = source("template", &line.template);
    let locals = Json::Object(line.environment);
    match templates.render(&template, &request_context, locals, mode, &host) {
        Ok(rendered) => {
            let warnings: Vec<_> = rendered.warnings.iter().map(ToString::to_string).collect();
            let returned = rendered.returned;
            json!({ "output": rendered.output, "returned": returned, "warnings": warnings })
        }
        Err(error) => {
            let line = error.location().map(|location| location.mark.line);
            refusal(&error.to_string(), "render", line)
        }
    }
}

/// A host without a runtime: it answers the line's queries and stores nothing.
struct StandaloneHost {
    graphql: Map<String, Json>,
    now: Timestamp,
}

impl Host for StandaloneHost {
    fn graphql(&self, call: GraphqlCall) -> Json {
        let name = call.name.unwrap_or_default();
        let answer = self.graphql.get(&name).cloned();
        let unknown = || json!({ "errors": [{ "message": format!("no query `{name}`") }] });
        answer.unwrap_or_else(unknown)
    }

    fn include_form(&self, call: FormCall) -> Result<String, String> {
        Err(format!("there is no form `{}`", call.name))
    }

    fn background(&self, _: Job) -> Result<String, String> {
        Ok("job".to_owned())
    }

    fn log(&self, _: LogEntry) {}

    fn now(&self) -> Timestamp {
        self.now
    }

    fn random(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }

    fn transaction(&self, _: Transaction) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_ask_for_it_are_answered() {
        assert_eq!(answer(r#"{"template": "x"}"#), None);
        assert_eq!(answer(r#"{"template": "\"dialect\""}"#), None);
        assert_eq!(answer(r#"{"template": "x", "dialect": "liquid"}"#), None);
        let line = json!({ "dialect": "platform", "template": "{% function a = 'p', x: 1 %}{{ a }}",
            "filesystem": { "p": "{% return x | plus: 1 %}" } });
        let expected = r#"{"output":"2","returned":null,"warnings":[]}"#;
        assert_eq!(answer(&line.to_string()).as_deref(), Some(expected));
        let line = r#"{"dialect": "platform", "template": "{% if %}"}"#;
        assert!(answer(line).is_some_and(|answer| answer.contains("\"error\"")));
    }
}
