//! Canaries: secrets from the environment must not appear anywhere.

use crate::support::host::{Instance, TestHost};
use crate::support::postgres::shared;
use crate::support::signature::{header, now};
use crate::support::wait::eventually;
use serde_json::json;

const KEY: &str = "sk_test_canaryKEY0123456789";
const HOOK: &str = "whsec_canaryHOOK0123456789";
const TOKEN: &str = "canaryTOKEN0123456789abcdef0123456789";
const INSTANCE: &str = "c0ffee0000000000000000000000000000000000000000000000000000c0ffee";

fn host(sandbox: &TestHost) -> TestHost {
    let url = format!("http://{}", sandbox.stripe.addr);
    Instance::new()
        .variable("STRIPE_SECRET_KEY", KEY)
        .variable("STRIPE_WEBHOOK_SECRET", HOOK)
        .variable("SLUICEGATE_API_TOKEN", TOKEN)
        .variable("SLUICEGATE_SECRET_KEY", INSTANCE)
        .variable("SLUICEGATE_LOG", "trace")
        .serve_with(&["--stripe", &url])
}

/// Fails when a secret is in `text`.
#[track_caller]
fn clean(what: &str, text: &[u8]) {
    for secret in [KEY, HOOK, TOKEN, INSTANCE] {
        let found = text.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "{secret} is in {what}");
    }
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one instance is led through everything that shows something"
)]
fn no_secret_is_in_a_page_an_answer_a_log_or_the_database() {
    let sandbox = TestHost::start();
    let host = host(&sandbox);
    let auth = format!("Bearer {TOKEN}");
    let headers = [("Content-Type", "application/json"), ("Authorization", auth.as_str())];
    let post = |path: &str, body: serde_json::Value| {
        let answer = host.send("POST", path, &headers, body.to_string().as_bytes());
        clean(path, &answer.body);
        clean(path, format!("{:?}", answer.headers).as_bytes());
        answer
    };
    // The key is used: the sandbox sees a caller with it.
    let paid = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" } });
    post("/api/request_types/create_payment", paid).expect(200);
    post(
        "/api/request_types/create_payment",
        json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_wrong" } }),
    );
    post("/api/request_types/create_payment", json!({ "data": 5 }));
    post(
        "/api/request_types/create_webhook_endpoint",
        json!({ "data": { "url": "https://x.example/webhooks/listen" } }),
    )
    .expect(200);
    sandbox.stripe.breaks("/v1/charges", "drop_before", 10);
    let lost = json!({ "data": { "amount": 701, "currency": "usd", "source": "tok_visa" } });
    post("/api/request_types/create_payment", lost).expect(202);
    let queries = [
        "{ executions(per_page: 100) { results { id name error } } }",
        "{ records(per_page: 100) { results { id table properties } } }",
        "{ constants { results { name value } } }",
    ];
    for query in queries {
        post("/graphql", json!({ "query": query }));
    }
    for path in [
        "/",
        "/payments",
        "/customer",
        "/connect",
        "/events",
        "/console",
        "/healthz",
        "/readyz",
        "/metrics",
        "/nowhere",
    ] {
        let answer = host.visitor().get(path);
        clean(path, &answer.body);
        clean(path, format!("{:?}", answer.headers).as_bytes());
    }
    let body = b"{\"id\": \"evt_canary\", \"type\": \"charge.refunded\", \"data\": {\"object\": {\"id\": \"ch_1\"}}}";
    let good = header(body, HOOK, now());
    for signature in [good.as_str(), "t=1,v1=00"] {
        let answer =
            host.send("POST", "/webhooks/listen", &[("Stripe-Signature", signature)], body);
        clean("/webhooks/listen", &answer.body);
    }
    for arguments in [
        &["executions", "list", "--json"][..],
        &["events", "list", "--json"],
        &["check"],
        &["routes"],
        &["call", "create_payment", "--data", r#"{"amount": 5}"#],
        &["call", "nothing"],
    ] {
        let ran = host.run(arguments);
        clean(&format!("{arguments:?}"), ran.out.as_bytes());
        clean(&format!("{arguments:?}"), ran.err.as_bytes());
    }
    let list = host.run(&["executions", "list", "--json"]).json();
    for one in list["results"].as_array().expect("a list") {
        let ran = host.run(&["executions", "show", one["id"].as_str().expect("an id"), "--json"]);
        clean("executions show", ran.out.as_bytes());
        assert!(!ran.out.contains("whsec_"), "an endpoint's secret is in {}", ran.out);
    }
    eventually("the log has lines", || {
        if host.process.printed().is_empty() { Err("none") } else { Ok(()) }
    });
    clean("the log", host.process.printed().as_bytes());
    database(&host);
}

/// Every file except the sources, including the database and its WAL.
fn database(host: &TestHost) {
    let folder = host.instance.root().join("data");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("data").flatten() {
        let bytes = std::fs::read(entry.path()).expect("read");
        clean(&entry.path().display().to_string(), &bytes);
        let created = bytes.windows(6).any(|part| part == b"whsec_");
        assert!(!created, "the created endpoint's secret is in {}", entry.path().display());
        count += 1;
    }
    assert!(count > 0, "there is a database");
}

#[test]
fn a_template_that_breaks_over_a_secret_does_not_show_it() {
    let sandbox = TestHost::start();
    let url = format!("http://{}", sandbox.stripe.addr);
    let instance =
        Instance::new().variable("STRIPE_SECRET_KEY", KEY).variable("SLUICEGATE_LOG", "trace");
    instance.write(
        "views/pages/careless.liquid",
        "---\nslug: careless\n---\n{% assign k = context.constants.stripe_sk_key %}{{ k | date: k | no_such_filter: k }}",
    );
    instance.write("views/pages/context.liquid", "---\nslug: context\n---\n{{ context | json }}{{ context.constants | json }}{{ context.constants }}");
    instance.write(
        "modules/stripe/public/views/partials/pasted.liquid",
        "one\n{{ '<%= stripe_sk_key =%>' | no_such_filter }}\n{% bad <%= stripe_sk_key =%> %}",
    );
    let host = instance.serve_with(&["--stripe", &url]);
    for path in ["/careless", "/context"] {
        let answer = host.visitor().get(path);
        clean(path, &answer.body);
    }
    clean("the log", host.process.printed().as_bytes());
    let ran = host.run(&["check"]);
    clean("check", ran.out.as_bytes());
    clean("check", ran.err.as_bytes());
}

#[test]
fn no_library_writes_payloads_whatever_the_setting_says() {
    let filter = "trace,hyper=trace,h2=trace,reqwest=trace,rusqlite=trace,tokio_postgres=trace";
    let mut databases = vec![None];
    databases.extend(shared().map(|cluster| Some(cluster.database())));
    for database in databases {
        let mut instance = Instance::new().variable("SLUICEGATE_LOG", filter);
        if let Some(database) = database {
            instance = instance.variable("SLUICEGATE_DATABASE", &database);
        }
        let host = instance.serve();
        let paid = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa",
            "description": "canary in a frame" } });
        host.request_type("create_payment", &paid).expect(200);
        let log = host.process.printed();
        assert!(!log.contains("canary"), "{log}");
        for line in log.lines() {
            let mut words = line.split_whitespace().skip_while(|word| !word.ends_with('Z')).skip(1);
            let is_low = matches!(words.next(), Some("DEBUG" | "TRACE"));
            let is_ours = words.next().is_some_and(|target| target.starts_with("sluicegate"));
            assert!(!is_low || is_ours, "{line}");
        }
    }
}

#[test]
fn keys_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let host = TestHost::start();
    let key = host.instance.root().join("data/instance.key");
    let mode = std::fs::metadata(key).expect("the key").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn filters_tell_nothing_of_a_value_that_is_masked() {
    let sandbox = TestHost::start();
    let url = format!("http://{}", sandbox.stripe.addr);
    let instance = Instance::new().variable("STRIPE_SECRET_KEY", KEY);
    instance.write(
        "modules/stripe/public/views/partials/pasted.liquid",
        "---\nmetadata:\n  key: '<%= stripe_sk_key =%>'\n  <%= stripe_sk_key =%>: here\n---\n{{ '<%= stripe_sk_key =%>' }}",
    );
    instance.write(
        "modules/stripe/public/views/pages/pasted.liquid",
        "---\nslug: pasted/<%= stripe_sk_key =%>\nmetadata:\n  key: '<%= stripe_sk_key =%>'\n---\nx",
    );
    let host = instance.serve_with(&["--stripe", &url]);
    let count = |field: &str, filter: &str| {
        let query = format!(
            "{{ a: {field}(filter: {{ {filter} }}) {{ total_entries results {{ metadata }} }} }}"
        );
        let found = host.graphql(&query, &json!({}))["a"].clone();
        clean(filter, found.to_string().as_bytes());
        found["total_entries"].as_u64().expect("a count")
    };
    let is_the_partial = "path: { ends_with: \"pasted\" }";
    assert_eq!(count("admin_liquid_partials", is_the_partial), 1);
    assert_eq!(
        count(
            "admin_liquid_partials",
            &format!("{is_the_partial}, body: {{ contains: \"[secret]\" }}")
        ),
        1
    );
    let pages = "slug: { starts_with: \"pasted/\" }";
    assert_eq!(count("admin_pages", pages), 1);
    for end in 1..=KEY.len() {
        let part = &KEY[..end];
        for kind in ["contains", "starts_with", "value"] {
            let filter = format!("{is_the_partial}, body: {{ {kind}: \"{part}\" }}");
            // `s` is a letter of the mask as well.
            let is_masks = "{{ '[secret]' }}".contains(part) && kind == "contains";
            assert_eq!(count("admin_liquid_partials", &filter) == 1, is_masks, "{filter}");
        }
        let filter = format!("slug: {{ contains: \"pasted/{part}\" }}");
        assert_eq!(count("admin_pages", &filter), 0, "{filter}");
    }
    for field in ["admin_liquid_partials", "admin_pages"] {
        let filter = format!("metadata: {{ has_key: \"{KEY}\" }}");
        let query = format!("{{ a: {field}(filter: {{ {filter} }}) {{ total_entries }} }}");
        assert_eq!(host.graphql(&query, &json!({}))["a"]["total_entries"], 0, "{field}");
    }
}

#[test]
fn nothing_is_found_sorted_or_joined_by_a_sealed_property() {
    let host = TestHost::start();
    let data = json!({ "data": { "url": "https://x.example/webhooks/listen" } });
    host.request_type("create_webhook_endpoint", &data).expect(200);
    let table = "modules/payments/webhook_endpoint";
    let property = "properties: [{ name: \"secret\", starts_with: \"whsec_\" }]";
    let filters = [
        format!("filter: {{ table: {{ value: \"{table}\" }}, {property} }}"),
        format!("filter: {{ table: {{ exact: \"{table}\" }}, {property} }}"),
        format!("filter: {{ table: {{ starts_with: \"modules\" }}, {property} }}"),
        format!("filter: {{ table: {{ value_in: [\"{table}\"] }}, {property} }}"),
        format!("filter: {{ {property} }}"),
        format!("filter: {{ or: [{{ table: {{ value: \"{table}\" }}, {property} }}] }}"),
        format!("filter: {{ or: [{{ table: {{ exact: \"{table}\" }}, {property} }}] }}"),
        format!(
            "filter: {{ table: {{ value: \"{table}\" }}, properties: [{{ name: \"secret\", exists: true }}] }}"
        ),
        format!(
            "filter: {{ table: {{ value: \"{table}\" }} }}, sort: [{{ properties: [{{ name: \"secret\" }}] }}]"
        ),
        "sort: [{ properties: [{ name: \"secret\" }] }]".to_owned(),
    ];
    let mut documents: Vec<_> = filters
        .iter()
        .map(|filter| format!("{{ records({filter}) {{ total_entries }} }}"))
        .collect();
    documents.push(format!("{{ customizations(name: \"{table}\", properties: [{{ name: \"secret\", exists: true }}]) {{ total_entries }} }}"));
    documents.push(format!("{{ customizations(name: \"{table}\", sort: [{{ name: \"secret\" }}]) {{ total_entries }} }}"));
    documents.push(
        "{ customizations(properties: [{ name: \"secret\", value: \"x\" }]) { total_entries } }"
            .to_owned(),
    );
    documents.push(format!("{{ records {{ results {{ related_records(table: [\"{table}\"], foreign_property: \"secret\", join_on_property: \"url\") {{ id }} }} }} }}"));
    documents.push(format!("mutation {{ records_delete_all(table: \"{table}\", filter: {{ {property} }}) {{ count }} }}"));
    for document in documents {
        let answer = host.post_json("/graphql", &json!({ "query": document })).expect(200).json();
        let message = answer["errors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains("is secret"), "{document}: {answer}");
    }
}
