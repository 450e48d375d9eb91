//! Reads a module's metadata (`pos-module.json`, `template-values.json`), with `"${NAME}"` replaced
//! from the environment.

use crate::diagnostic::{Diagnostic, Severity};
use crate::mustache;
use crate::profile::Profile;
use crate::source::Mark;
use serde_json::{Map, Value as Json};
use sluicegate_secret::Secret;
use std::path::Path;

/// The content of both files.
#[derive(Default)]
pub struct Values {
    /// The values for `<%= key =%>`.
    pub map: Map<String, Json>,
    /// Keys and values that come from the environment.
    pub secrets: Vec<(String, Secret)>,
    /// Keys of values that only the environment can provide, which are probably secrets.
    pub secret_keys: Vec<String>,
    /// Values of the environment, raw and as escaped by `<%= =%>`.
    pub hidden: Vec<Secret>,
    /// `"strict": true`.
    pub strict: bool,
    /// `"profile": "legacy"`.
    pub profile: Option<Profile>,
    /// `"dependencies": {"core": "^1.3.0"}`.
    pub dependencies: Vec<(String, String)>,
    /// `"graphql_grants": {"create_refund": "may_refund"}`.
    pub graphql_grants: Vec<(String, String)>,
}

/// Shorter values (`false`, `usd`) are words rather than secrets.
const HIDDEN_BYTES_MIN: usize = 6;

/// Keys of the files that are not template values.
const MAPS: &[&str] = &["dependencies", "devDependencies", "graphql_grants"];

impl Values {
    /// Adds a file; later files win.
    pub fn add(
        &mut self,
        path: &Path,
        text: &str,
        environment: &dyn Fn(&str) -> Option<String>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let pairs = match serde_json::from_str::<Json>(text.trim_start_matches('\u{feff}')) {
            Ok(Json::Object(pairs)) => pairs,
            Ok(_) => {
                let mark = Mark { line: 1, column: 1 };
                diagnostics.push(Diagnostic::at(
                    Severity::Error,
                    path,
                    mark,
                    text,
                    "expected a JSON object",
                ));
                return;
            }
            Err(problem) => {
                let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                let mark = Mark { line: small(problem.line()), column: small(problem.column()) };
                let full = problem.to_string();
                let words = full.split(" at line ").next().unwrap_or(&full);
                let message = format!("this is not JSON: {words}");
                diagnostics.push(Diagnostic::at(Severity::Error, path, mark, text, message));
                return;
            }
        };
        for (key, value) in pairs {
            let hidden = &mut self.hidden;
            let mut reading =
                Reading { path, text, environment, diagnostics, hidden, named: false, bare: false };
            let value = reading.expand(value);
            let (named, bare) = (reading.named, reading.bare);
            self.secret_keys.extend(bare.then(|| key.clone()));
            if let (true, Json::String(secret)) = (named, &value)
                && !secret.is_empty()
            {
                self.secrets.retain(|(other, _)| *other != key);
                self.secrets.push((key.clone(), Secret::new(secret.clone())));
            }
            self.note(path, text, &key, &value, diagnostics);
            if !MAPS.contains(&key.as_str()) {
                self.map.insert(key, value);
            }
        }
    }

    /// The declared version.
    pub fn version(&self) -> Option<String> {
        self.map.get("version").and_then(Json::as_str).map(str::to_owned)
    }

    /// The declared name.
    pub fn machine_name(&self) -> Option<&str> {
        self.map.get("machine_name").and_then(Json::as_str).filter(|name| !name.is_empty())
    }

    fn note(
        &mut self,
        path: &Path,
        text: &str,
        key: &str,
        value: &Json,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let mut wrong = |message: &str| {
            let mark = mark_of(text, &format!("\"{key}\""));
            diagnostics.push(Diagnostic::at(Severity::Error, path, mark, text, message));
        };
        match (key, value) {
            ("strict", Json::Bool(strict)) => self.strict = *strict,
            ("strict", _) => wrong("`strict` should be true or false"),
            ("profile", value) => match value.as_str().and_then(Profile::from_name) {
                Some(profile) => self.profile = Some(profile),
                None => wrong("`profile` should be \"legacy\" or \"modern\""),
            },
            ("dependencies", Json::Object(all)) => {
                let pairs = all.iter().map(|(name, version)| {
                    (name.clone(), version.as_str().unwrap_or_default().to_owned())
                });
                self.dependencies = pairs.collect();
            }
            ("graphql_grants", Json::Object(all)) => {
                for (field, policy) in all {
                    match policy.as_str() {
                        Some(policy) => {
                            self.graphql_grants.push((field.clone(), policy.to_owned()));
                        }
                        None => wrong("`graphql_grants` should map fields to names of policies"),
                    }
                }
            }
            ("graphql_grants", _) => wrong("`graphql_grants` should map fields to policies"),
            ("dependencies", _) => wrong("`dependencies` should map module names to versions"),
            _ => {}
        }
    }
}

/// A value that is being read.
struct Reading<'a> {
    path: &'a Path,
    text: &'a str,
    environment: &'a dyn Fn(&str) -> Option<String>,
    diagnostics: &'a mut Vec<Diagnostic>,
    hidden: &'a mut Vec<Secret>,
    /// True if it refers to the environment.
    named: bool,
    /// True if it does so without a default.
    bare: bool,
}

impl Reading<'_> {
    fn expand(&mut self, value: Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.expand_text(&text)),
            Json::Array(items) => items.into_iter().map(|item| self.expand(item)).collect(),
            Json::Object(pairs) => {
                pairs.into_iter().map(|(key, value)| (key, self.expand(value))).collect()
            }
            other => other,
        }
    }

    /// Expands `${NAME}` and `${NAME:-default}`; anything else is unchanged.
    fn expand_text(&mut self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else { break };
            let inside = &rest[start + 2..start + length];
            expanded.push_str(&rest[..start]);
            expanded.push_str(&self.variable(inside));
            rest = &rest[start + length + 1..];
        }
        expanded + rest
    }

    fn variable(&mut self, inside: &str) -> String {
        self.named = true;
        self.bare |= !inside.contains(":-") || inside.ends_with(":-");
        let (name, instead) = match inside.split_once(":-") {
            Some((name, instead)) => (name, Some(instead)),
            None => (inside, None),
        };
        let found = (self.environment)(name).filter(|value| !value.is_empty());
        if let Some(value) = found.as_ref().filter(|value| value.len() >= HIDDEN_BYTES_MIN) {
            self.hidden.push(Secret::new(mustache::escaped(value)));
            self.hidden.push(Secret::new(value.clone()));
        }
        if let Some(value) = found.or_else(|| instead.map(str::to_owned)) {
            return value;
        }
        let mark = mark_of(self.text, &format!("${{{inside}}}"));
        let message = format!("the environment variable {name} is not set");
        let help = format!("set it, or write \"${{{name}:-…}}\" for a value to use instead");
        let diagnostic = Diagnostic::at(Severity::Warning, self.path, mark, self.text, message);
        self.diagnostics.push(diagnostic.with_help(Some(help)));
        String::new()
    }
}

/// The first position of `part` in `text`.
fn mark_of(text: &str, part: &str) -> Mark {
    let Some(offset) = text.find(part) else { return Mark { line: 1, column: 1 } };
    Mark::of(text, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Values, Vec<String>) {
        let environment = |name: &str| (name == "KEY").then(|| "sk_test_canary".to_owned());
        let (mut values, mut diagnostics) = (Values::default(), Vec::new());
        values.add(Path::new("v.json"), text, &environment, &mut diagnostics);
        (values, diagnostics.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_environment_fills_values_in() {
        let (values, diagnostics) =
            read(r#"{"a": "${KEY}", "b": "x${NONE:-y}z", "c": 1, "strict": true}"#);
        assert_eq!(values.map["a"], "sk_test_canary");
        assert_eq!(values.map["b"], "xyz");
        assert!(values.strict);
        assert_eq!(diagnostics, [""; 0]);
        let keys: Vec<_> = values.secrets.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a", "b"]);
    }

    #[test]
    fn a_missing_variable_is_reported_with_its_location() {
        let (values, diagnostics) = read("{\n  \"a\": \"${NONE}\"}");
        assert_eq!(values.map["a"], "");
        assert!(diagnostics[0].starts_with("v.json:2:9: warning: the environment variable NONE"));
        assert!(values.secrets.is_empty());
    }

    #[test]
    fn broken_json_is_reported_with_its_location() {
        let (_, diagnostics) = read("{\n  \"a\": }\n");
        assert!(
            diagnostics[0].starts_with("v.json:2:8: error: this is not JSON"),
            "{diagnostics:?}"
        );
    }
}
