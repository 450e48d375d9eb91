//! Hostile templates: whatever they ask for, the engine answers within its budget.

use super::hostile_templates::{hostile, is_answer, line};
use serde_json::{Map, Value as Json, json};
use sluicegate_liquid::budget::{Budget, Limits};
use sluicegate_liquid::context::{NoPartials, RenderOptions};
use sluicegate_liquid::engine::{Engine, Mode};
use sluicegate_liquid::jsonl;
use sluicegate_liquid::print::Escape;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;
use std::time::Duration;

#[test]
fn every_mode_answers() {
    for template in hostile() {
        for (mode, inline) in [("lax", true), ("strict2", false)] {
            let mut line = line(&template, mode);
            line["render_errors"] = inline.into();
            // Enough for what is asked here, and soon used up by what asks for all.
            line["resource_limits"] = json!({"render_score_limit": 20_000});
            assert!(is_answer(&jsonl::answer(&line.to_string())), "{template:.80}");
        }
    }
}

#[test]
fn the_platforms_engine_comes_back() {
    let mut engine = Engine::standard();
    engine.set_mode(Mode::Lax);
    let limits = Limits { steps: 20_000, time: Duration::from_millis(500), ..Limits::default() };
    engine.set_limits(limits);
    for template in hostile() {
        for escape in [Escape::Raw, Escape::Entities] {
            let Ok(template) = engine.compile("hostile", template.as_str()) else { continue };
            let data: Map<String, Json> = Map::from_iter([("k".to_owned(), json!([{"k": []}]))]);
            let budget = Budget::new(limits);
            let options = RenderOptions {
                variables: data.into_iter().map(|(k, v)| (Text::from(k), Value::from(v))).collect(),
                globals: Vec::new(),
                partials: &NoPartials,
                host: &(),
                escape,
                now: jiff::Timestamp::from_second(1_700_000_000).expect("a moment"),
                budget: &budget,
            };
            match engine.render(&template, options) {
                Ok(rendered) => assert!(rendered.output.len() <= limits.output_bytes),
                Err(error) => {
                    assert!(error.mark().is_some() || error.chain().is_empty(), "{error}")
                }
            }
        }
    }
}
