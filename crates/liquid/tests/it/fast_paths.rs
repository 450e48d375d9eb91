//! Where the engine has a fast way beside the complete one: both print the same and spend the same.

use serde_json::{Value as Json, json};
use sluicegate_liquid::{
    Engine, Error, Escape, Flavor, Limits, RenderErrors, RenderOptions, Value,
};

/// Filters that write a variable's string straight into the output.
const IN_PLACE: [&str; 6] = ["escape", "h", "url_encode", "upcase", "downcase", "capitalize"];

const TEXTS: [&str; 12] = [
    "",
    "a",
    "plain",
    "A bowl <large> & \"more\"",
    "it's",
    "ünd Straße ß ŉ",
    "éclair",
    "ﬁn",
    "a b+c%20/~-_.",
    "MIXED case Words",
    "日本語 text",
    "a string that is too long to be stored inline & needs memory",
];

fn sanitized(text: &str) -> String {
    format!("[{text}]")
}

fn engines() -> Vec<(Engine, Escape)> {
    let escapes = [Escape::Raw, Escape::Entities, Escape::Through(sanitized)];
    let mut all = Vec::new();
    for flavor in [Flavor::Shopify, Flavor::Platform] {
        for errors in [RenderErrors::Raise, RenderErrors::Inline] {
            let engine = Engine::builder().flavor(flavor).render_errors(errors).build();
            all.extend(escapes.map(|escape| (engine.clone(), escape)));
        }
    }
    all
}

fn render(
    (engine, escape): &(Engine, Escape),
    template: &str,
    value: Value,
    limits: Limits,
) -> Result<String, Error> {
    let template = engine.compile("t", template).expect("compiled");
    let budget = sluicegate_liquid::budget::Budget::new(limits);
    let options = RenderOptions::new().variables([("x", value)]).escape(*escape).budget(&budget);
    engine.render(&template, options).map(|rendered| rendered.output)
}

fn values() -> Vec<Value> {
    let mut values: Vec<Value> = TEXTS.iter().map(|text| Value::text(*text)).collect();
    values.extend(TEXTS.iter().map(|text| Value::safe(*text)));
    let others =
        [json!(null), json!(5), json!(-1.5), json!(true), json!(["<a>", 1]), json!({"k": "<"})];
    values.extend(others.iter().map(Value::from));
    values.extend([Value::Empty, Value::Blank, Value::Range(1, 3)]);
    values
}

#[test]
fn a_filter_in_the_output_prints_what_it_returns() {
    for engine in engines() {
        for filter in IN_PLACE {
            for value in values() {
                let shown = |template: &str| {
                    render(&engine, template, value.clone(), Limits::new())
                        .map_err(|error| error.message().to_owned())
                };
                let fast = shown(&format!("[{{{{ x | {filter} }}}}]"));
                let slow = shown(&format!("{{% assign y = x | {filter} %}}[{{{{ y }}}}]"));
                assert_eq!(fast, slow, "{filter} of {value:?}, {:?}", engine.1);
            }
        }
    }
}

/// The least limit with which a template renders.
fn least(limit: impl Fn(u64) -> Limits, renders: impl Fn(Limits) -> bool) -> u64 {
    if renders(limit(0)) {
        return 0;
    }
    let (mut too_few, mut enough) = (0, 2_000);
    assert!(renders(limit(enough)), "a limit that is enough");
    while enough - too_few > 1 {
        let between = too_few.midpoint(enough);
        match renders(limit(between)) {
            true => enough = between,
            false => too_few = between,
        }
    }
    enough
}

#[test]
fn a_filter_in_the_output_spends_what_its_call_spends() {
    let bytes = |number: u64| usize::try_from(number).expect("small");
    for engine in engines() {
        for filter in IN_PLACE {
            for text in TEXTS {
                // A constant goes the complete way.
                let fast = format!("[{{{{ x | {filter} }}}}]");
                let quote = if text.contains('"') { '\'' } else { '"' };
                let slow = format!("[{{{{ {quote}{text}{quote} | {filter} }}}}]");
                let renders = |template: &str, limits: Limits| {
                    render(&engine, template, Value::text(text), limits).is_ok()
                };
                let spent = |template: &str| {
                    let renders = |limits: Limits| renders(template, limits);
                    [
                        least(|n| Limits::new().steps(n), renders),
                        least(|n| Limits::new().value_bytes(bytes(n)), renders),
                        least(|n| Limits::new().output_bytes(bytes(n)), renders),
                    ]
                };
                assert_eq!(spent(&fast), spent(&slow), "{filter} of {text}");
            }
        }
    }
}

/// A limit that is reached inside a filter is reported at the filter, and nothing of it is printed.
#[test]
fn a_filter_in_the_output_fails_as_its_call_does() {
    for engine in engines() {
        for limits in [Limits::new().value_bytes(8), Limits::new().output_bytes(8)] {
            for filter in IN_PLACE {
                let text = "twelve bytes";
                let error = |template: &str| {
                    let failed = render(&engine, template, Value::text(text), limits);
                    let failed = failed.expect_err("a limit");
                    (failed.message().to_owned(), failed.mark().map(|mark| mark.line))
                };
                let fast = error(&format!("\n{{{{\nx\n| {filter} }}}}"));
                let slow = error(&format!("\n{{{{\n'{text}'\n| {filter} }}}}"));
                assert_eq!(fast, slow, "{filter}");
            }
        }
    }
}

#[test]
fn a_comparison_with_a_constant_is_that_with_a_variable() {
    let constants = ["'a'", "''", "1", "0", "1.0", "nil", "true", "false", "empty", "blank"];
    // How strings are escaped does not matter to a comparison.
    for engine in engines().into_iter().step_by(3) {
        for operator in ["==", "!=", "<>", "<", "<=", ">", ">=", "contains"] {
            for constant in constants {
                let mut values = values();
                values.extend([Value::Int(0), Value::Int(1), Value::Float(1.0), Value::text("a")]);
                for value in values {
                    let shown = |template: String| {
                        render(&engine, &template, value.clone(), Limits::new())
                            .map_err(|error| error.message().to_owned())
                    };
                    let fast = shown(format!("{{% if x {operator} {constant} %}}y{{% endif %}}"));
                    let slow = shown(format!(
                        "{{% for c in list %}}{{% endfor %}}{{% assign c = {constant} %}}\
                         {{% if x {operator} c %}}y{{% endif %}}"
                    ));
                    assert_eq!(fast, slow, "{value:?} {operator} {constant}");
                }
            }
        }
    }
}

#[test]
fn json_becomes_the_value_that_becomes_the_same_json() {
    let large: serde_json::Map<String, Json> =
        (0..100).map(|number| (format!("name_{number}"), json!([number, {"in": null}]))).collect();
    let all = json!({
        "large": large, "": "", "empty": {}, "list": [[], [[]], {}],
        "numbers": [0, -1, 1.5, -0.0, 1e300, i64::MIN, i64::MAX, u64::MAX],
        "texts": TEXTS, "others": [true, false, null],
    });
    assert_eq!(Value::from(&all).to_json(), all);
    assert_eq!(Value::from(&all), Value::from(all.clone()));
    for number in [0, 50, 99] {
        let template = format!("{{{{ x.large.name_{number}[0] }}}}{{{{ x.large.size }}}}");
        let shown = render(&engines()[0], &template, Value::from(&all), Limits::new());
        assert_eq!(shown.expect("rendered"), format!("{number}100"));
    }
}

/// Values may be nested deeper than the stack is large.
#[test]
fn a_deep_value_is_dropped() {
    for around in [0, 10, 49, 50, 51, 100, 100_000] {
        let mut value = Value::text("inside");
        for level in 0..around {
            value = match level % 2 {
                0 => Value::list(vec![value]),
                _ => Value::hash([("k".into(), value)].into_iter().collect()),
            };
        }
        drop(value);
    }
}
