//! Templates with excessive demands: depth, doubling, recursion. The host's tests use them as well.

use serde_json::{Value as Json, json};

pub const LONG: usize = 10_000;

fn times(count: usize, text: &str) -> String {
    text.repeat(count)
}

/// The same assignment sixty times: it doubles sixty times.
fn sixty(start: &str, step: &str, end: &str) -> String {
    format!("{{% assign a = {start} %}}{}{end}", times(60, &format!("{{% {step} %}}")))
}

fn doubled(filter: &str) -> String {
    sixty("'ab'", &format!("assign a = a | {filter}"), "{{ a | size }}")
}

/// Too deeply nested to parse or to walk.
fn deep() -> Vec<String> {
    vec![
        format!("{}{}", times(LONG, "{% if a %}"), times(LONG, "{% endif %}")),
        format!("{}{}", times(LONG, "{% for i in (1..2) %}"), times(LONG, "{% endfor %}")),
        format!("{}x{}", times(99, "{% for i in (1..9) %}"), times(99, "{% endfor %}")),
        format!("{{% liquid\n{}%}}", times(LONG, "if a\n")),
        format!("{{% liquid\n{}%}}", times(LONG, "liquid ")),
        times(LONG, "{% case a %}{% when 1 %}"),
        times(LONG, "{% capture a %}"),
        times(LONG, "{% comment %}"),
        times(LONG, "{% raw %}"),
        format!("{{{{ {}{} }}}}", times(LONG, "a["), times(LONG, "]")),
        format!("{{{{ {}1{} }}}}", times(LONG, "("), times(LONG, "..1)")),
        format!("{{{{ {}{} }}}}", times(LONG, "["), times(LONG, "]")),
        format!("{{{{ {} }}}}", times(LONG, "{\"a\": ")),
        format!("{{% assign a = {}1{} %}}", times(LONG, "["), times(LONG, "]")),
        format!("{{{{ a{} }}}}", times(LONG, ".a")),
        format!("{{{{ a{} }}}}", times(LONG, " | upcase")),
        format!("{{{{ a | append: {} }}}}", times(LONG, "a, ")),
        format!("{{% if a {} %}}{{% endif %}}", times(LONG, "and a ")),
        format!("{{% if {} a %}}{{% endif %}}", times(LONG, "a == ")),
        format!(
            "{{% assign a = '' | split: '' %}}{}{{{{ a }}}}",
            times(LONG, "{% assign a = [a] %}")
        ),
    ]
}

/// One long line of repeated or almost valid markup.
fn long() -> Vec<String> {
    vec![
        times(LONG, "{{ a }}"),
        times(LONG, "{% unknown %}"),
        times(LONG, "{{"),
        times(LONG, "{%"),
        times(LONG, "{{ ' }}"),
        format!("{{{{ ' }}}}{}", times(LONG * 4, "x")),
        format!("{{{{ \" }}}}{}", times(LONG, "{{ a }}")),
        format!("{{% comment %}}{}", times(LONG, "{{ {% raw %}")),
        format!("{{% liquid\n{}x %}}", times(LONG * 4, "\n")),
        format!("{{% liquid\n{}%}}", times(LONG, "echo a\n\n")),
        format!("{{{{ a {} }}}}", times(LONG, "' ")),
        format!("{{{{ a | {} }}}}", times(LONG, ":,")),
        format!("{{{{ a | join: {} }}}}", times(LONG, "\"")),
        format!("{{{{ {} }}}}", times(LONG, "9")),
        format!("{{{{ 1.{} | round: 9 }}}}", times(LONG, "9")),
        format!("{{{{ {}{} }}}}", times(LONG, " "), times(LONG, "-")),
        format!("{{% if {} %}}{{% endif %}}", times(LONG, "!")),
        format!("{{% cycle {} %}}", times(LONG, "a,")),
        format!("{{% for i in a {} %}}{{% endfor %}}", times(LONG, "limit:1 ")),
        format!("{{% render 'x', {} %}}", times(LONG, "a: b, ")),
    ]
}

/// As many names as tags.
fn many_names() -> Vec<String> {
    let each = |text: &str| -> String {
        (0..LONG).map(|n| text.replace('#', &format!("a_long_name_{n}_indeed"))).collect()
    };
    let outputs = each("{{ # }}");
    vec![
        format!("{}{outputs}", each("{% assign # = 1 %}")),
        format!("{}{outputs}", each("{% increment # %}")),
        format!("{}{outputs}", each("{% capture # %}x{% endcapture %}")),
        format!("{}{outputs}", each("{% cycle #: 1, 2 %}{% cycle '#', 2 %}")),
        each("{% for # in (1..2) %}{% endfor %}"),
        format!("{{% render 'x', {} %}}", each("#: 1, ")),
        format!("{{{{ {{ {} }} }}}}", each("\"#\": 1, ")),
        format!("{{% case a %}}{}{{% endcase %}}", each("{% when '#' %}x")),
    ]
}

/// Short templates with excessive work.
fn greedy() -> Vec<String> {
    let all = "{% for i in (1..9223372036854775807) %}";
    let shared = |end: &str| sixty("'x' | split: ','", "assign a = [a, a]", end);
    vec![
        shared("{{ a }}"),
        shared("{% for i in (1..1000) %}{{ a | json }}{% endfor %}"),
        shared("{{ a | join: 'x' | size }}"),
        shared("{{ a | sort | uniq | reverse | compact | size }}"),
        shared("{{ a | map: 'x' }}{{ a | where: 'x' }}{{ a | sum }}"),
        shared("{% assign b = [a, a] %}{% if a == b %}x{% endif %}{% if b contains a %}x{% endif %}"),
        shared("{% assign h = { \"a\": a, \"b\": a } %}{{ h }}{{ h[a] }}"),
        shared("{% case a %}{% when a %}x{% endcase %}{{ a | append: a | size }}"),
        shared("{% for i in (1..1000) %}{% assign c = 'x' | replace: 'x', a %}{% endfor %}"),
        doubled("append: a"),
        doubled("prepend: a"),
        doubled("replace: 'a', a"),
        doubled("replace: '', a"),
        doubled("split: '' | join: a"),
        doubled("escape | url_encode | append: a"),
        doubled("base64_encode | base64_encode | upcase"),
        doubled("append: a | split: '' | sort_natural | join: ''"),
        doubled("append: a | strip_html | newline_to_br | truncatewords: 999999999"),
        doubled("append: a | date: a"),
        sixty("9", "assign a = a | times: a", "{{ a }}"),
        sixty("'a' | split: ','", "assign a = a | concat: a", "{{ a | size }}"),
        "{{ 'now' | date: '%9999999999d%99999999N%2147483648c' }}".to_owned(),
        "{{ (1..9223372036854775807) | join }}{{ (1..99999999) | sort | last }}".to_owned(),
        "{{ (1..9223372036854775807) | size }}{{ (-9223372036854775808..9223372036854775807).size }}".to_owned(),
        format!("{all}{{% endfor %}}"),
        format!("{all}{{% cycle i: 1, 2 %}}{{% endfor %}}"),
        format!("{all}{{% increment i %}}{{% assign a = a | append: 'x' %}}{{% endfor %}}"),
        format!("{all}{{% assign a = [a, 0, 0, 0, 0, 0, 0, 0, 0] %}}{{% endfor %}}"),
        format!("{all}{{% capture a %}}{{{{ a }}}}{{{{ a }}}}x{{% endcapture %}}{{% endfor %}}"),
        format!("{all}{{% unknown %}}{{{{ a | unknown }}}}{{% endfor %}}"),
        format!("{all}{{{{ 1 | divided_by: 0 }}}}{{% endfor %}}"),
        "{% for i in (1..9223372036854775807) reversed offset: 9223372036854775800 limit: 9223372036854775807 %}{% endfor %}".to_owned(),
        "{% tablerow i in (1..9223372036854775807) cols: 1 %}{% endtablerow %}".to_owned(),
        "{% tablerow i in (1..9) cols: -9223372036854775808 offset: -1 %}{{ tablerowloop.col }}{% endtablerow %}".to_owned(),
        "{% assign b = '<script' %}{% for i in (1..16) %}{% assign b = b | append: b %}{% endfor %}{{ b | strip_html | size }}".to_owned(),
        "{{ -9223372036854775808 | divided_by: -1 | abs | modulo: -1 | round: 9 | ceil }}".to_owned(),
        "{% include a %}{% render 'me' %}{% include 'me' for a %}".to_owned(),
    ]
}

pub fn hostile() -> Vec<String> {
    [deep(), long(), many_names(), greedy()].concat()
}

/// Partials that call each other twice each, as deep as allowed.
fn files() -> Json {
    json!({
        "me": "{% render 'me' %}{% render 'other' %}", "other": "{% render 'me' %}{% render 'other' %}",
        "x": "{% include 'x' %}{% include 'x' %}",
    })
}

pub fn line(template: &str, mode: &str) -> Json {
    let environment =
        json!({"a": [1, "x", null, [2, {"k": []}], {"a": {}}], "k": "x".repeat(LONG)});
    json!({"template": template, "environment": environment, "filesystem": files(), "error_mode": mode})
}

pub fn is_answer(answer: &str) -> bool {
    let answer: Json = serde_json::from_str(answer).expect("an answer is JSON");
    assert!(answer["error"] != "Liquid error: internal", "a panic: {answer:.200}");
    answer["output"].is_string() || answer["error"].is_string()
}
