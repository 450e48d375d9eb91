//! A line of `render --jsonl` in the platform's dialect, from a few bytes and a text.

use arbitrary::Arbitrary;
use serde_json::{Value as Json, json};

/// One case; its text is what remains of the input, as in [`crate::Case`].
#[derive(Debug, Arbitrary)]
pub struct Line<'a> {
    /// The profile is `legacy`, not `modern`.
    pub legacy: bool,
    /// How texts are printed.
    pub output: Output,
    /// A template; behind a NUL, the text of the partial `b`.
    pub text: &'a str,
}

/// The modes of `platformos.md` E6.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Output {
    /// As it is.
    Raw,
    /// Escaped.
    Escape,
    /// Through a sanitizer.
    Sanitize,
}

/// Whatever it is, the answer is a line of JSON; libFuzzer hears of a panic before anybody catches it.
pub fn answer(line: &Line<'_>) {
    let (template, partial) = line.text.split_once('\0').unwrap_or((line.text, "{{ a }}"));
    let asked = json!({
        "dialect": "platform", "template": template, "time_ms": 500, "steps": 20_000, "now": 1_700_000_000,
        "profile": if line.legacy { "legacy" } else { "modern" },
        "output": match line.output {
            Output::Raw => "raw",
            Output::Escape => "escape",
            Output::Sanitize => "sanitize",
        },
        "environment": {
            "a": [3, 1.5, "x", null, true, [1, [2]], {"k": "v"}], "b": "text <b>é", "c": {"k": [1], "size": 9},
            "d": 123456789012345678_i64, "e": -0.0, "f": "", "x": {"name": "n", "items": [{"id": 1}, {"id": 2}]},
        },
        "context": {"params": {"id": "1"}, "session": {"s": 1}, "headers": {"HOST": "x"}, "location": {"pathname": "/"}},
        "constants": {"KEY": "secret"},
        "graphql": {"q": {"records": {"results": [{"id": "1"}]}}},
        "filesystem": {"a": "{{ a }}{% render 'a' %}", "b": partial, "c": "{% return x %}"},
    });
    let answer = sluicegate::template::jsonl::answer(&asked.to_string());
    let answer: Json = answer
        .as_deref()
        .map(|text| serde_json::from_str(text).unwrap_or_default())
        .unwrap_or_default();
    assert!(answer.get("output").or(answer.get("error")).is_some_and(Json::is_string), "an answer");
}
