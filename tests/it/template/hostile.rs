//! Hostile templates in the platform's dialect: each gets an answer, alone and in one
//! `render --jsonl` process that survives all of them.

use crate::support::render_process;
use serde_json::{Map, Value as Json, json};
use sluicegate::template::jsonl;

/// A name for messages, and the template.
type Case = (&'static str, String);

fn plain(cases: &[(&'static str, &str)]) -> Vec<Case> {
    cases.iter().map(|(name, template)| (*name, (*template).to_owned())).collect()
}

/// Repeats `step` as often as a loop allows.
fn forever(step: &str) -> String {
    format!("{{% for i in (1..9223372036854775807) %}}{step}{{% endfor %}}")
}

/// A value that represents 2^60 others.
fn shared(step: &str) -> String {
    let doubled = "{% for i in (1..60) %}{% assign a = [a, a] %}{% assign h = { \"l\": h, \"r\": h } %}{% endfor %}";
    format!("{{% assign a = ['x'] %}}{{% assign h = {{ \"x\": 1 }} %}}{doubled}{step}")
}

/// Excessive calls to the host.
fn storms() -> Vec<Case> {
    vec![
        ("queries", forever("{% graphql g = 'q', i: i %}")),
        ("inline queries", forever("{% graphql g, i: i %}query { a }{% endgraphql %}")),
        ("queries with much", shared("{% graphql g = 'q', a: a, h: h %}{{ g }}")),
        ("jobs", forever("{% background j = 'x', i: i %}")),
        ("jobs with much", forever("{% background j = 'x', i: big %}")),
        ("jobs of bodies", forever("{% background i: i %}x{% endbackground %}")),
        ("log lines", forever("{% log context %}")),
        ("log lines with much", forever("{% log big, type: big %}")),
        ("forms", forever("{% try %}{% include_form 'f' %}{% catch e %}{% endtry %}")),
        ("sessions", forever("{% session a = big %}")),
        ("headers", forever("{% response_headers '{\"A\": \"b\"}' %}")),
        ("cache", forever("{% cache i %}{{ big }}{% endcache %}")),
        (
            "content",
            forever("{% content_for 'a' %}{% yield 'a' %}{% yield 'a' %}x{% endcontent_for %}"),
        ),
        ("exports", forever("{% assign n = 'n' | append: i %}{% export big, namespace: n %}")),
        (
            "errors",
            forever("{% try %}{{ 'x' | download_file }}{% catch e %}{{ e.message }}{% endtry %}"),
        ),
        ("warnings", forever("{{ 'x' | hcaptcha }}")),
        ("transactions", forever("{% transaction timeout: 0.0000001 %}{% endtransaction %}")),
    ]
}

/// Recursion and nesting.
fn recursions() -> Vec<Case> {
    let nested =
        |open: &str, close: &str| format!("{}{}", open.repeat(10_000), close.repeat(10_000));
    let mut cases = plain(&[
        ("function", "{% function a = 'me' %}{{ a }}"),
        ("function twice", "{% function a = 'twice' %}{{ a }}"),
        ("function in turn", "{% function a = 'a' %}"),
        ("include", "{% include 'again' %}"),
        ("render", "{% render 'apart' %}"),
        ("theme", "{% assign theme_search_paths = ['t'] %}{% theme_render_rc 'me' %}"),
        (
            "caught limits",
            "{% try %}{% function a = 'me' %}{% catch e %}{% function a = 'me' %}{% endtry %}",
        ),
    ]);
    cases.extend([
        ("try", nested("{% try %}", "{% endtry %}")),
        ("transaction", nested("{% transaction %}", "{% endtransaction %}")),
        ("cache", nested("{% cache 'a' %}", "{% endcache %}")),
        ("content_for", nested("{% content_for 'a' %}", "{% endcontent_for %}")),
        ("parse_json", nested("{% parse_json a %}", "{% endparse_json %}")),
        ("background", nested("{% background a: 1 %}", "{% endbackground %}")),
        ("form", nested("{% form %}", "{% endform %}")),
        ("unclosed", "{% try %}{% graphql a %}{% parse_json a %}".repeat(5_000)),
        ("target", format!("{{% hash_assign a{} = 1 %}}", "['a']".repeat(10_000))),
        (
            "literal",
            format!("{{% return {}1{} %}}", "{\"a\": [".repeat(10_000), "]}".repeat(10_000)),
        ),
    ]);
    cases
}

/// Values that contain themselves, or grow without bound.
fn circles() -> Vec<Case> {
    let mut cases = plain(&[
        ("hash in itself", "{% assign h = {} %}{% hash_assign h['a'] = h %}{{ h }}"),
        (
            "hash in itself, by two",
            "{% assign h = {} %}{% assign g = { \"h\": h } %}{% hash_assign h['g'] = g %}{{ h | json }}",
        ),
        ("list in itself", "{% assign a = [] %}{% assign a << a %}{{ a }}"),
        (
            "context in its exports",
            "{% assign c = context %}{% export c, namespace: 'x' %}{{ context }}{{ context | json }}{% log context %}",
        ),
        (
            "context in a hash of it",
            "{% assign h = { \"c\": context } %}{% export h, namespace: 'x' %}{{ h }}{{ context | deep_clone }}{% graphql g = 'q', c: context %}{% session c = context %}",
        ),
        (
            "context in its session",
            "{% session c = context %}{{ context }}{% session d = context.session %}{{ context }}",
        ),
        (
            "exports in themselves",
            "{% assign e = context.exports %}{% export e, namespace: 'x' %}{{ context.exports | json }}{% if context == e %}x{% endif %}",
        ),
        (
            "context compared",
            "{% assign c = context %}{% assign h = { \"c\": c } %}{% assign g = { \"c\": c } %}{% if h == g %}x{% endif %}",
        ),
    ]);
    cases.extend([
        ("a long chain", "{% for i in (1..300000) %}{% assign a = [a] %}{% endfor %}{{ a }}{{ a | json }}{% assign b = a | deep_clone %}{{ a | array_flatten | size }}".to_owned()),
        ("a long chain of hashes", "{% for i in (1..300000) %}{% assign n = {} %}{% hash_assign n['a'] = h %}{% assign h = n %}{% endfor %}{{ h }}{{ h | to_xml }}".to_owned()),
        ("a long chain of filters", "{% for i in (1..300000) %}{% assign a = nil | array_add: a %}{% assign h = nil | hash_merge: h: h %}{% endfor %}{{ a }}".to_owned()),
        ("compared", shared("{% if a == h %}x{% endif %}{% assign b = [a, a] %}{% if a == b %}x{% endif %}{% if a contains b %}{% endif %}")),
        ("cloned", shared("{{ a | deep_clone | size }}")),
        ("as JSON", shared("{{ h | json | size }}")),
        ("as a form", shared("{{ h | www_form_encode | size }}{{ h | querify }}")),
        ("as XML", shared("{{ h | to_xml | size }}")),
        ("as a token", shared("{{ h | jwt_encode: 'HS256', 's' | size }}")),
        ("flattened", shared("{{ a | array_flatten | size }}")),
        ("put into others", shared(&forever("{% hash_assign h['x'] = a %}{% assign a << h %}"))),
        ("exported", shared("{% export a, h, namespace: 'x' %}{{ context.exports | json | size }}")),
        ("in a session", shared("{% session a = a %}{{ context }}")),
        ("to a job", shared("{% background j = 'x', a: a %}")),
        ("to a form", shared("{% include_form 'f', a: a %}")),
        ("returned", shared("{% return a %}")),
        ("differences", shared("{{ h | hash_diff: a }}{% assign g = { \"l\": h } %}{{ h | hash_diff: g }}")),
        ("dug", shared("{{ h | dig: a, h }}{{ h | hash_except: a }}{{ h | hash_sort }}{{ a | array_sum }}")),
    ]);
    cases
}

/// Filters with excessive arguments.
#[expect(clippy::too_many_lines, reason = "a list")]
fn greedy() -> Vec<Case> {
    let mut cases = Vec::new();
    for format in ["%999999999d", "%.999999999f", "%-99999999999999999999s", "%*d", "%s%s%s", "%"] {
        cases.push(("sprintf", format!("{{{{ 1 | advanced_format: '{format}' | size }}}}")));
        cases.push((
            "date",
            format!("{{{{ 'now' | strftime: '{format}' | size }}}}{{{{ 'now' | l: '{format}' }}}}"),
        ));
        cases.push((
            "to_time",
            format!("{{{{ 'now' | to_time: '', '{format}' }}}}{{{{ big | to_time }}}}"),
        ));
    }
    for pattern in [
        "(a+)+$",
        "(a|aa)+\\\\1b",
        "(.*)*x",
        "(?=(a+))*b",
        "a{1000}{1000}{1000}",
        "(a?){99}a{99}",
        "((((((((((a*)*)*)*)*)*)*)*)*)*b",
        "(?<!a+)b",
        "[",
        "(?#",
        "\\\\",
    ] {
        let by =
            |filter: &str, more: &str| format!("{{{{ letters | {filter}: '{pattern}'{more} }}}}");
        cases.push(("matches", by("matches", "")));
        cases.push(("regex_matches", by("regex_matches", " | size")));
        cases.push(("replace_regex", by("replace_regex", ", 'xxxxxxxxxxxxxxxx' | size")));
    }
    let number = "9223372036854775807";
    for filter in [
        "array_in_groups_of",
        "array_rotate",
        "array_limit",
        "array_delete_at",
        "pad_left",
        "date_add",
        "add_to_time",
        "format_number",
        "random_string",
        "round",
        "truncate",
        "slice: 0,",
        "pluralize",
        "to_positive_integer",
        "hkdf: '', '',",
        "url_to_qrcode_svg: module_size:",
    ] {
        for count in [number, "-9223372036854775808", "1000000000", "1.0e300"] {
            let colon = if filter.contains(':') { "" } else { ":" };
            cases.push(("a large number", format!("{{{{ list | {filter}{colon} {count} | size }}}}{{{{ 'x' | {filter}{colon} {count} | size }}}}")));
        }
    }
    for filter in [
        "array_add: 1",
        "array_prepend: 1",
        "array_compact",
        "array_uniq",
        "array_shuffle",
        "array_sort_by: 'a'",
        "array_group_by: 'a'",
        "array_map: 'a'",
        "array_sum",
        "array_flatten",
        "array_in_groups_of: 1",
        "array_include: 1",
        "array_index_of: 1",
        "array_intersect: list",
        "array_subtract: list",
        "array_select: a: 1",
        "array_reject: a: 1",
        "array_detect: a: 1",
        "array_any: 1",
        "array_rotate",
        "json",
        "hash_keys",
        "to_csv",
        "to_xml",
        "sort",
    ] {
        cases.push(("a long range", format!("{{{{ (1..{number}) | {filter} | size }}}}")));
    }
    cases.extend(texts());
    cases
}

/// Filters that parse long strings, over strings in other formats.
fn texts() -> Vec<Case> {
    let mut cases = Vec::new();
    for filter in [
        "parse_json",
        "to_hash",
        "parse_xml",
        "parse_csv",
        "is_json_valid",
        "html_to_text",
        "sanitize",
        "html_safe",
        "markdown",
        "strip_html",
        "strip_liquid",
        "to_time",
        "is_email_valid",
        "is_gpg_valid",
        "useragent",
        "video_params",
        "videoify",
        "url_to_qrcode_svg",
        "gzip_compress",
        "gzip_decompress",
        "base64_decode",
        "humanize",
        "titleize",
        "slugify",
        "parameterize",
        "pluralize",
        "escape_javascript",
        "unescape_javascript",
        "new_line_to_br",
        "to_mobile_number",
        "pricify",
        "pricify_cents",
        "amount_to_fractional: 'USD'",
        "format_number",
        "expand_url_template: list",
        "extract_url_params: '/{a*}{b*}{c*}{d}x'",
        "jwt_decode: 'HS256', 's'",
        "translate",
        "asset_url",
        "sha1",
        "compute_hmac: 's'",
        "encrypt: 'aes-256-cbc', 'ThisPasswordIsReallyHardToGuessA'",
        "decrypt: 'aes-256-cbc', 'ThisPasswordIsReallyHardToGuessA'",
        "jwe_encode: 'p', 'PBES2-HS512+A256KW', 'A256GCM'",
        "ecdh_compute: big",
    ] {
        for text in ["big", "deep", "tags", "angles", "stars", "xml", "letters"] {
            cases.push(("a long text", format!("{{{{ {text} | {filter} | size }}}}")));
        }
        cases.push(("again and again", forever(&format!("{{% assign x = letters | {filter} %}}"))));
    }
    cases.extend([
        ("parse_json of much", "{% parse_json x %}{{ big_json }}{% endparse_json %}{{ x | size }}".to_owned()),
        ("parse_json of depth", "{% parse_json x %}{{ deep }}{% endparse_json %}{{ x | size }}".to_owned()),
        ("a bomb of gzip", "{% assign a = 'aaaaaaaa' %}{% for i in (1..21) %}{% assign a = a | append: a %}{% endfor %}{% assign z = a | gzip_compress %}".to_owned() + &forever("{{ z | gzip_decompress | size }}")),
        ("a bomb of entities", "{{ '<!DOCTYPE a [<!ENTITY x \"xxxx\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>' | parse_xml }}".to_owned()),
        ("passwords", forever("{{ 'x' | jwe_encode: 'p', 'PBES2-HS512+A256KW', 'A256GCM' | size }}")),
        ("pictures", forever("{{ 'https://example.com/a/long/address' | url_to_qrcode_svg | size }}")),
        ("names", "{% include letters %}{% function a = big %}{% include '../../etc/passwd' %}{% render 'x\u{0}' %}".to_owned()),
    ]);
    cases
}

fn hostile() -> Vec<Case> {
    [storms(), recursions(), circles(), greedy()].concat()
}

fn line(template: &str, profile: &str) -> Json {
    let environment = json!({
        "list": [1, "x", null, [2, {"k": []}], {"a": {}}],
        "big": "x ".repeat(60_000),
        "big_json": format!("[{}1]", "{\"a\": [1, \"two\", null]},".repeat(200_000)),
        "deep": "[".repeat(30_000),
        "tags": "<div><b class=\"x\">".repeat(5_000),
        "angles": "<script".repeat(50_000),
        "stars": "*a **b > [x](".repeat(5_000),
        "xml": format!("<a>{}</a>", "<b c=\"d\"/>".repeat(10_000)),
        "letters": format!("{}b", "a".repeat(3_000)),
    });
    // A line contains only what its own template names.
    let used: Map<String, Json> = environment
        .as_object()
        .expect("an object")
        .iter()
        .filter(|(name, _)| template.contains(name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let filesystem = json!({
        "x": "x", "me": "{% function a = 'me' %}{% return a %}", "again": "{% include 'again' %}",
        "twice": "{% function a = 'twice' %}{% function b = 'twice' %}{% return 1 %}",
        "apart": "{% render 'apart' %}{% render 'apart' %}", "t/me": "{% theme_render_rc 'me' %}",
        "a": "{% function b = 'b' %}", "b": "{% function a = 'a' %}",
    });
    json!({"dialect": "platform", "profile": profile, "template": template, "environment": used,
        "filesystem": filesystem, "graphql": {"q": {"ok": true}}, "output": "escape"})
}

fn is_answer(answer: &str, name: &str) -> bool {
    let answer: Json = serde_json::from_str(answer).expect("an answer is JSON");
    assert!(answer["error"] != "Liquid error: internal", "{name}: a panic");
    answer["output"].is_string() || answer["error"].is_string()
}

#[test]
#[ignore = "minutes long; the process below goes through the same list"]
fn every_profile_answers() {
    for (name, template) in hostile() {
        for profile in ["legacy", "modern"] {
            let answer = jsonl::answer(&line(&template, profile).to_string()).expect("asked for");
            assert!(is_answer(&answer, name), "{name}: {template:.80}");
        }
    }
}

#[test]
fn one_process_survives_all_of_them() {
    let cases = hostile();
    let names: Vec<&str> = cases.iter().map(|(name, _)| *name).collect();
    let lines = cases.iter().enumerate().map(|(place, (_, template))| {
        let profile = if place % 2 == 0 { "legacy" } else { "modern" };
        let mut line = line(template, profile);
        // Enough for these templates, and soon used up by hostile ones.
        line["steps"] = 20_000.into();
        line["time_ms"] = 200.into();
        line.to_string().into_bytes()
    });
    let last = line("{{ 'alive' }}", "modern").to_string().into_bytes();
    let answers = render_process::answers(lines.chain([last]).collect());
    assert_eq!(answers.len(), names.len() + 1);
    assert!(answers.iter().zip(&names).all(|(answer, name)| is_answer(answer, name)));
    assert_eq!(answers[names.len()], r#"{"output":"alive","returned":null,"warnings":[]}"#);
}

#[test]
#[ignore = "prints the list for a look from outside"]
fn the_list_as_lines() {
    for (place, (name, template)) in hostile().iter().enumerate() {
        let profile = if place % 2 == 0 { "legacy" } else { "modern" };
        println!("{name}\t{}", line(template, profile));
    }
}
