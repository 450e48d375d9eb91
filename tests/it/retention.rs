//! Old executions lose their data and keep their keys: a repeated key never sends again.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::wait::eventually;
use rusqlite::Connection;
use serde_json::{Value as Json, json};

const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;
const STEPS: &str = "SELECT count(*) FROM steps WHERE execution_id IN \
    (SELECT id FROM executions WHERE name = 'create_payment')";

fn pay(host: &TestHost, key: Option<&str>, source: &str) -> Json {
    let data = json!({ "amount": 700, "currency": "usd", "source": source,
        "description": "for canary@example.com" });
    let mut body = json!({ "data": data });
    if let Some(key) = key {
        body["idempotency_key"] = json!(key);
    }
    host.request_type("create_payment", &body).json()
}

fn database(host: &TestHost) -> Connection {
    let opened = Connection::open(host.instance.root().join("data/sluicegate.db")).unwrap();
    opened.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    opened
}

/// Makes every execution of a name as many days older.
fn age(host: &TestHost, name: &str, days: i64) {
    let sql = "UPDATE executions SET finished_at = finished_at - ?2, created_at = created_at - ?2 \
               WHERE name = ?1";
    database(host).execute(sql, (name, days * DAY_MICROS)).unwrap();
}

fn count(host: &TestHost, sql: &str) -> i64 {
    database(host).query_row(sql, [], |row| row.get(0)).unwrap()
}

fn prune(host: &TestHost, arguments: &[&str]) -> Json {
    let mut all = vec!["executions", "prune", "--json"];
    all.extend(arguments);
    host.run(&all).good().json()
}

#[test]
fn a_repeated_key_does_not_send_again_after_its_execution_was_pruned() {
    let host = TestHost::start();
    let paid = pay(&host, Some("order-7"), "tok_visa");
    let declined = pay(&host, Some("order-8"), "tok_chargeDeclined");
    pay(&host, None, "tok_visa");
    let charges = host.stripe.charges().len();
    assert_eq!(prune(&host, &["--older-than", "90d"])["pruned"]["request_type"], 0);
    age(&host, "create_payment", 91);
    let would = prune(&host, &["--older-than", "90d", "--dry-run"]);
    assert_eq!(would["would_prune"]["request_type"], 3, "{would}");
    assert_eq!(count(&host, STEPS), 3, "a dry run changes nothing");
    assert_eq!(prune(&host, &["--older-than", "90d"])["pruned"]["request_type"], 3);
    assert_eq!(prune(&host, &["--older-than", "90d"])["pruned"]["request_type"], 0);
    // The one without a key is gone, the others have no data any more.
    assert_eq!(count(&host, "SELECT count(*) FROM executions WHERE name = 'create_payment'"), 2);
    assert_eq!(count(&host, STEPS), 0);
    let kept = "SELECT count(*) FROM executions WHERE name = 'create_payment' \
                AND (input LIKE '%canary%' OR outcome LIKE '%canary%')";
    assert_eq!(count(&host, kept), 0);
    // The same key: its outcome, and no second charge.
    let again = pay(&host, Some("order-7"), "tok_visa");
    assert_eq!((&again["state"], &again["replayed"]), (&json!("completed"), &json!(true)));
    assert_eq!(again["gateway"]["id"], paid["gateway"]["id"]);
    assert_eq!(again["execution"], paid["execution"]);
    let again = pay(&host, Some("order-8"), "tok_chargeDeclined");
    assert_eq!(
        (&again["state"], &again["errors"][0]["code"]),
        (&json!("declined"), &declined["errors"][0]["code"])
    );
    assert_eq!(pay(&host, Some("order-7"), "tok_mastercard")["state"], "conflict");
    assert_eq!(host.stripe.charges().len(), charges);
    // Nobody can run it again.
    let id = paid["execution"].as_str().unwrap();
    for action in ["retry", "discard"] {
        assert!(host.run(&["executions", action, id]).code != 0, "{action}");
    }
    host.stripe.ledger();
}

#[test]
fn what_is_open_or_needs_an_operator_stays() {
    let host = TestHost::start();
    host.stripe.breaks("/v1/charges", "drop_before", 30);
    let open = pay(&host, Some("open"), "tok_visa");
    let doubtful = pay(&host, Some("doubtful"), "tok_visa");
    assert_eq!(open["state"], "pending", "{open}");
    // Not while the worker sends it once more.
    eventually("it is discarded", || {
        let id = doubtful["execution"].as_str().unwrap();
        let ran = host.run(&["executions", "discard", id]);
        if ran.code == 0 { Ok(()) } else { Err(ran.err) }
    });
    age(&host, "create_payment", 400);
    assert_eq!(prune(&host, &["--older-than", "90d"])["pruned"]["request_type"], 0);
    assert_eq!(
        count(
            &host,
            "SELECT count(*) FROM executions WHERE name = 'create_payment' AND reduced_at IS NULL"
        ),
        2
    );
    assert!(count(&host, STEPS) >= 2);
}

#[test]
fn the_setting_prunes_at_start_and_a_young_age_is_refused() {
    let sandbox = Process::sandbox();
    let url = format!("http://{}", sandbox.address("/_sandbox/health"));
    let host = Instance::new().serve_with(&["--stripe", &url]);
    pay(&host, Some("order-9"), "tok_visa");
    age(&host, "create_payment", 8);
    let TestHost { instance, process, .. } = host;
    drop(process);
    let instance = instance.variable("SLUICEGATE_EXECUTION_RETENTION", "7");
    let host = instance.serve_with(&["--stripe", &url]);
    eventually("it is pruned", || {
        let left = count(&host, STEPS);
        if left == 0 { Ok(()) } else { Err(left) }
    });
    for arguments in [&["--older-than", "0d"][..], &["--older-than", "soon"]] {
        let mut all = vec!["executions", "prune"];
        all.extend(arguments);
        let ran = host.run(&all);
        assert!(ran.code != 0 && ran.err.contains("such as 90d"), "{}", ran.err);
    }
    let unset = Instance::new().run(&["executions", "prune"]);
    assert!(unset.err.contains("--older-than 90d"), "{}", unset.err);
    for bad in ["0", "a week"] {
        let ran = Instance::new().variable("SLUICEGATE_EXECUTION_RETENTION", bad).run(&["check"]);
        assert!(ran.err.contains("SLUICEGATE_EXECUTION_RETENTION"), "{}", ran.err);
    }
}
