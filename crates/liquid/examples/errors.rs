//! Prints errors as template authors read them: place, excerpt, caret, callers, advice.

use serde_json::json;
use sluicegate_liquid::{Engine, Error, RenderErrors, RenderOptions, UnknownNames};

fn main() -> Result<(), Error> {
    for source in ["{% if a %}\n{{ a", "{{ a | upcas }}", "{% render 'rates' %}"] {
        if let Err(error) = render(source) {
            println!("{error}\n");
        }
    }
    println!("{}", inline("{{ 1 | divided_by: 0 }}, and the page goes on")?);
    Ok(())
}

fn render(source: &str) -> Result<String, Error> {
    let engine = Engine::builder()
        .unknown_names(UnknownNames::Refuse)
        .partials([("rates", "rate:\n{{ 1 | divided_by: 0 }}")])
        .build();
    engine.compile("page", source)?.render(&engine, json!({}))
}

/// Errors are printed in the page, and returned as warnings.
fn inline(source: &str) -> Result<String, Error> {
    let engine = Engine::builder().render_errors(RenderErrors::Inline).build();
    let rendered = engine.render(&engine.compile("page", source)?, RenderOptions::new())?;
    Ok(format!("{} [{} warning]", rendered.output, rendered.warnings.len()))
}

#[test]
fn errors_have_their_place() {
    let error = render("{% render 'rates' %}").expect_err("an error").to_string();
    assert!(error.starts_with("rates:2:"), "{error}");
    assert!(error.ends_with("called from page:1"), "{error}");
    let output = inline("{{ 1 | divided_by: 0 }}!").expect("rendered");
    assert_eq!(output, "Liquid error (page line 1): divided by 0! [1 warning]");
}
