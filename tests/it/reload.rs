//! A new request type by adding files to a running development server, as in the README.

use crate::support::host::{Instance, TestHost};
use crate::support::html::form;
use crate::support::wait::eventually;
use regex::Regex;
use serde_json::json;

/// The files of the README's walkthrough: path and text, parsed from the README itself.
fn walkthrough() -> Vec<(String, String)> {
    let readme = include_str!("../../README.md");
    let start = readme.find("## Your first request type").expect("the walkthrough");
    let part = &readme[start..];
    let part = &part[..part[3..].find("\n## ").expect("an end")];
    let step = Regex::new(r"(?s)`(modules/[^`]+topup[^`]*)`[^`]*?```(?:liquid|yaml)\n(.*?)```")
        .expect("a pattern");
    step.captures_iter(part).map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
}

const PAGE: &str = "---\nslug: topup\n---\n{%- liquid\n  assign data = '{}' | parse_json | hash_merge: amount: 100, currency: 'usd'\n  \
    assign config = '{}' | parse_json | hash_merge: request_type: 'create_topup', button: 'Add funds', data_test: 'topup'\n-%}\n\
    {% include_form 'modules/payments/gateway_request_form', config: config, data: data %}\n";

#[test]
fn the_readmes_request_type_works_at_every_door_without_a_restart() {
    let files = walkthrough();
    assert_eq!(files.len(), 5, "{files:?}");
    let host = TestHost::start();
    let body =
        json!({ "data": { "amount": 100, "currency": "usd" }, "idempotency_key": "first-topup" });
    host.request_type("create_topup", &body).expect(404);
    for (path, text) in &files {
        host.instance.write(path, text);
    }
    host.instance.write("views/pages/topup.liquid", PAGE);
    // Endpoint.
    let outcome = eventually("the endpoint knows it", || {
        let answer = host.request_type("create_topup", &body);
        if answer.status == 404 { Err(answer.text()) } else { Ok(answer) }
    });
    let outcome = outcome.expect(200).json();
    assert_eq!(outcome["record"]["table"], "modules/payments/topup", "{outcome:#}");
    assert_eq!(outcome["record"]["properties"]["amount_cents"], 100);
    let replayed = host.request_type("create_topup", &body).expect(200).json();
    assert_eq!(replayed["gateway"]["id"], outcome["gateway"]["id"]);
    // Mutation.
    let query = "mutation { create_topup(data: { amount: 100, currency: \"usd\" }) { state record { id properties } errors { message } } }";
    let mutation = host.graphql(query, &json!({}))["create_topup"].clone();
    assert_eq!(mutation["errors"], json!([]), "{mutation:#}");
    // Command.
    let ran = host.run(&[
        "call",
        "create_topup",
        "--json",
        "--data",
        r#"{"amount": 100, "currency": "usd"}"#,
    ]);
    assert_eq!(ran.good().json()["state"], "completed");
    // Form.
    let mut visitor = host.visitor();
    let page = visitor.get("/topup").expect(200).text();
    let forms = crate::support::html::forms(&page);
    let form = forms.first().unwrap_or_else(|| panic!("no form in {page}"));
    assert!(form.html.contains("Add funds"), "{page}");
    visitor.submit(&form.action, &form.pairs).expect(200);
    assert_eq!(
        host.records("modules/payments/topup")
            .iter()
            .filter(|r| r["properties"]["amount_cents"] == 100)
            .count(),
        4
    );
    host.stripe.ledger();
    // And the console lists it.
    assert!(visitor.get("/console").text().contains("create_topup"));
}

#[test]
fn a_page_changes_while_it_is_served() {
    let host = TestHost::start();
    host.visitor().get("/hello").expect(404);
    for words in ["one", "two"] {
        host.instance
            .write("views/pages/hello.liquid", &format!("---\nslug: hello\n---\n<p>{words}</p>"));
        eventually(words, || {
            let page = host.visitor().get("/hello").text();
            if page.contains(&format!("<p>{words}</p>")) { Ok(()) } else { Err(page) }
        });
    }
    std::fs::remove_file(host.instance.root().join("views/pages/hello.liquid")).expect("removed");
    eventually("it is gone", || {
        let page = host.visitor().get("/hello");
        if page.status == 404 { Ok(()) } else { Err(page.text()) }
    });
}

#[test]
fn a_new_processor_runs_for_the_next_event() {
    let host = TestHost::start();
    host.instance.write(
        "modules/stripe/public/views/partials/webhook_processors/customer_created.liquid",
        "{% graphql r = 'modules/payments/create_payout', gateway_id: event.data.object.id %}",
    );
    eventually("the file is seen and the event processed", || {
        host.stripe.api("POST", "/v1/customers", &[("email", "ada@example.com")]).expect(200);
        let found = host.records("modules/payments/payout");
        if found.is_empty() { Err("no record yet".to_owned()) } else { Ok(()) }
    });
}

#[test]
fn a_broken_file_stops_nothing_and_can_be_fixed() {
    let mut host = TestHost::start();
    let path = "views/partials/shop/price.liquid";
    let good = std::fs::read_to_string(host.instance.root().join(path)).expect("read");
    host.instance.write(path, "{% if %}");
    eventually("the page is broken", || {
        let page = host.visitor().get("/");
        if page.status >= 500 { Ok(page) } else { Err(page.status) }
    });
    assert!(host.process.is_alive());
    host.visitor().get("/healthz").expect(200);
    host.instance.write(path, &good);
    eventually("it is whole again", || {
        let page = host.visitor().get("/");
        if page.status == 200 { Ok(()) } else { Err(page.text()) }
    });
    form(&host.visitor().get("/").text(), "buy-mug");
}

fn reloads(host: &TestHost) -> usize {
    host.process.printed().matches("loaded again").count()
}

#[test]
fn a_file_that_is_not_loaded_reloads_nothing_however_often_it_is_written() {
    let host = TestHost::start();
    let written = [
        "host.log",
        "copy.db",
        "views/host.log",
        "views/pages/host.log",
        "modules/payments/host.log",
        "modules/payments/public/notes.txt",
        "data/host.log",
    ];
    let write_all = |round: usize| {
        for path in written {
            host.instance.write(path, &"a line\n".repeat(round));
        }
    };
    let mut rounds = 0;
    for words in ["one", "two"] {
        let before = reloads(&host);
        for _ in 0..20 {
            rounds += 1;
            write_all(rounds);
            std::thread::sleep(std::time::Duration::from_millis(30));
        }
        let page = format!("---\nslug: hello\n---\n<p>{words}</p>");
        host.instance.write("hello.new", &page);
        let (from, to) = ("hello.new", "views/pages/hello.liquid");
        let [from, to] = [from, to].map(|path| host.instance.root().join(path));
        std::fs::rename(from, to).expect("renamed");
        // The others are written on, without a pause.
        eventually(words, || {
            rounds += 1;
            write_all(rounds);
            let page = host.visitor().get("/hello").text();
            if page.contains(&format!("<p>{words}</p>")) { Ok(()) } else { Err(page) }
        });
        eventually("it is logged", || {
            let count = reloads(&host) - before;
            if count == 1 { Ok(()) } else { Err(count) }
        });
    }
    assert_eq!(reloads(&host), 2, "{}", host.process.printed());
    // A folder of the site that it did not have, and a table of the site itself.
    host.instance
        .write("schema/note.yml", "name: note\nproperties:\n  - name: text\n    type: string\n");
    eventually("a new folder is seen", || {
        let count = reloads(&host);
        if count >= 3 { Ok(()) } else { Err(host.process.printed()) }
    });
}

#[test]
fn production_does_not_reload() {
    let host = Instance::new().variable("SLUICEGATE_ENV", "production").serve();
    host.instance.write("views/pages/hello.liquid", "---\nslug: hello\n---\nhello");
    // Several requests, each of which would see the file if it were watched.
    for _ in 0..20 {
        host.visitor().get("/hello").expect(404);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
