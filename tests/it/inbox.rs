//! The inbox: late events, the other mode, replays, gaps, counts.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::http::Answer;
use crate::support::signature::{header, now};
use crate::support::stripe::Stripe;
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

const SECRET: &str = "whsec_of_the_test_0123456789";

fn host() -> TestHost {
    Instance::new().variable("STRIPE_WEBHOOK_SECRET", SECRET).serve()
}

fn account_updated(id: &str, account: &str, email: &str, created: i64, livemode: bool) -> Json {
    json!({ "id": id, "object": "event", "type": "account.updated", "livemode": livemode,
        "account": account, "created": created, "data": { "object": { "id": account, "object": "account",
        "email": email, "charges_enabled": true, "payouts_enabled": true,
        "details_submitted": true, "requirements": { "currently_due": [] } } } })
}

#[track_caller]
fn deliver(host: &TestHost, event: &Json) {
    deliver_text(host, &event.to_string()).expect(200);
}

#[track_caller]
fn deliver_text(host: &TestHost, event: &str) -> Answer {
    let signature = header(event.as_bytes(), SECRET, now());
    let headers = [("Content-Type", "application/json"), ("Stripe-Signature", signature.as_str())];
    host.send("POST", "/webhooks/listen", &headers, event.as_bytes())
}

/// The event's execution once it has finished.
#[track_caller]
fn ended(host: &TestHost, account: &str, id: &str) -> Json {
    let id = &format!("{account}:{id}");
    eventually(&format!("{id} has ended"), || {
        let ran = host.run(&["events", "show", id, "--json"]);
        if ran.code != 0 {
            return Err(format!("{ran:?}"));
        }
        let event = ran.json();
        if event["finished_at"].is_null() { Err(event.to_string()) } else { Ok(event) }
    })
}

#[track_caller]
fn account(host: &TestHost) -> String {
    let data =
        json!({ "email": "first@example.com", "country": "US", "business_type": "individual" });
    let made = host.request_type("create_account", &json!({ "data": data })).expect(200).json();
    made["gateway"]["id"].as_str().expect("an id").to_owned()
}

fn email(host: &TestHost) -> String {
    let accounts = host.records("modules/payments/account");
    accounts[0]["properties"]["email"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_older_snapshot_does_not_overwrite_a_newer_one() {
    let host = host();
    let acct = account(&host);
    let later = now() + 50;
    deliver(&host, &account_updated("evt_new", &acct, "new@example.com", later, false));
    assert_eq!(ended(&host, &acct, "evt_new")["outcome"]["processed"], true);
    assert_eq!(email(&host), "new@example.com");
    deliver(&host, &account_updated("evt_old", &acct, "old@example.com", later - 10, false));
    let old = ended(&host, &acct, "evt_old");
    assert_eq!(old["outcome"]["processed"], false, "{old:#}");
    assert_eq!(email(&host), "new@example.com", "{old:#}");
    deliver(&host, &account_updated("evt_newest", &acct, "newest@example.com", later + 1, false));
    ended(&host, &acct, "evt_newest");
    assert_eq!(email(&host), "newest@example.com");
}

#[test]
fn an_event_of_the_other_mode_changes_nothing() {
    let host = host();
    let acct = account(&host);
    deliver(&host, &account_updated("evt_live", &acct, "live@example.com", now() + 50, true));
    let event = ended(&host, &acct, "evt_live");
    assert_eq!(event["outcome"]["processed"], false, "{event:#}");
    assert_eq!(email(&host), "first@example.com");
}

#[test]
fn a_replay_has_a_dry_run_and_a_type_filter() {
    let host = host();
    let acct = account(&host);
    deliver(&host, &account_updated("evt_r", &acct, "replayed@example.com", now() + 50, false));
    ended(&host, &acct, "evt_r");
    let change = "mutation($id: ID!, $email: String!) { record_update(id: $id, record: { properties: \
                  [{ name: \"email\", value: $email }] }) { id } }";
    let id = host.records("modules/payments/account")[0]["id"].clone();
    host.graphql(change, &json!({ "id": id, "email": "by-hand@example.com" }));
    let all = ["events", "replay", "--type", "account.updated", "--dry-run", "--json"];
    let rehearsed = host.run(&all).good().json();
    let ours = rehearsed
        .as_array()
        .expect("a list")
        .iter()
        .find(|one| one["would_change"].to_string().contains("replayed@example.com"));
    assert!(ours.is_some_and(|one| one["would_change"][0]["update"] == id), "{rehearsed:#}");
    assert_eq!(email(&host), "by-hand@example.com", "a rehearsal changes nothing");
    let none = ["events", "replay", "--type", "no.such", "--json"];
    assert_ne!(host.run(&none).code, 0);
    host.run(&["events", "replay", "--type", "account.updated", "--json"]).good();
    eventually("it is done again", || {
        let email = email(&host);
        if email == "replayed@example.com" { Ok(()) } else { Err(email) }
    });
}

#[test]
fn events_that_were_never_delivered_are_listed_and_processed() {
    let sandbox = Process::sandbox();
    let stripe = Stripe { addr: sandbox.address("/_sandbox/health") };
    let form = [("amount", "900"), ("currency", "usd"), ("source", "tok_visa")];
    stripe.api("POST", "/v1/charges", &form).expect(200);
    let url = format!("http://{}", stripe.addr);
    // The sandbox has no endpoint of this host, so nothing is ever delivered.
    let host =
        Instance::new().variable("SLUICEGATE_EVENTS_EVERY", "1").serve_with(&["--stripe", &url]);
    let arrived = |kind: &str| {
        eventually(&format!("{kind} arrives"), || {
            let query = "query($n: String) { executions(kind: \"webhook_event\", name: $n) { results { state } } }";
            let found = host.graphql(query, &json!({ "n": kind }));
            let found = found["executions"]["results"].clone();
            let done =
                found[0]["state"].as_str().is_some_and(|s| s.eq_ignore_ascii_case("completed"));
            if done { Ok(found.as_array().map_or(0, Vec::len)) } else { Err(found.to_string()) }
        })
    };
    assert_eq!(arrived("charge.succeeded"), 1, "from before its start");
    let charge = stripe.charges()[0]["id"].as_str().expect("an id").to_owned();
    stripe.api("POST", "/v1/refunds", &[("charge", &charge)]).expect(200);
    assert_eq!(arrived("charge.refunded"), 1, "from while it runs");
    assert_eq!(arrived("charge.succeeded"), 1, "listed again, stored once");
    let metrics = host.send("GET", "/metrics", &[], b"").expect(200).text();
    assert!(
        metrics.contains("sluicegate_webhook_deliveries_total{result=\"listed\"}"),
        "{metrics}"
    );
    drop(sandbox);
}

#[test]
fn an_event_is_stored_as_it_was_spelled_and_nothing_that_cannot_be_read_is() {
    let host = host();
    let sent = "\n{ \"id\": \"evt_first\", \"account\": \"acct_1\", \"type\": \"un.heard\",\r\n  \"x\": [1.50, \"\\u00e9\", {}], \
                \"id\": \"evt_\\u0061s_sent\" }\n";
    deliver_text(&host, sent).expect(200);
    let event = ended(&host, "acct_1", "evt_as_sent");
    assert_eq!(event["input"]["event"]["x"], json!([1.5, "é", {}]), "{event:#}");
    let database = host.instance.root().join("data/sluicegate.db");
    let database = rusqlite::Connection::open(database).expect("the database");
    let stored = "SELECT input FROM executions WHERE idempotency_key = 'acct_1:evt_as_sent'";
    let stored: String = database.query_row(stored, [], |row| row.get(0)).expect("stored");
    // Only the white space between its parts is gone.
    let spelled = sent.replace([' ', '\r', '\n'], "");
    assert!(stored.contains(&spelled), "{stored}");
    // Each of these would be a row that no query could return any more.
    for poison in
        ["1e999", r#""\ud800""#, r#"{"$serde_json::private::RawValue": "["}"#, "[", "{} 1"]
    {
        let event = format!(r#"{{"id": "evt_poison", "type": "un.heard", "x": {poison}}}"#);
        deliver_text(&host, &event).expect(400);
    }
    let listed = host.run(&["events", "list", "--json"]).good().out;
    assert!(listed.contains("evt_as_sent") && !listed.contains("evt_poison"), "{listed}");
}

#[test]
fn the_metrics_answer_an_operators_questions() {
    let host = host();
    let acct = account(&host);
    deliver(&host, &account_updated("evt_m", &acct, "m@example.com", now(), false));
    deliver(&host, &account_updated("evt_m", &acct, "m@example.com", now(), false));
    ended(&host, &acct, "evt_m");
    host.send("POST", "/webhooks/listen", &[("Stripe-Signature", "t=1,v1=00")], b"{}").expect(400);
    let lines = [
        "sluicegate_executions{state=\"discarded\"} 0",
        "sluicegate_oldest_pending_seconds 0",
        "sluicegate_webhook_lag_events 0",
        "sluicegate_webhook_dead_letters 0",
        "sluicegate_webhook_deliveries_total{result=\"duplicate\"} 1",
        "sluicegate_webhook_deliveries_total{result=\"refused\"} 1",
        "sluicegate_webhook_signatures_total{secret=\"environment 1\"} 2",
        "sluicegate_stripe_answers_total{status=\"200\"} ",
        "sluicegate_stripe_seconds_bucket{le=\"+Inf\"} ",
        "sluicegate_commit_batch_size_max ",
    ];
    // The sandbox's own events may still be in delivery.
    let metrics = eventually("every line is there", || {
        let metrics = host.send("GET", "/metrics", &[], b"").expect(200).text();
        match lines.iter().find(|line| !metrics.contains(**line)) {
            Some(line) => Err(format!("{line} in {metrics}")),
            None => Ok(metrics),
        }
    });
    assert!(!metrics.contains("whsec_"), "no secret is told");
}
