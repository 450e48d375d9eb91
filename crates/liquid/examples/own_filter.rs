//! Adds filters of an application: one that needs only its input, and one that reads a variable.

use serde_json::json;
use sluicegate_liquid::{Engine, Error, Value};

fn main() -> Result<(), Error> {
    println!("{}", render("{{ 1250 | money }} {{ 1250 | money: 'EUR' }} {{ 'cart' | path }}")?);
    Ok(())
}

fn render(source: &str) -> Result<String, Error> {
    let engine = Engine::builder()
        .filter("money", |cents, arguments| {
            let cents = cents.to_int().ok_or_else(|| Error::argument("money takes cents"))?;
            let currency = arguments.given(0).map_or("USD".into(), Value::to_text);
            Ok(Value::from(format!("{}.{:02} {currency}", cents / 100, cents % 100)))
        })
        .context_filter("path", |name, _, context| {
            let locale = context.variable("locale");
            Ok(Value::from(format!("/{}/{}", locale.to_text(), name.to_text())))
        })
        .build();
    engine.compile("page", source)?.render(&engine, json!({ "locale": "en" }))
}

#[test]
fn filters_are_called() {
    assert_eq!(render("{{ 1205 | money: 'EUR' }}").expect("rendered"), "12.05 EUR");
    assert_eq!(render("{{ 'cart' | path }}").expect("rendered"), "/en/cart");
    let error = render("{{ 'x' | money }}").expect_err("refused");
    assert_eq!(error.message(), "money takes cents");
}
