//! Hostile templates: the engine answers all of them within its budget.

use super::hostile_templates::{hostile, is_answer, line};
use serde_json::{Map, Value as Json, json};
use sluicegate_liquid::jsonl;
use sluicegate_liquid::{Engine, Escape, Flavor, Limits, Mode, RenderOptions, UnknownNames};
use std::time::Duration;

#[test]
fn every_mode_answers() {
    for template in hostile() {
        for (mode, inline) in [("lax", true), ("strict2", false)] {
            let mut line = line(&template, mode);
            line["render_errors"] = inline.into();
            // Enough for these templates, and soon used up by hostile ones.
            line["resource_limits"] = json!({"render_score_limit": 20_000});
            assert!(is_answer(&jsonl::answer(&line.to_string())), "{template:.80}");
        }
    }
}

#[test]
fn the_platforms_engine_comes_back() {
    let limits = Limits::new().steps(20_000).time(Duration::from_millis(500));
    let engine = Engine::builder()
        .flavor(Flavor::Platform)
        .unknown_names(UnknownNames::Warn)
        .mode(Mode::Lax)
        .limits(limits)
        .build();
    for template in hostile() {
        for escape in [Escape::Raw, Escape::Entities] {
            let Ok(template) = engine.compile("hostile", template.as_str()) else { continue };
            let data: Map<String, Json> = Map::from_iter([("k".to_owned(), json!([{"k": []}]))]);
            let options = RenderOptions::new()
                .variables(data)
                .escape(escape)
                .now(jiff::Timestamp::from_second(1_700_000_000).expect("a timestamp"));
            match engine.render(&template, options) {
                Ok(rendered) => assert!(rendered.output.len() <= limits.output_bytes),
                Err(error) => {
                    assert!(error.mark().is_some() || error.chain().is_empty(), "{error}")
                }
            }
        }
    }
}
