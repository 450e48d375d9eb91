//! The Liquid engine from outside: fixtures against snapshots, hostile templates, JSON lines.

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::jsonl;
use sluicegate_liquid::{
    Engine, EngineBuilder, Escape, Flavor, Limits, RenderOptions, StringLiterals, UnknownNames,
};
use std::fs::{read_dir, read_to_string};
use std::path::Path;
use std::time::Duration;

/// Renders in the engine as the platform uses it: errors raised, data as JSON.
fn render(engine: &Engine, source: &str, data: &Map<String, Json>) -> Result<String, Error> {
    let template = engine.compile("page", source)?;
    let options = RenderOptions::new()
        .variables(data.clone())
        .escape(Escape::Entities)
        .now(Timestamp::from_second(1_700_000_000).expect("a timestamp"));
    engine.render(&template, options).map(|rendered| rendered.output)
}

/// The platform's lax engine.
fn platform() -> EngineBuilder {
    let mut builder = Engine::builder();
    builder.flavor(Flavor::Platform).unknown_names(UnknownNames::Warn);
    builder
}

#[test]
fn every_fixture_matches_its_snapshot() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut files: Vec<_> =
        read_dir(folder).expect("fixtures").map(|entry| entry.expect("a file").path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    assert!(files.len() >= 20, "{} fixtures", files.len());
    // A fixture's result must not depend on how busy the machine is.
    let engine = platform().limits(Limits::new().time(Duration::from_secs(600))).build();
    for file in files {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = read_to_string(&file).expect("readable");
        let (data, source) = text.split_once("\n---\n").expect("data, a line ---, a template");
        let data = serde_json::from_str(data).expect("data is JSON");
        let shown = match render(&engine, source, &data) {
            Ok(output) => output,
            Err(error) => error.to_string(),
        };
        assert_eq!(name.starts_with("err_"), shown.starts_with("page:"), "{name}: {shown}");
        insta::assert_snapshot!(name.as_str(), shown);
    }
}

/// Inputs once found by a fuzzer or a review: every mode answers, and none panics.
#[test]
fn found_cases_are_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuzz");
    let files: Vec<_> = read_dir(folder).expect("cases").map(|one| one.expect("a file")).collect();
    assert!(files.len() >= 3);
    for file in files {
        let text = read_to_string(file.path()).expect("readable");
        for mode in ["strict2", "strict", "warn", "lax"] {
            for inline in [true, false] {
                let line = json!({"template": text, "error_mode": mode, "render_errors": inline});
                let given = answer(line);
                assert_ne!(given["error"], "Liquid error: internal", "{:?}", file.path());
                assert!(given["error"].is_string() || given["output"].is_string());
            }
        }
        for lax in [true, false] {
            let mut builder = platform();
            if !lax {
                builder.unknown_names(UnknownNames::Refuse);
                builder.string_literals(StringLiterals::Interpolated);
            }
            let engine = builder.build();
            match render(&engine, &text, &Map::new()) {
                Ok(output) => assert!(output.len() < 1_000_000),
                Err(error) => assert!(error.mark().is_some(), "{error}"),
            }
        }
    }
}

fn answer(line: Json) -> Json {
    serde_json::from_str(&jsonl::answer(&line.to_string())).expect("an answer is JSON")
}

#[test]
fn every_line_gets_an_answer() {
    let partial = json!({"name": "Hello {{ who }}!"});
    let line = json!({"template": "{% render 'name', who: x %}", "environment": {"x": "World"}, "filesystem": partial});
    assert_eq!(answer(line), json!({"output": "Hello World!"}));
    let wrong = answer(json!({"template": "\n{% if %}{% endif %}"}));
    assert_eq!((&wrong["kind"], &wrong["line"]), (&json!("parse"), &json!(2)));
    let fails = answer(json!({"template": "a\nb{{ 1 | divided_by: 0 }}"}));
    assert_eq!(fails["kind"], "render");
    assert_eq!(fails["error"], "Liquid error (line 2): divided by 0");
    let inline = json!({"template": "b{{ 1 | divided_by: 0 }}", "render_errors": true});
    assert_eq!(answer(inline), json!({"output": "bLiquid error (line 1): divided by 0"}));
    let lax = json!({"template": "{{ 'a' b c | upcase }}", "error_mode": "lax"});
    assert_eq!(answer(lax), json!({"output": "A"}));
    let strict = answer(json!({"template": "{{ 'a' b c | upcase }}"}));
    assert_eq!(strict["kind"], "parse");
    for line in ["", "{", "[]", "{\"template\": 5}", &"[".repeat(100_000)] {
        assert!(jsonl::answer(line).contains("\"error\""), "{line:.20}");
    }
}

/// Every one of these ends with an ordinary error or an output; none ends the process.
#[test]
fn hostile_templates_are_answered() {
    let repeated = |text: &str| text.repeat(5_000);
    let doubling = |filter: &str| {
        format!(
            "{{% assign a = 'xx' %}}{{% for i in (1..60) %}}{{% assign a = a | {filter} %}}{{% endfor %}}"
        )
    };
    let hostile = [
        format!("{}{}", repeated("{% if true %}"), repeated("{% endif %}")),
        format!("{{% liquid\n{}%}}", repeated("if true\n")),
        format!("{{{{ {}{} }}}}", repeated("a["), repeated("]")),
        format!("{{{{ {}1{} }}}}", repeated("("), repeated("..1)")),
        format!("{{% if a {} %}}{{% endif %}}", repeated("and a ")),
        "{% for i in (1..9223372036854775807) %}{% endfor %}".to_owned(),
        "{% tablerow i in (1..50000000) cols: 0 %}{% endtablerow %}".to_owned(),
        doubling("append: a"),
        doubling("replace: 'x', a"),
        doubling("split: '' | concat: a"),
        "{% assign a = 'x' %}{% for i in (1..60) %}{% capture a %}{{ a }}{{ a }}{% endcapture %}{% endfor %}".to_owned(),
    ];
    for template in hostile {
        for mode in ["lax", "strict2"] {
            let given = answer(json!({"template": template, "error_mode": mode}));
            assert!(given["error"].is_string(), "{template:.80}: {given:.80}");
        }
    }
}

#[test]
fn hostile_values_are_bounded() {
    let cases = [
        ("{{ 9223372036854775807 | plus: 1 }}", "9223372036854775808"),
        ("{{ -9223372036854775808 | divided_by: -1 }}", "9223372036854775808"),
        ("{{ -9223372036854775808 | modulo: -1 }}", "0"),
        (
            "{{ 9223372036854775807 | times: 9223372036854775807 }}",
            "85070591730234615847396907784232501249",
        ),
        ("{{ 'now' | date: '%5000000d' | size }}", "64"),
        ("{% for i in (1..9223372036854775807) limit: 1 %}{{ i }}{% endfor %}", "1"),
        ("{{ 'abc' | truncate: 9223372036854775807 }}", "abc"),
        ("{{ 15 | round: -2147483648 }}", "0"),
    ];
    for (template, wanted) in cases {
        assert_eq!(answer(json!({"template": template})), json!({"output": wanted}), "{template}");
    }
    let ends = answer(
        json!({"template": "{{ a | strip_html | size }}", "environment": {"a": "<script".repeat(50_000)}}),
    );
    assert_eq!(ends, json!({"output": "350000"}));
}

#[test]
fn partials_that_call_themselves_end() {
    for (one, other) in [("render", "render"), ("include", "include"), ("include", "render")] {
        let files = json!({
            "a": format!("{{% {one} 'b' %}}"),
            "b": format!("{}{{% {other} 'a' %}}{}", "{% if true %}".repeat(90), "{% endif %}".repeat(90)),
        });
        let given = answer(json!({"template": "{% render 'a' %}", "filesystem": files}));
        let error = given["error"].as_str().expect("an error");
        assert!(error.contains("Nesting too deep") || error.contains("not allowed"), "{error}");
    }
}

#[test]
fn what_is_nested_a_million_deep_is_dropped() {
    let limits =
        Limits::new().steps(u64::MAX).value_bytes(usize::MAX).time(Duration::from_secs(600));
    let engine = platform().limits(limits).build();
    for nest in ["[a]", "{ \"a\": a }"] {
        let source = format!(
            "{{% for i in (1..1000000) %}}{{% assign a = {nest} %}}{{% endfor %}}{{% assign b = {nest} %}}\
             {{% if a == b %}}same{{% endif %}}{{% capture c %}}{{{{ a }}}}{{% endcapture %}}{{{{ a.size }}}}"
        );
        assert_eq!(render(&engine, &source, &Map::new()).expect("an output"), "1", "{nest}");
    }
}

/// Large but harmless templates are not refused.
#[test]
fn large_lists_are_worked_on() {
    let numbers: Vec<Json> = (0..100_000).map(|n| json!((n * 7919) % 100_003)).collect();
    let rows: Vec<Json> = (0..20_000).map(|n| json!({"id": n, "on": n % 2 == 0})).collect();
    let data = json!({"numbers": numbers, "rows": rows});
    let source = "{{ numbers | sort | first }} {{ numbers | uniq | size }} {{ rows | where: 'on' | size }} \
                  {{ rows | sort: 'id' | reverse | map: 'id' | first }} {{ rows | json | size }}";
    let engine = platform().limits(Limits::new().time(Duration::from_secs(600))).build();
    let output = render(&engine, source, data.as_object().expect("an object")).expect("an output");
    let wanted = format!("0 100000 10000 19999 {}", data["rows"].to_string().len());
    assert_eq!(output, wanted);
}

#[test]
fn shared_lists_are_printed_within_bounds() {
    let source =
        "{% assign a = [1] %}{% for i in (1..90) %}{% assign a = [a, a] %}{% endfor %}{{ a }}";
    let error = render(&platform().build(), source, &Map::new());
    if let Err(error) = error {
        assert_eq!(error.kind(), Kind::Limit, "{error}");
    }
}

#[test]
fn limits_are_the_engines() {
    let engine = platform().limits(Limits::new().steps(10)).build();
    let error = render(&engine, "{% for i in (1..50) %}{% endfor %}", &Map::new()).unwrap_err();
    assert_eq!(error.kind(), Kind::Limit);
    assert_eq!(error.mark().map(|mark| mark.line), Some(1));
}
