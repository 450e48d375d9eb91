//! The engine like Ruby Liquid in its four modes: what is accepted, what is refused, the output.

use serde_json::{Value as Json, json};
use sluicegate_liquid::jsonl;

fn answer(mode: &str, template: &str, environment: Json) -> String {
    let line = json!({"template": template, "environment": environment, "error_mode": mode});
    message(&line.to_string())
}

fn inline(mode: &str, template: &str) -> String {
    let line = json!({"template": template, "error_mode": mode, "render_errors": true});
    message(&line.to_string())
}

/// The output, or the error.
fn message(line: &str) -> String {
    let answer: Json = serde_json::from_str(&jsonl::answer(line)).expect("an answer is JSON");
    let said = answer["output"].as_str().or(answer["error"].as_str());
    said.expect("an output or an error").to_owned()
}

#[test]
fn lax_reads_what_makes_sense() {
    let cases = [
        ("{{ 'a b' | split$$:' ' | last }}", "b"),
        ("{{ 'one two' | split:\"n\"\" | first }}", "o"),
        ("{{ 'x' |<b c=\"d\" }}", "x"),
        ("{{ list.0 ! name 5 }}", "1"),
        ("{{ ['name'}}", "Ada"),
        ("{{ [['name']}}", "Ada"),
        ("{{{ name | split: ',' }}}", "}"),
        ("{% assign 12ab = 'v' %}{{ 12ab }}", "v"),
        ("{% assign 7 = 'v' %}{{ 7 }}{% cycle .7, .8 %}", "7v"),
        ("{% assign a = 1, 2, 3 %}{{ a }}", "1"),
        ("{% if !name %}yes{% endif %}", "yes"),
        ("{% for i in (1...3) limit: 2 reversed %}{{ i }}{% endfor %}", "21"),
        ("{% if name ~~ 'Ada' %}{% endif %}x", "x"),
    ];
    let data = json!({"name": "Ada", "list": [1, 2]});
    for (template, wanted) in cases {
        for mode in ["lax", "warn"] {
            assert_eq!(answer(mode, template, data.clone()), wanted, "{mode} {template}");
        }
    }
}

#[test]
fn strict_modes_refuse_it() {
    let cases = [
        ("{{ a b }}", "Expected end_of_string but found id in \"{{ a b }}\""),
        ("{{ 'x' | f ^ }}", "Unexpected character ^"),
        ("{% assign 42 = a %}", "Expected id but found number"),
        ("{% assign a . = b %}", "Expected id but found dot"),
        ("{% assign ^ = b %}", "Syntax Error in 'assign'"),
        (
            "{% liquid\nif a\n  endfor\n%}",
            "'endfor' is not a valid delimiter for if tags. use endif",
        ),
        ("{% liquid\nendfor\n%}", "'endfor' is not a valid delimiter for liquid tags. use %}"),
        ("{% doc %}{% doc x %}{% enddoc %}", "Nested doc tags are not allowed"),
        ("{% comment %}{{ a{% endcomment %}", "'comment' tag was never closed"),
        ("{{ a }\n{% if b %}{{ c }}{% endif %}", "Variable '{{' was not properly terminated"),
    ];
    for (template, wanted) in cases {
        let error = answer("strict2", template, json!({}));
        assert!(error.starts_with("Liquid syntax error") && error.contains(wanted), "{error}");
    }
}

#[test]
fn pieces_end_where_ruby_ends_them() {
    let cases = [
        ("{% raw %}{{ a {% endraw %}", "{{ a "),
        ("{% raw %}{% a {% endraw %}", "{% a "),
        ("{% raw %}{{% endraw %}b{% raw %}}{% endraw %}", "{b}"),
        ("{% comment %}{% raw %}{% endcomment %}{% endraw %}{% endcomment %}b", "b"),
        ("{% doc %}{% {{ {%- enddoc -%} b", "b"),
        ("{{ 'a}}b' }}", "b' }}"),
    ];
    for (template, wanted) in cases {
        assert_eq!(answer("lax", template, json!({})), wanted, "{template}");
    }
}

#[test]
fn blank_blocks_hide_errors_but_in_the_newest_mode() {
    let template = "{% if 5 > 'x' %} {% endif %}{% assign a = 'x' | truncate: nil %}";
    assert_eq!(inline("lax", template), "");
    assert_eq!(inline("strict", template), "");
    let shown = "Liquid error (line 1): comparison of Integer with String failed";
    assert_eq!(inline("strict2", template), shown);
    assert_eq!(
        inline("lax", "\n{{\n\n1 | divided_by: 0 }}"),
        "\nLiquid error (line 2): divided by 0"
    );
}

#[test]
fn values_are_rubys() {
    let cases = [
        ("{{ 123.321 | modulo: 0.1 }} {{ -7 | modulo: 2.5 }}", "0.021 0.5"),
        ("{{ 33170731707317075 | divided_by: 100.0 }}", "331707317073170.75"),
        ("{{ 1000000000000000.5 }} {{ 1e3 }}", "1000000000000000.5 "),
        ("{{ 'a.b' | replace: '.', '\\0\\0' }} {{ 'x' | replace: 'x', '\\\\' }}", "a..b \\"),
        ("{{ 'a+b%' | url_decode }} {{ '%41%zz' | url_decode }}", "a b% A%zz"),
        (
            "{{ 'abcdef' | truncate: '1_0' }} {{ 'abc' | truncate: '99999999999999999999' }}",
            "abcdef abc",
        ),
        (
            "{% if blank == blank %}x{% endif %}{% case blank %}{% when ' ' %}x{% else %}y{% endcase %}",
            "y",
        ),
        ("{% assign a = self %}{% if a == self %}{{ self | slice: 0, 6 }}{% endif %}", "Liquid"),
        ("{% for i in (1..3) offset: 99999999999999999999 %}{{ i }}{% endfor %}", ""),
    ];
    for (template, wanted) in cases {
        assert_eq!(answer("lax", template, json!({})), wanted, "{template}");
    }
    let refused = "Liquid error (line 1): invalid integer";
    for template in [
        "{% tablerow i in (1..3) cols: true %}{{ i }}{% endtablerow %}",
        "{{ 'x' | truncate: '5x' }}",
    ] {
        assert_eq!(answer("lax", template, json!({})), refused, "{template}");
    }
}

#[test]
fn a_line_may_say_what_json_cannot() {
    let said_of = |values: &str| {
        message(&format!(
            r#"{{"template": "{{{{ a }}}} {{{{ b | divided_by: 2 }}}} {{{{ t }}}}", "environment": {values}}}"#
        ))
    };
    let line = r#"{"a": NaN, "b": -Infinity, "t": "NaN \" Infinity"}"#;
    assert_eq!(said_of(line), "NaN -Infinity NaN \" Infinity");
    assert_eq!(said_of(r#"{"a": [Infinity, {"x": NaN}], "b": 4}"#), "Infinity{\"x\"=>NaN} 2 ");
}

#[test]
fn a_line_may_bring_its_limits() {
    let limited = |limits: Json, template: &str| {
        let line = json!({"template": template, "resource_limits": limits, "render_errors": true});
        message(&line.to_string())
    };
    let loops = "{% for i in (1..100) %}x{% endfor %}";
    assert!(limited(json!({"render_score_limit": 10}), loops).contains("more than 10 steps"));
    assert!(limited(json!({"render_length_limit": 10}), loops).contains("more than 10 bytes"));
    let values = "{% assign a = 'abcdefgh' | append: 'abcdefgh' %}";
    assert!(limited(json!({"assign_score_limit": 10}), values).contains("bytes of values"));
    assert_eq!(limited(json!({"render_score_limit": 1000}), loops), "x".repeat(100));
}
