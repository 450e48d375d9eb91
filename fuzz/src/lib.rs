//! What both fuzz targets share; `src/liquid` is a leaf, so it is taken by its path: the whole package takes minutes to build.

#[path = "../../src/liquid/mod.rs"]
pub mod liquid;

#[cfg(feature = "dialect")]
pub mod dialect;

use arbitrary::Arbitrary;
use liquid::budget::{Budget, Limits};
use liquid::context::{Partials, RenderOptions};
use liquid::engine::{Engine, Mode};
use liquid::error::{Error, Kind};
use liquid::print::Escape;
use liquid::template::Template;
use liquid::text::Text;
use liquid::value::Value;
use serde_json::{Map, Value as Json, json};
use std::time::Duration;

/// How strictly a case is read, and by which engine.
#[derive(Debug, Clone, Copy, Arbitrary)]
pub enum Manner {
    /// Ruby's engine in its newest mode.
    Strict2,
    /// Ruby's engine, strict.
    Strict,
    /// Ruby's engine, warning.
    Warn,
    /// Ruby's engine, lax.
    Lax,
    /// The platform's engine, unknown names pass.
    Legacy,
    /// The platform's engine, unknown names are errors.
    Modern,
}

/// One case; its text is what remains of the input, so a seed is five bytes and a text.
#[derive(Debug, Arbitrary)]
pub struct Case<'a> {
    /// How it is read.
    pub manner: Manner,
    /// Whether errors are printed where they happen.
    pub inline: bool,
    /// A template; behind a NUL, JSON of `environment` and `filesystem`.
    pub text: &'a str,
}

impl Case<'_> {
    /// The engine it wants, with limits that a fuzzer reaches soon.
    pub fn engine(&self) -> Engine {
        let mut engine = match self.manner {
            Manner::Legacy | Manner::Modern => Engine::standard(),
            _ => Engine::ruby(),
        };
        engine.set_mode(match self.manner {
            Manner::Strict2 => Mode::Strict2,
            Manner::Strict => Mode::Strict,
            Manner::Warn => Mode::Warn,
            _ => Mode::Lax,
        });
        if let Manner::Modern = self.manner {
            engine.set_lax(false);
        }
        engine.set_raise(!self.inline);
        engine.set_limits(Limits {
            steps: 20_000,
            output_bytes: 256 * 1024,
            value_bytes: 4 * 1024 * 1024,
            time: Duration::from_secs(1),
            ..Limits::default()
        });
        engine
    }

    /// Its template.
    pub fn template(&self) -> &str {
        self.text.split_once('\0').map_or(self.text, |(template, _)| template)
    }

    /// Its data and partials; a set that has every kind of value when it brings none.
    fn data(&self) -> Json {
        let own = self.text.split_once('\0').and_then(|(_, data)| serde_json::from_str(data).ok());
        own.unwrap_or_else(|| {
            json!({
                "environment": {
                    "a": [3, 1.5, "x", null, true, [1, [2]], {"k": "v"}], "b": "text <b>é", "c": {"k": [1], "size": 9},
                    "d": 123456789012345678_i64, "e": -0.0, "f": "", "x": {"name": "n", "items": [{"id": 1}, {"id": 2}]},
                },
                "filesystem": {"a": "{{ a }}{% render 'a' %}", "b": "{% include 'b' %}{% break %}", "c": "{{ c }}{{ forloop.index }}"},
            })
        })
    }
}

struct Files<'a>(&'a Engine, &'a Map<String, Json>);

impl Partials for Files<'_> {
    fn find(&self, name: &str) -> Result<Template, Error> {
        match self.1.get(name).and_then(Json::as_str) {
            Some(text) => self.0.compile(name, text),
            None => Err(Error::new(Kind::Partial, "none")),
        }
    }
}

/// Compiles and renders a case; whatever it is, it has to come back with an answer.
pub fn render(case: &Case<'_>) {
    let engine = case.engine();
    let Ok(template) = engine.compile("case", case.template()) else { return };
    let data = case.data();
    let (none, variables) =
        (Map::new(), data["environment"].as_object().cloned().unwrap_or_default());
    let budget = Budget::new(engine.limits());
    let options = RenderOptions {
        variables: variables
            .into_iter()
            .map(|(name, value)| (Text::from(name), Value::from(value)))
            .collect(),
        globals: Vec::new(),
        partials: &Files(&engine, data["filesystem"].as_object().unwrap_or(&none)),
        host: &(),
        escape: if case.inline { Escape::Raw } else { Escape::Entities },
        now: jiff::Timestamp::from_second(1_700_000_000).unwrap_or_default(),
        budget: &budget,
    };
    match engine.render(&template, options) {
        Ok(rendered) => assert!(rendered.output.len() <= 256 * 1024, "the output's limit holds"),
        Err(error) => {
            let _ = (error.to_string(), error.inline());
        }
    }
}
