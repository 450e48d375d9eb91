//! Forms and templates at the door: attempts after a decline, resources that do not exist, secrets
//! in logs, relative roots, new folders.

use crate::support::host::{Instance, TestHost};
use crate::support::html::form;
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};
use std::process::Stdio;

const DECLINED: &str = "4000000000000002";
const GOOD: &str = "4242424242424242";

#[track_caller]
fn paid(host: &TestHost) -> usize {
    host.stripe.charges().iter().filter(|charge| charge["paid"] == true).count()
}

#[test]
fn the_same_form_with_another_card_after_a_decline_pays_once() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let first = form(&page, "buy-mug");
    let source = first.field("source");
    let with = |card: &str| first.clone().with(&source, &host.stripe.token(card));
    let declined = with(DECLINED);
    let page = visitor.submit(&declined.action, &declined.pairs).text();
    assert!(page.contains("declined"), "{page}");
    visitor.submit(&declined.action, &declined.pairs);
    assert_eq!(host.stripe.charges().len(), 1, "the same card again is the same attempt");
    let other = with(DECLINED);
    visitor.submit(&other.action, &other.pairs);
    assert_eq!((host.stripe.charges().len(), paid(&host)), (2, 0));
    let good = with(GOOD);
    let page = visitor.submit(&good.action, &good.pairs).text();
    assert!(page.contains("Payment received") || page.contains("Thank"), "{page}");
    assert_eq!(paid(&host), 1);
    // Neither a reload nor further cards charge again.
    for again in [good, with(GOOD), declined, with(DECLINED)] {
        visitor.submit(&again.action, &again.pairs);
    }
    assert_eq!((host.stripe.charges().len(), paid(&host)), (3, 1));
}

#[test]
fn a_form_paid_at_once_takes_no_second_card() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let first = form(&page, "buy-mug");
    let source = first.field("source");
    for _ in 0..3 {
        let good = first.clone().with(&source, &host.stripe.token(GOOD));
        visitor.submit(&good.action, &good.pairs);
    }
    assert_eq!((host.stripe.charges().len(), paid(&host)), (1, 1));
}

/// A module with forms for a user, a session and a table that does not exist.
fn foreign(instance: &Instance) {
    let values =
        r#"{ "name": "Users", "machine_name": "users", "version": "1.0.0", "profile": "legacy" }"#;
    instance.write("modules/users/template-values.json", values);
    for resource in ["User", "Session", "Nothing"] {
        let text = format!(
            "---\nname: {resource}_form\nresource: {resource}\nresource_owner: anyone\nflash_notice: Created.\n\
            fields:\n  email:\n---\n{{% form %}}<button data-test=\"send\">Send</button>{{% endform %}}"
        );
        instance.write(
            &format!("modules/users/public/form_configurations/{resource}_form.liquid"),
            &text,
        );
        let page = format!(
            "---\nslug: {resource}\n---\n{{% include_form 'modules/users/{resource}_form' %}}"
        );
        instance.write(&format!("views/pages/{resource}.liquid"), &page);
    }
}

#[test]
fn a_form_whose_resource_does_not_exist_is_refused() {
    let instance = Instance::new();
    foreign(&instance);
    let checked = instance.run(&["check"]);
    assert_ne!(checked.code, 0, "{checked:?}");
    let told = checked.out.clone() + &checked.err;
    for resource in ["User", "Session", "Nothing"] {
        assert!(told.contains(&format!("{resource}_form.liquid")), "{resource}: {told}");
    }
    let host = instance.serve();
    let mut visitor = host.visitor();
    for resource in ["User", "Session", "Nothing"] {
        let sent = form(&visitor.get(&format!("/{resource}")).expect(200).text(), "send");
        let answer = visitor.post(&sent.action, &sent.pairs);
        assert_eq!(answer.status, 501, "{resource}: {}", answer.text());
    }
}

#[test]
fn a_template_logs_no_keys_and_no_constants() {
    let instance = Instance::new().variable("STRIPE_WEBHOOK_SECRET", super::SECRET);
    let page = "---\nslug: leak\n---\n{% log 'whsec_0123456789abcdef', type: 'sk_test_0123456789abcdef' %}\
        {% graphql r = 'keep' %}{% log 'and correct-horse-battery here' %}{% log context.constants %}";
    let keep =
        "mutation keep { constant_set(name: \"mine\", value: \"correct-horse-battery\") { name } }";
    instance.write("graphql/keep.graphql", keep);
    instance.write("views/pages/leak.liquid", page);
    let host = instance.serve();
    let mut visitor = host.visitor();
    for _ in 0..2 {
        visitor.get("/leak").expect(200);
    }
    eventually("the log is written", || {
        let printed = host.process.printed();
        if printed.contains("and [secret] here") { Ok(()) } else { Err(printed) }
    });
    let printed = host.process.printed();
    for secret in ["whsec_0123456789abcdef", "sk_test_0123456789abcdef"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn a_relative_root_serves_assets() {
    let instance = Instance::new();
    let name = instance.root().file_name().expect("a name").to_owned();
    let parent = instance.root().parent().expect("a parent").to_owned();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sluicegate"));
    command
        .args(["serve", "--addr", "127.0.0.1:0", "--sandbox-addr", "127.0.0.1:0", "--root"])
        .arg(name);
    command.current_dir(parent).stdin(Stdio::null());
    let process = crate::support::host::Process::of(command);
    let addr = process.address("/healthz");
    let page = crate::support::http::send(addr, "GET", "/", &[], b"").expect("an answer").text();
    let assets =
        regex::Regex::new("(?:src|href)=\"(?:https?://[^/\"]+)?(/[^\"]*modules/[^\"]+)\"").unwrap();
    let paths: Vec<String> = assets.captures_iter(&page).map(|found| found[1].to_owned()).collect();
    assert!(!paths.is_empty(), "{page}");
    for path in paths {
        let path = path.replace("&amp;", "&");
        let answer = crate::support::http::send(addr, "GET", &path, &[], b"").expect("an answer");
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[test]
fn a_folder_made_after_the_start_is_seen() {
    let host = TestHost::start();
    let served = |what: &str| {
        eventually("the new page is served", || {
            let text = host.visitor().get("/late").text();
            if text.contains(what) { Ok(()) } else { Err(text + &host.process.printed()) }
        });
    };
    host.instance.write("app/views/pages/late.liquid", "---\nslug: late\n---\nfirst");
    served("first");
    host.instance.write("app/views/pages/late.liquid", "---\nslug: late\n---\nsecond");
    served("second");
    host.instance.write("app/views/pages/deep/er/late.liquid", "---\nslug: later\n---\nx");
    std::fs::remove_dir_all(host.instance.root().join("app")).expect("removed");
    eventually("it is gone", || {
        if host.visitor().get("/late").status == 404 { Ok(()) } else { Err("there".to_owned()) }
    });
    host.instance.write("app/views/pages/late.liquid", "---\nslug: late\n---\nthird");
    served("third");
}

#[test]
fn a_body_that_is_not_json_runs_nothing() {
    let host = TestHost::start();
    let path = "/api/request_types/create_customer";
    let body = r#"{"data": {"email": "a@example.com"}, "idempotency_key": "k"}"#;
    for kind in [
        "text/plain",
        "application/vnd.api+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ] {
        let headers = [("Content-Type", kind)];
        let headers = if kind.is_empty() { &[][..] } else { &headers };
        let answer = host.send("POST", path, headers, body.as_bytes());
        assert!(matches!(answer.status, 400 | 415), "{kind}: {} {}", answer.status, answer.text());
    }
    let json = [("Content-Type", "application/json")];
    host.send("POST", path, &json, b"").expect(400);
    host.send("POST", path, &json, b"[]").expect(400);
    let with_query = format!("{path}?data[email]=b@example.com&idempotency_key=other");
    host.send("POST", &with_query, &json, body.as_bytes()).expect(400);
    let customers = host.stripe.read("/v1/customers")["data"].clone();
    assert_eq!(customers, json!([]), "nothing was sent");
    host.send("POST", path, &json, body.as_bytes()).expect(200);
}

#[test]
fn a_text_that_a_database_cannot_keep_is_refused_before_anything_is_sent() {
    let host = TestHost::start();
    let payment = |more: Json| {
        let mut data = json!({ "amount": 900, "currency": "usd", "source": "tok_visa" });
        let more = more.as_object().expect("an object").clone();
        data.as_object_mut().expect("an object").extend(more);
        host.request_type("create_payment", &json!({ "data": data }))
    };
    for (name, more) in [
        ("email", json!({ "email": "a\u{0}@example.com" })),
        ("description", json!({ "description": "\u{0}" })),
        ("metadata", json!({ "metadata": { "a\u{0}": "b" } })),
        ("metadata", json!({ "metadata": { "sluicegate_operation]": "b" } })),
        ("external_id", json!({ "external_id": "x".repeat(501) })),
    ] {
        let outcome = payment(more).expect(422).json();
        assert_eq!(outcome["errors"][0]["field"], name, "{outcome:#}");
    }
    assert!(host.stripe.charges().is_empty(), "nothing was sent");
}
