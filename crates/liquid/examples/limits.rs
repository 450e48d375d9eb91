//! Bounds what templates of strangers may spend, and shares one budget between two renders.

use sluicegate_liquid::budget::Budget;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::{Engine, Limits, RenderOptions};
use std::time::Duration;

const LIMITS: Limits = Limits::new().steps(10_000).output_bytes(64 * 1024);

fn main() -> Result<(), Error> {
    let greedy = "{% for i in (1..9223372036854775807) %}{{ i }}{% endfor %}";
    if let Err(error) = render_twice(greedy) {
        println!("{error}");
    }
    println!("{}", render_twice("{% for i in (1..9) %}{{ i }}{% endfor %}")?);
    Ok(())
}

/// Renders a template twice on one budget.
fn render_twice(source: &str) -> Result<String, Error> {
    let engine = Engine::builder().limits(LIMITS.time(Duration::from_millis(200))).build();
    let template = engine.compile("page", source)?;
    let budget = Budget::new(engine.limits());
    let render = || engine.render(&template, RenderOptions::new().budget(&budget));
    Ok(render()?.output + &render()?.output)
}

#[test]
fn an_exceeded_limit_is_an_error() {
    assert_eq!(render_twice("x").expect("rendered"), "xx");
    for greedy in [
        "{% for i in (1..9223372036854775807) %}{% endfor %}",
        "{% for i in (1..6000) %}{% endfor %}",
    ] {
        assert_eq!(
            render_twice(greedy).expect_err("a limit").kind(),
            sluicegate_liquid::error::Kind::Limit
        );
    }
}
