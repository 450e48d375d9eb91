//! Ten different errors in a module: ten messages, each with its location.

use crate::support::host::Instance;
use crate::support::wait::eventually;

/// One error each: the file, its text, the line of the message, and a word in it.
const FAULTS: [(&str, &str, u64, &str); 10] = [
    // 1: invalid YAML.
    ("public/views/pages/yaml.liquid", "---\nslug: [yaml\n---\nhello\n", 2, ""),
    // 2: an unknown key.
    ("public/views/pages/key.liquid", "---\nslug: key\nlayoot: none\n---\nhello\n", 3, "layoot"),
    // 3: a tag that is never closed.
    ("public/views/partials/unclosed.liquid", "one\n{% if a %}\nthree\n", 2, "if"),
    // 4: an unknown tag.
    ("public/views/partials/unknown_tag.liquid", "one\ntwo\n{% teleport 'a' %}\n", 3, "teleport"),
    // 5: a missing partial.
    ("public/views/partials/dead.liquid", "{% include 'modules/ten/nowhere' %}\n", 1, "nowhere"),
    // 6: an unknown filter.
    ("public/views/partials/filter.liquid", "one\n{{ a | shout }}\n", 2, "shout"),
    // 7: a table of an unknown type.
    (
        "public/custom_model_types/thing.yml",
        "name: thing\nproperties:\n  - name: size\n    type: intiger\n",
        4,
        "intiger",
    ),
    // 8: a form for a missing table.
    (
        "public/form_configurations/thing_form.liquid",
        "---\nname: thing_form\nresource: modules/ten/thang\n---\n",
        3,
        "thang",
    ),
    // 9: an API call without an address.
    (
        "public/notifications/api_call_notifications/nowhere_to.liquid",
        "---\nrequest_type: POST\n---\na=1\n",
        1,
        "address",
    ),
    // 10: invalid GraphQL.
    (
        "public/graph_queries/bad.graphql",
        "query bad {\n  records(per_page: ) { results { id } }\n}\n",
        2,
        "",
    ),
];

fn instance() -> Instance {
    let instance = Instance::new();
    let values = r#"{ "machine_name": "ten", "version": "1.0.0", "strict": true }"#;
    instance.write("modules/ten/template-values.json", values);
    for (path, text, _, _) in FAULTS {
        instance.write(&format!("modules/ten/{path}"), text);
    }
    instance
}

#[test]
fn ten_faults_are_ten_located_messages() {
    let ran = instance().run(&["check", "--json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let json = ran.json();
    let faults = json["faults"].as_array().expect("faults");
    for (path, _, line, word) in FAULTS {
        let path = format!("modules/ten/{path}");
        let found: Vec<_> = faults
            .iter()
            .filter(|f| f["path"] == path.as_str() && f["severity"] == "error")
            .collect();
        assert!(!found.is_empty(), "{path} has no message in {faults:#?}");
        let fault = found
            .iter()
            .find(|f| f["line"].as_u64() == Some(line))
            .unwrap_or_else(|| panic!("{path}: not on line {line}: {found:#?}"));
        let message = fault["message"].as_str().expect("a message");
        assert!(!message.is_empty() && message.contains(word), "{path}: {message}");
        assert!(fault["column"].as_u64().is_some_and(|column| column >= 1), "{fault}");
    }
    assert!(
        faults.iter().all(|f| f["path"].as_str().is_some_and(|p| p.contains("modules/ten/"))),
        "{faults:#?}"
    );
}

#[test]
fn people_read_them_with_an_excerpt() {
    let ran = instance().run(&["check"]);
    assert_eq!(ran.code, 1);
    for (path, _, line, _) in FAULTS {
        let place = format!("modules/ten/{path}:{line}:");
        assert!(ran.out.contains(&place), "{place} in {}", ran.out);
    }
    assert!(ran.out.contains("shout") && ran.out.contains('^'), "{}", ran.out);
    assert!(!ran.out.contains("panicked") && !ran.err.contains("panicked"), "{ran:?}");
}

#[test]
fn the_rest_of_the_site_works_beside_them() {
    let host = instance().serve();
    host.visitor().get("/").expect(200);
    let data =
        serde_json::json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" } });
    host.request_type("create_payment", &data).expect(200);
    eventually("they are listed at start", || {
        let printed = host.process.printed();
        if printed.contains("modules/ten/") { Ok(()) } else { Err(printed) }
    });
}
