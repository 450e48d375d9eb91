//! Checks template values that are pasted into files: values changed by escaping, and secrets.

use crate::diagnostic::{Diagnostic, Severity};
use crate::mustache;
use crate::source::Mark;
use serde_json::{Map, Value as Json};
use std::path::Path;

/// Warns of every value in `raw` that escaping changes and, in strict mode, of every secret.
pub fn check(
    path: &Path,
    raw: &str,
    values: &Map<String, Json>,
    secret_keys: &[String],
    strict: bool,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    if values.is_empty() {
        return diagnostics;
    }
    for paste in mustache::placeholders(raw) {
        let key = paste.key;
        let mut warn = |message: String, help: String| {
            let mark = Mark::of(raw, paste.offset);
            let diagnostic = Diagnostic::at(Severity::Warning, path, mark, raw, message);
            diagnostics.push(diagnostic.with_help(Some(help)));
        };
        if strict && secret_keys.iter().any(|secret| secret == key) {
            let message = format!("`{key}` comes from the environment and is pasted into a file");
            warn(message, format!("read it when it is needed: {{{{ context.constants.{key} }}}}"));
        }
        match values.get(key) {
            None if !matches!(key, "dependencies" | "devDependencies") => warn(
                format!("there is no template value `{key}`: nothing is inserted"),
                "add it to template-values.json".to_owned(),
            ),
            Some(Json::String(text)) if !paste.is_raw && mustache::escaped(text) != *text => warn(
                format!("pasting changes the value of `{key}`: it is escaped as HTML"),
                format!("write <%= &{key} =%> to insert it unescaped"),
            ),
            _ => {}
        }
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(raw: &str, strict: bool) -> Vec<String> {
        let values = serde_json::json!({"host": "https://x", "key": "abc"});
        let Json::Object(values) = values else { panic!("a map") };
        check(Path::new("a"), raw, &values, &["key".to_owned()], strict)
            .iter()
            .map(|diagnostic| {
                format!("{}:{} {}", diagnostic.line, diagnostic.column, diagnostic.message)
            })
            .collect()
    }

    #[test]
    fn a_value_changed_by_escaping_is_reported() {
        let told = ["2:2 pasting changes the value of `host`: it is escaped as HTML"];
        assert_eq!(messages("\n <%= host =%> <%= &host =%>", true), told);
    }

    #[test]
    fn an_inserted_secret_is_reported_in_strict_modules() {
        assert_eq!(messages("<%= &key =%>", true).len(), 1);
        assert_eq!(messages("<%= &key =%>", false).len(), 0);
    }
}
