//! The command line: every command, its output for people and programs, and its exit codes.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};
use std::net::TcpListener;
use std::process::Stdio;

const COMMANDS: [&str; 13] = [
    "serve",
    "doctor",
    "config",
    "call",
    "render",
    "check",
    "migrate",
    "executions",
    "events",
    "sandbox",
    "trigger",
    "new",
    "routes",
];

#[test]
fn help_and_version() {
    let instance = Instance::empty();
    let help = instance.run(&["--help"]).good().out;
    for command in COMMANDS {
        assert!(help.contains(command), "help names {command}: {help}");
        let own = instance.run(&[command, "--help"]).good().out;
        assert!(own.contains("Usage: sluicegate"), "{command}: {own}");
    }
    let version = instance.run(&["--version"]).good().out;
    assert_eq!(version.trim(), format!("sluicegate {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn mistakes_are_reported_in_one_line_and_change_nothing() {
    let instance = Instance::new();
    for arguments in [
        &["call", "create_payment", "--data", "{"][..],
        &["call", "create_payment", "--data", "[]"],
        &["call", "create_payment", "--config", "5"],
        &["call", "no_such_thing"],
        &["serve", "--addr", "nowhere"],
        &["serve", "--stripe", "sometimes"],
        &["serve", "--stripe", "live"],
        &["serve", "--database", "mysql://u:canary@h/d"],
        &["executions", "show", "01NOTHING"],
        &["executions", "retry", "01NOTHING"],
        &["executions", "discard", "01NOTHING"],
        &["executions", "list", "--state", "sleepy"],
        &["events", "show", "evt_nothing"],
        &["events", "replay", "evt_nothing"],
        &["new", "module", "../x"],
        &["render", "nothing.liquid"],
    ] {
        let ran = instance.run(arguments);
        assert!(ran.code != 0 && ran.code != 101, "{arguments:?}: {ran:?}");
        let lines = ran.err.trim().lines().filter(|line| line.starts_with("sluicegate:"));
        assert_eq!(lines.count(), 1, "{arguments:?}: {ran:?}");
        assert!(!ran.err.contains("canary") && !ran.err.contains("panicked"), "{ran:?}");
    }
    // Errors reported by clap have their own format and code.
    for arguments in
        [&["fly"][..], &["call"], &["render"], &["executions", "show"], &["new", "host", "x"]]
    {
        let ran = instance.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("Usage") || ran.err.contains("error:"), "{ran:?}");
    }
}

#[test]
fn this_repository_has_no_errors() {
    let ran = Instance::new().run(&["check"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("0 errors"), "{}", ran.out);
    let json = Instance::new().run(&["check", "--json"]).good().json();
    assert_eq!((&json["errors"], &json["faults"]), (&json!(0), &json!([])), "{json:#}");
}

#[test]
fn routes_name_the_files() {
    let ran = Instance::new().run(&["routes"]).good();
    for words in ["/two-steps", "views/pages/two_steps.liquid", "/webhooks/listen", "/graphql"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    let json = Instance::new().run(&["routes", "--json"]).good().json();
    assert!(
        json.as_array().is_some_and(|all| all.iter().any(|one| one["path"] == "/payments")),
        "{json:#}"
    );
}

#[test]
fn outcomes_have_exit_codes() {
    let host = TestHost::start();
    let code = |data: Json| host.run(&["call", "create_payment", "--data", &data.to_string()]).code;
    assert_eq!(code(json!({ "amount": 500, "currency": "usd", "source": "tok_visa" })), 0);
    assert_eq!(
        code(json!({ "amount": 500, "currency": "usd", "source": "tok_chargeDeclined" })),
        2
    );
    assert_eq!(code(json!({ "amount": 0, "currency": "usd" })), 2);
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let down = format!("http://{port}");
    let data = r#"{"amount": 500, "currency": "usd", "source": "tok_visa"}"#;
    let ran = Instance::new().run(&[
        "call",
        "create_payment",
        "--json",
        "--data",
        data,
        "--stripe",
        &down,
    ]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(ran.json()["state"], "pending");
}

#[test]
fn render_prints_a_template_with_data() {
    let instance = Instance::empty();
    instance.write("hello.liquid", "Hello {{ name | upcase }}!");
    instance.write("parts/card.liquid", "[{{ n }}]");
    let path = instance.root().join("hello.liquid").display().to_string();
    let ran = instance.run(&["render", &path, "--data", r#"{"name": "Ada"}"#]).good();
    assert_eq!(ran.out.trim_end(), "Hello ADA!");
    let parts = instance.root().join("parts").display().to_string();
    let ran = instance
        .run_with(&["render", "-", "--partials", &parts], "{% render 'card', n: 7 %}")
        .good();
    assert_eq!(ran.out.trim_end(), "[7]");
    let ran = instance.run_with(&["render", "-", "--partials", &parts], "a\n {% render 'crad' %}");
    assert!(ran.err.contains("-:2:12") && ran.err.contains("did you mean `card`?"), "{ran:?}");
    let ran = instance.run_with(&["render", "-"], "line one\n{% if %}");
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains('2'), "names the line: {ran:?}");
    assert!(ran.out.is_empty(), "{ran:?}");
}

#[test]
fn render_answers_a_line_for_a_line() {
    let lines = [
        json!({ "template": "{{ a | plus: 1 }}", "environment": { "a": 41 } }),
        json!({ "template": "{% include 'x' %}", "filesystem": { "x": "from {{ y }}" }, "environment": { "y": "a file" } }),
        json!({ "template": "{% if", "environment": {} }),
        json!({ "template": "{% for i in (1..100000000) %}{% for j in (1..100000000) %}x{% endfor %}{% endfor %}" }),
        json!({ "template": "{{ 'still' }} here" }),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ran = Instance::empty().run_with(&["render", "--jsonl"], &input).good();
    let answers: Vec<Json> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(answers.len(), lines.len(), "{}", ran.out);
    assert_eq!(answers[0]["output"], "42");
    assert_eq!(answers[1]["output"], "from a file");
    assert_eq!(answers[2]["kind"], "parse", "{}", answers[2]);
    assert_eq!(answers[2]["line"], 1);
    assert_eq!(answers[3]["kind"], "render", "{}", answers[3]);
    assert_eq!(answers[4]["output"], "still here");
}

#[test]
fn executions_are_listed_shown_retried_and_discarded() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let down = format!("http://{port}");
    let instance = Instance::new();
    let data = r#"{"amount": 500, "currency": "usd", "source": "tok_visa"}"#;
    let call = |key: &str| {
        let arguments = [
            "call",
            "create_payment",
            "--json",
            "--data",
            data,
            "--stripe",
            &down,
            "--idempotency-key",
            key,
        ];
        instance.run(&arguments).json()["execution"].as_str().expect("an id").to_owned()
    };
    let (first, second) = (call("k1"), call("k2"));
    let list = instance
        .run(&["executions", "list", "--state", "unknown,retryable", "--json"])
        .good()
        .json();
    assert_eq!(list["total_entries"], 2, "{list:#}");
    let table = instance.run(&["executions", "list"]).good().out;
    assert!(
        table.contains(&first) && table.contains("create_payment") && table.contains("unknown"),
        "{table}"
    );
    let shown = instance.run(&["executions", "show", &first, "--json"]).good().json();
    assert_eq!(shown["steps"][0]["kind"], "api_call", "{shown:#}");
    assert!(!shown.to_string().contains("sk_test_"), "credentials stay sealed: {shown:#}");
    let discarded = instance.run(&["executions", "discard", &second, "--json"]).good().json();
    assert_eq!(discarded["state"], "discarded");

    let other = Instance::new();
    let addr = port.to_string();
    let sandbox = Process::start(&other, &["sandbox", "--addr", &addr]);
    let stripe = crate::support::stripe::Stripe { addr: sandbox.address("/_sandbox/health") };
    instance.run(&["executions", "retry", &first]).good();
    let host = instance.serve_with(&["--stripe", &down]);
    eventually("the retried one is completed", || {
        let found = host.run(&["executions", "show", &first, "--json"]).json();
        if found["state"] == "completed" { Ok(()) } else { Err(found.to_string()) }
    });
    assert_eq!(stripe.charges().len(), 1, "the discarded one is not sent");
    let ran = host.run(&["executions", "retry", &first]);
    assert_ne!(ran.code, 0, "what is completed is not run again: {ran:?}");
    let ran = host.run(&["executions", "discard", &first]);
    assert_ne!(ran.code, 0, "nor given up: {ran:?}");
}

#[test]
fn events_are_listed_shown_and_replayed() {
    let host = TestHost::start();
    let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" } });
    host.request_type("create_payment", &data).expect(200);
    let event = eventually("the event is there and done", || {
        let list = host.run(&["events", "list", "--type", "charge.succeeded", "--json"]).json();
        let found = list["results"][0].clone();
        if found["state"] == "completed" { Ok(found) } else { Err(list.to_string()) }
    });
    let id = event["id"].as_str().expect("an id");
    let shown = host.run(&["events", "show", id, "--json"]).good().json();
    let stripes = shown["input"]["event"]["id"].as_str().expect("evt_…").to_owned();
    assert!(stripes.starts_with("evt_"), "{shown:#}");
    let by_stripes = host.run(&["events", "show", &stripes, "--json"]).good().json();
    assert_eq!(by_stripes["id"], id);
    host.run(&["events", "replay", &stripes]).good();
    eventually("it is done again", || {
        let found = host.run(&["events", "show", id, "--json"]).json();
        if found["state"] == "completed" { Ok(()) } else { Err(found.to_string()) }
    });
    assert_eq!(host.records("modules/payments/payment").len(), 1, "a replay changes nothing twice");
}

#[test]
fn new_writes_files_without_errors() {
    let instance = Instance::new();
    let wrote = instance.run(&["new", "request-type", "create_topup", "--json"]).good().json();
    let files = wrote["wrote"].as_array().expect("a list").clone();
    assert!(files.len() >= 4, "{wrote}");
    for file in &files {
        assert!(instance.root().join(file.as_str().expect("a path")).is_file(), "{file}");
    }
    instance.run(&["new", "webhook-processor", "topup.succeeded"]).good();
    instance.run(&["new", "module", "loyalty"]).good();
    let check = instance.run(&["check"]);
    assert_eq!(check.code, 0, "{}", check.out);
    assert_ne!(
        instance.run(&["new", "request-type", "create_topup"]).code,
        0,
        "nothing is overwritten"
    );
    // It works unchanged: the new request type adds funds.
    let host = instance.serve();
    let outcome =
        host.request_type("create_topup", &json!({ "data": { "amount": 100, "currency": "usd" } }));
    assert_eq!(outcome.expect(200).json()["state"], "completed");
}

#[test]
fn new_request_types_of_every_verb_have_no_errors_and_work() {
    let instance = Instance::new();
    let names = [
        "create_coupon",
        "update_customer",
        "get_charge",
        "get_disputes",
        "list_customers",
        "delete_customer",
    ];
    for name in names {
        instance.run(&["new", "request-type", name]).good();
    }
    let check = instance.run(&["check"]);
    assert!(check.out.ends_with("0 errors, 0 warnings\n"), "{}", check.out);
    let host = instance.serve();
    let call = |name: &str, data: Json| {
        let outcome = host.request_type(name, &json!({ "data": data })).json();
        assert_eq!(outcome["state"], "completed", "{name}: {outcome:#}");
        outcome
    };
    let data = json!({ "amount": 900, "currency": "usd", "source": "tok_visa" });
    let charge = call("create_payment", data)["gateway"]["id"].clone();
    let read = call("get_charge", json!({ "gateway_id": charge }));
    assert_eq!(read["gateway"]["body"]["id"], charge, "{read:#}");
    let made = host.stripe.api("POST", "/v1/customers", &[("email", "a@example.com")]).expect(200);
    let customer = made.json()["id"].clone();
    let listed = call("list_customers", json!({}));
    assert!(listed["record"]["properties"]["response"].to_string().contains("cus_"), "{listed:#}");
    assert_eq!(call("get_disputes", json!({}))["record"]["properties"]["response"], "[]");
    call("update_customer", json!({ "gateway_id": customer, "description": "twelve" }));
    let path = format!("/v1/customers/{}", customer.as_str().expect("an id"));
    assert_eq!(host.stripe.read(&path)["description"], "twelve");
    call("delete_customer", json!({ "gateway_id": customer }));
    assert_eq!(host.stripe.read(&path)["deleted"], true);
}

#[test]
fn new_refuses_a_module_and_an_event_that_do_not_exist() {
    let instance = Instance::new();
    for (arguments, advice) in [
        (&["request-type", "create_x", "--module", "strip"][..], "did you mean `stripe`?"),
        (&["request-type", "create_x", "--module", "adyen"], "sluicegate new module adyen"),
        (&["webhook-processor", "charge.refundet"], "did you mean `charge.refunded`?"),
        (&["webhook-processor", "charge.nonexistent"], "--force"),
    ] {
        let ran = instance.run(&[&["new"], arguments].concat());
        assert_eq!((ran.code, ran.err.lines().count()), (1, 1), "{ran:?}");
        assert!(ran.err.contains(advice), "{advice}: {ran:?}");
    }
    assert!(!instance.root().join("modules/strip").exists(), "nothing is written");
    instance.run(&["new", "webhook-processor", "charge.nonexistent", "--force"]).good();
    instance.run(&["new", "module", "adyen"]).good();
    instance.run(&["new", "request-type", "create_x", "--module", "adyen"]).good();
}

/// The code and the errors of a command whose output nobody reads.
fn unread(instance: &Instance, arguments: &[&str]) -> (i32, String) {
    let mut command = instance.command(arguments);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    // Closed before the command starts: every write fails.
    drop(reader);
    let piped = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let ran = piped.spawn().expect("it starts").wait_with_output().expect("it ends");
    (ran.status.code().unwrap_or(-1), String::from_utf8_lossy(&ran.stderr).into_owned())
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_command_quietly() {
    let instance = Instance::new();
    instance.run(&["new", "request-type", "create_topup"]).good();
    for arguments in [
        &["executions", "list"][..],
        &["executions", "list", "--json"],
        &["events", "list"],
        &["routes"],
        &["check"],
        &["check", "--json"],
        &["doctor"],
        &["config", "print"],
        &["migrate", "--json"],
        &["sessions", "end", "--user", "1"],
        &["new", "module", "loyalty"],
    ] {
        let (code, err) = unread(&instance, arguments);
        assert_eq!((code, err.as_str()), (141, ""), "{arguments:?}");
    }
}

#[test]
fn a_backup_says_what_is_in_its_way_and_writes_nothing_else() {
    let instance = Instance::new();
    instance.run(&["migrate"]).good();
    let at = |path: &str| instance.root().join(path).display().to_string();
    let missing = instance.run(&["backup", &at("nowhere/copy.db")]);
    assert!(missing.code == 1 && missing.err.contains("there is no folder"), "{missing:?}");
    assert!(!instance.root().join("nowhere").exists(), "no folder is made");
    instance.run(&["backup", &at("copy.db")]).good();
    let again = instance.run(&["backup", &at("copy.db")]);
    assert_eq!(again.code, 1);
    let said = format!("sluicegate: {} already exists; nothing was written", at("copy.db"));
    assert_eq!(again.err.trim(), said);
}

#[test]
fn a_retried_execution_does_not_tell_of_its_end_before() {
    let instance = Instance::new();
    let host = instance.serve();
    let data = json!({ "amount": 900, "currency": "usd", "source": "tok_visa" });
    host.request_type("create_payment", &json!({ "data": data })).expect(200);
    let database = host.instance.root().join("data/sluicegate.db");
    let database = rusqlite::Connection::open(database).expect("the database");
    let stuck = "UPDATE executions SET state = 'unknown', run_at = 9e18, finished_at = NULL \
                 WHERE kind = 'request_type' RETURNING id";
    let id: String = database.query_row(stuck, [], |row| row.get(0)).expect("an execution");
    let discarded = host.run(&["executions", "discard", &id, "--json"]).good().json();
    assert_eq!(discarded["error"], "discarded by an operator");
    let again = host.run(&["executions", "retry", &id, "--json"]).good().json();
    assert_eq!(again["error"], Json::Null, "{again}");
}

#[test]
fn migrations_run_once() {
    let instance = Instance::new();
    instance.write(
        "migrations/20260101120000_first.liquid",
        "{% graphql r %}mutation { record_create(record: { table: \"modules/payments/payout\", \
         properties: [{ name: \"gateway_id\", value: \"po_migrated\" }] }) { id } }{% endgraphql %}",
    );
    let ran = instance.run(&["migrate"]).good();
    assert!(ran.out.contains("20260101120000_first"), "{ran:?}");
    let again = instance.run(&["migrate", "--json"]).good().json();
    assert_eq!(again["migrated"], json!([]));
    let host = instance.serve();
    assert_eq!(host.records("modules/payments/payout").len(), 1);
}

#[test]
fn an_event_is_triggered_in_the_sandbox() {
    let instance = Instance::new();
    let listed = instance.run(&["trigger", "--list"]).good().out;
    assert!(listed.contains("event charge.refunded"), "{listed}");
    let sandbox = Process::start(&instance, &["sandbox", "--addr", "127.0.0.1:0"]);
    let addr = sandbox.address("/_sandbox/health").to_string();
    let with = |words: &[&str]| instance.run(&[words, &["--sandbox-addr", &addr]].concat());
    let sent = with(&["trigger", "charge.refunded", "--override", "amount=700", "--json"]).good();
    assert_eq!(sent.json(), json!({ "sent": ["POST /v1/charges", "POST /v1/refunds"] }));
    let stripe = crate::support::stripe::Stripe { addr: addr.parse().unwrap() };
    let charge = stripe.charges()[0].clone();
    assert_eq!((&charge["amount"], &charge["refunded"]), (&json!(700), &json!(true)));
    let unknown = with(&["trigger", "charge.eaten"]);
    assert!(
        unknown.code != 0 && unknown.err.contains("no trigger for `charge.eaten`"),
        "{unknown:?}"
    );
}
