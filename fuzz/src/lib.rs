//! What the fuzz targets share: a case of a template and its data, and how the engine renders it.

#[cfg(feature = "dialect")]
pub mod dialect;

use arbitrary::Arbitrary;
use serde_json::{Map, Value as Json, json};
use sluicegate_liquid::{
    Engine, Escape, Flavor, Limits, Mode, RenderErrors, RenderOptions, UnknownNames,
};
use std::time::Duration;

/// The size of the output that the engine of a case allows.
const OUTPUT_MAX: usize = 256 * 1024;

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

/// One case; its text is what remains of the input, so a seed is five bytes and a string.
#[derive(Debug, Arbitrary)]
pub struct Case<'a> {
    /// How the template is read.
    pub manner: Manner,
    /// Whether errors are printed where they happen.
    pub inline: bool,
    /// A template; behind a NUL, JSON of `environment` and `filesystem`.
    pub text: &'a str,
}

impl Case<'_> {
    /// The engine of the case, with limits that a fuzzer reaches soon, and its partials.
    pub fn engine(&self) -> Engine {
        let data = self.data();
        let none = Map::new();
        let partials = data["filesystem"].as_object().unwrap_or(&none).iter();
        let limits = Limits::new()
            .steps(20_000)
            .output_bytes(OUTPUT_MAX)
            .value_bytes(4 * 1024 * 1024)
            .time(Duration::from_secs(1));
        Engine::builder()
            .flavor(match self.manner {
                Manner::Legacy | Manner::Modern => Flavor::Platform,
                _ => Flavor::Shopify,
            })
            .mode(match self.manner {
                Manner::Strict2 => Mode::Strict2,
                Manner::Strict => Mode::Strict,
                Manner::Warn => Mode::Warn,
                _ => Mode::Lax,
            })
            .unknown_names(match self.manner {
                Manner::Modern => UnknownNames::Refuse,
                Manner::Legacy => UnknownNames::Warn,
                _ => UnknownNames::WarnOfFilters,
            })
            .render_errors(match self.inline {
                true => RenderErrors::Inline,
                false => RenderErrors::Raise,
            })
            .escape(if self.inline { Escape::Raw } else { Escape::Entities })
            .limits(limits)
            .partials(partials.filter_map(|(name, text)| Some((name.as_str(), text.as_str()?))))
            .build()
    }

    /// The template of the case.
    pub fn template(&self) -> &str {
        self.text.split_once('\0').map_or(self.text, |(template, _)| template)
    }

    /// The data and partials of the case; values of every kind when it has none of its own.
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

/// Compiles and renders a case: it has to return, whatever the case is.
pub fn render(case: &Case<'_>) {
    let engine = case.engine();
    let Ok(template) = engine.compile("case", case.template()) else { return };
    let mut data = case.data();
    let variables = data["environment"].as_object_mut().map(std::mem::take).unwrap_or_default();
    let options = RenderOptions::new()
        .variables(variables)
        .now(jiff::Timestamp::from_second(1_700_000_000).unwrap_or_default());
    match engine.render(&template, options) {
        Ok(rendered) => assert!(rendered.output.len() <= OUTPUT_MAX, "the output's limit holds"),
        Err(error) => {
            let _ = (error.to_string(), error.inline());
        }
    }
}
