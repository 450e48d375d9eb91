//! Published attacks on template engines, each one test, through both profiles.

use serde_json::{Value as Json, json};
use sluicegate::template::jsonl;
use sluicegate_module::catalog::Catalog;

/// The result under both profiles: the output, or the error after `!`.
fn answers(template: &str, environment: Json) -> [String; 2] {
    ["legacy", "modern"].map(|profile| {
        let files = json!({ "me": "{% include 'me' %}", "alone": "{% render 'alone' %}",
            "a": "{% render 'b' %}", "b": "{% include 'a' %}",
            "fn": "{% function x = 'fn' %}{% function y = 'fn' %}" });
        let line = json!({ "dialect": "platform", "profile": profile, "template": template,
            "environment": environment, "filesystem": files, "constants": {"KEY": "sk_canary"} });
        let answer = jsonl::answer(&line.to_string()).expect("it was asked for");
        let answer: Json = serde_json::from_str(&answer).expect("JSON");
        match (answer["output"].as_str(), answer["error"].as_str()) {
            (Some(output), _) => output.to_owned(),
            (_, error) => format!("!{}", error.unwrap_or_default().lines().next().unwrap_or("")),
        }
    })
}

fn ends(template: &str, environment: Json, with: &[&str]) {
    for answer in answers(template, environment) {
        let known = with.iter().any(|with| answer.starts_with('!') && answer.contains(with));
        assert!(known, "{template:.60}: {answer:.200}");
    }
}

fn says(template: &str, environment: Json, expected: &str) {
    for answer in answers(template, environment) {
        assert_eq!(answer, expected, "{template:.60}");
    }
}

const USED_UP: [&str; 2] = ["steps", "longer than"];

#[test]
fn cve_2026_44645_an_empty_loop_ends() {
    ends("{% for i in (1..999999999999) %}{% endfor %}", json!({}), &USED_UP);
    ends(
        "{% tablerow i in (1..999999999999) %}{% endtablerow %}",
        json!({}),
        &["steps", "longer", "bytes"],
    );
}

#[test]
fn cve_2026_45357_a_width_in_a_date_is_bounded() {
    for filter in ["date", "strftime", "l"] {
        let template = format!("{{{{ 'now' | {filter}: '%5000000d' | size }}}}");
        for answer in answers(&template, json!({})) {
            let size: usize = answer.parse().expect("a number");
            assert!(size < 10_000, "{filter}: {size}");
        }
    }
}

#[test]
fn cve_2026_41311_partials_that_call_each_other_end() {
    for template in [
        "{% include 'me' %}",
        "{% render 'alone' %}",
        "{% render 'a' %}",
        "{% function x = 'fn' %}",
    ] {
        for answer in answers(template, json!({})) {
            assert!(
                ["Nesting too deep", "bytes of output", "longer than"]
                    .iter()
                    .any(|end| answer.contains(end)),
                "{answer:.200}"
            );
        }
    }
}

#[test]
fn cve_2026_45617_stripping_tags_takes_no_square_of_time() {
    let bad = "<script".repeat(50_000);
    for filter in ["strip_html", "html_to_text", "sanitize", "markdown"] {
        for answer in answers(&format!("{{{{ x | {filter} | size }}}}"), json!({ "x": bad })) {
            assert!(!answer.is_empty() && !answer.contains("longer than"), "{filter}: {answer}");
        }
    }
}

#[cfg(unix)]
#[test]
fn cve_2026_35525_a_link_leads_to_no_file_outside() {
    let folder = tempfile::tempdir().expect("a folder");
    let (inside, outside) = (folder.path().join("instance"), folder.path().join("secret.liquid"));
    std::fs::create_dir_all(inside.join("views/partials")).expect("folders");
    std::fs::write(&outside, "a secret").expect("a file");
    std::os::unix::fs::symlink(&outside, inside.join("views/partials/link.liquid"))
        .expect("a link");
    std::os::unix::fs::symlink(folder.path(), inside.join("views/partials/up")).expect("a link");
    std::fs::write(inside.join("views/partials/own.liquid"), "own").expect("a file");
    let catalog = Catalog::load(&inside, &|_| None);
    assert!(catalog.partial("own").is_some());
    assert!(catalog.partial("link").is_none());
    assert!(catalog.partial("up/secret").is_none());
    assert!(catalog.partial("../../../secret").is_none());
}

#[test]
fn cve_2022_25948_nothing_is_inherited() {
    let environment = json!({ "h": {"a": 1}, "l": [1], "t": "x" });
    for name in
        ["__proto__", "constructor", "class", "prototype", "to_json", "level", "methods", "keys"]
    {
        for holder in ["h", "l", "t", "context", "context.constants", "context.exports", "forloop"]
        {
            says(
                &format!("[{{{{ {holder}.{name} }}}}{{{{ {holder}['{name}'] }}}}]"),
                environment.clone(),
                "[]",
            );
        }
    }
    says(
        "{{ context }}{{ context.constants }}{{ context | json }}",
        json!({}),
        "{\"exports\":{}}{}{\"exports\":{}}",
    );
}

#[test]
fn five_thousand_blocks_do_not_overflow_the_stack() {
    for (open, close) in [
        ("{% if true %}", "{% endif %}"),
        ("{% try %}", "{% endtry %}"),
        ("{% transaction %}", "{% endtransaction %}"),
    ] {
        let nested = format!("{}{}", open.repeat(5_000), close.repeat(5_000));
        ends(&nested, json!({}), &["too deep"]);
    }
}

#[test]
fn doubling_a_text_ends() {
    let doubled = |step: &str| {
        format!(
            "{{% assign x = 'aa' %}}{}{{{{ x | size }}}}",
            format!("{{% assign x = x | {step} %}}").repeat(40)
        )
    };
    for step in [
        "append: x",
        "prepend: x",
        "replace: 'a', x",
        "replace_regex: 'a', x",
        "split: '' | join: x",
    ] {
        ends(&doubled(step), json!({}), &["bytes of values", "longer than"]);
    }
}

#[test]
fn the_largest_range_is_never_a_list() {
    says("{% for i in (1..9223372036854775807) limit:1 %}{{ i }}{% endfor %}", json!({}), "1");
    says("{{ (1..9223372036854775807) | size }}", json!({}), "9223372036854775807");
}

#[test]
fn numbers_neither_panic_nor_wrap() {
    says("{{ -9223372036854775808 | divided_by: -1 }}", json!({}), "9223372036854775808");
    says(
        "{{ 9223372036854775807 | plus: 1 }} {{ 9223372036854775807 | times: 2 }}",
        json!({}),
        "9223372036854775808 18446744073709551614",
    );
    says("{{ 12345678901234567890 }}", json!({}), "12345678901234567890");
    says(
        "{{ -9223372036854775808 | abs }} {{ -9223372036854775808 | modulo: -1 }}",
        json!({}),
        "9223372036854775808 0",
    );
    for answer in answers("{% tablerow i in (1..2) cols:0 %}{{ i }}{% endtablerow %}", json!({})) {
        assert!(answer.contains('1') && !answer.contains("internal"), "{answer}");
    }
}

#[test]
fn a_partials_name_is_only_a_name() {
    let names = json!([
        "../../etc/passwd",
        "/etc/passwd",
        "a/../../b",
        "charge\u{0}",
        "..",
        "x".repeat(10_000),
        "",
        "C:\\x"
    ]);
    let template = "{% for n in names %}{% try %}{% function x = n %}read{% catch e %}{% endtry %}{% endfor %}ended";
    says(template, json!({ "names": names }), "ended");
}

#[test]
fn hostile_json_is_read_exactly_or_refused() {
    let of = |text: &str| json!({ "x": text });
    let read = "{% assign y = x | parse_json %}{{ y | json }}";
    says(read, of(r#"{"a": 1, "a": 2, "__proto__": {"b": 1}}"#), r#"{"a":2,"__proto__":{"b":1}}"#);
    says(
        read,
        of("[9007199254740993, 18446744073709551615]"),
        "[9007199254740993,18446744073709551615]",
    );
    for text in ["\"\\ud800\"", "[\"\\udc00x\"]"] {
        for answer in answers(read, of(text)) {
            assert!(!answer.contains("internal"), "{answer}");
        }
    }
    for answer in answers(read, of(&"[".repeat(100_000))) {
        assert!(
            answer == "null" || answer.starts_with('!') || answer.contains("Liquid error"),
            "{answer:.80}"
        );
    }
    says(
        "{{ x | parse_json | www_form_encode }}",
        of(r#"{"metadata": {"__proto__": "a&b=c"}}"#),
        "metadata[__proto__]=a%26b%3Dc",
    );
}

#[test]
fn bombs_that_unpack_end() {
    let pack = "{% assign a = 'aaaaaaaa' %}{% for i in (1..21) %}{% assign a = a | append: a %}{% endfor %}{% assign z = a | gzip_compress %}";
    let unpack =
        format!("{pack}{}{{{{ 'done' }}}}", "{% assign b = z | gzip_decompress %}".repeat(20));
    ends(&unpack, json!({}), &["bytes of values", "longer than"]);
    let entities = r#"<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>"#;
    for answer in answers("{{ x | parse_xml }}", json!({ "x": entities })) {
        assert!(answer.contains("unknown entity"), "{answer}");
    }
}

#[test]
fn a_pattern_that_explodes_is_stopped() {
    let long = format!("{}!", "a".repeat(5_000));
    for pattern in ["(a+)+$", "(a|a)*$", "(a|aa)+$", r"(a+)+(?!x)\1$", "(.*a){20}$"] {
        let template = format!(
            "{{% assign m = x | matches: '{pattern}' %}}{{% assign r = x | replace_regex: '{pattern}', 'b' %}}ended"
        );
        for answer in answers(&template, json!({ "x": long })) {
            assert!(
                answer.ends_with("ended") || answer.contains("too many steps"),
                "{pattern}: {answer:.200}"
            );
        }
    }
}

#[test]
fn what_multiplies_is_counted_before_it_is_made() {
    let long = json!({ "l": "{a*}".repeat(100_000), "h": {"a": vec!["x"; 1_000]},
        "t": "a b ".repeat(100_000), "s": "-".repeat(100_000), "n": "9".repeat(300) });
    for filters in [
        "l | expand_url_template: h",
        "t | parameterize: s",
        "t | replace_regex: ' ', s",
        "t | replace: ' ', s",
        "n | format_number: delimiter: s | append: s | replace: '-', s",
    ] {
        ends(&format!("{{{{ {filters} | size }}}}"), long.clone(), &["bytes of values"]);
    }
    let nested = "{% assign h = { \"x\": 1 } %}{% for i in (1..60) %}{% assign n = {} %}{% assign n[s] = h %}{% assign h = n %}{% endfor %}";
    for filter in ["www_form_encode", "querify"] {
        let template = format!("{nested}{{{{ h | {filter} | size }}}}");
        ends(&template, long.clone(), &["the form is too large"]);
    }
}
