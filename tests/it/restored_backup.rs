//! The database is an older backup: what was done since is unknown here, and known at Stripe.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::stripe::Stripe;
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A host whose Stripe is a process of its own, which keeps what it did.
struct Pair {
    host: TestHost,
    url: String,
    _sandbox: Process,
}

impl Pair {
    fn start() -> Self {
        let sandbox = Process::sandbox();
        let stripe = Stripe { addr: sandbox.address("/_sandbox/health") };
        let url = format!("http://{}", stripe.addr);
        let mut host = Instance::new().serve_with(&["--stripe", &url]);
        host.stripe = stripe;
        Self { host, url, _sandbox: sandbox }
    }

    /// Stops the host, calls `work` with its data folder, and starts it again.
    fn with_data(self, work: impl FnOnce(&Path)) -> Self {
        let Self { mut host, url, _sandbox } = self;
        host.process.kill();
        let TestHost { instance, process, stripe, .. } = host;
        drop(process);
        work(&instance.root().join("data"));
        let mut host = instance.serve_with(&["--stripe", &url]);
        host.stripe = stripe;
        Self { host, url, _sandbox }
    }

    fn call(&self, name: &str, key: &str, data: &Json) -> Json {
        let body = json!({ "data": data, "idempotency_key": key });
        self.host.request_type(name, &body).json()
    }

    fn done(&self, name: &str, key: &str, data: &Json) -> Json {
        let outcome = self.call(name, key, data);
        assert_eq!(outcome["state"], "completed", "{name}: {outcome:#}");
        outcome
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

fn restore(data: &Path, backup: &Path) {
    fs::remove_dir_all(data).expect("removed");
    fs::create_dir(data).expect("a folder");
    copy(backup, data);
}

fn id(outcome: &Json) -> Json {
    outcome["gateway"]["id"].clone()
}

#[test]
fn the_same_calls_with_the_same_keys_find_what_was_done() {
    let pair = Pair::start();
    let customer = id(&pair.done("create_customer", "c0", &json!({ "email": "ada@example.com" })));
    let person =
        json!({ "email": "m@example.com", "country": "US", "business_type": "individual" });
    let account = id(&pair.done("create_account", "a0", &person));
    let charge = json!({ "amount": 9000, "currency": "usd", "source": "tok_bypassPending" });
    let paid = id(&pair.done("create_payment", "p0", &charge));
    let hold = json!({ "amount": 700, "currency": "usd", "source": "tok_visa", "capture": false });
    let held = id(&pair.done("create_payment", "h0", &hold));
    let transfer = json!({ "amount": 1500, "currency": "usd", "destination": account });
    let sent = id(&pair.done("create_transfer", "t0", &transfer));
    let backup = TempDir::new().expect("a folder");
    let pair = pair.with_data(|data| copy(data, backup.path()));

    let calls = [
        ("create_payment", json!({ "amount": 500, "currency": "usd", "source": "tok_visa" })),
        (
            "create_payment",
            json!({ "amount": 501, "currency": "usd", "source": "tok_chargeDeclined" }),
        ),
        ("capture_payment", json!({ "gateway_id": held, "amount": 700 })),
        ("create_refund", json!({ "charge": paid, "amount": 1000 })),
        ("create_transfer", json!({ "amount": 2000, "currency": "usd", "destination": account })),
        ("reverse_transfer", json!({ "gateway_id": sent, "amount": 600 })),
        ("create_customer", json!({ "email": "eve@example.com", "name": "Eve" })),
        (
            "create_external_account",
            json!({ "account_id": account, "external_account": "btok_us_verified" }),
        ),
        ("update_account", json!({ "gateway_id": account, "email": "newer@example.com" })),
        ("create_credit_card", json!({ "customer_id": customer, "source": "tok_mastercard" })),
        (
            "create_account",
            json!({ "email": "p@example.com", "country": "US", "business_type": "individual" }),
        ),
        ("create_account", json!({ "gateway_id": account, "email": "new@example.com" })),
        (
            "create_person",
            json!({ "account_id": account, "first_name": "Ada", "last_name": "P",
            "relationship": { "owner": true } }),
        ),
        (
            "create_webhook_endpoint",
            json!({ "url": "https://shop.example/webhooks/listen",
            "enabled_events": ["charge.refunded"] }),
        ),
    ];
    let all = |pair: &Pair| -> Vec<Json> {
        let call = |(number, (name, data)): (usize, &(&str, Json))| {
            let outcome = pair.call(name, &format!("k{number}"), data);
            let state = outcome["state"].as_str().unwrap_or_default().to_owned();
            assert!(matches!(state.as_str(), "completed" | "declined"), "{name}: {outcome:#}");
            json!([name, state, outcome["gateway"]["id"], outcome["gateway"]["status"]])
        };
        calls.iter().enumerate().map(call).collect()
    };
    let first = all(&pair);
    let charges = pair.host.stripe.charges().len();
    let balance = pair.host.stripe.balance("acct_1SluicegatePlatform");

    let pair = pair.with_data(|data| restore(data, backup.path()));
    assert_eq!(all(&pair), first, "told as it was told before");
    assert_eq!(pair.host.stripe.charges().len(), charges, "nothing was charged again");
    assert_eq!(pair.host.stripe.balance("acct_1SluicegatePlatform"), balance);
    pair.host.stripe.ledger();
}

#[test]
fn a_key_that_was_used_for_something_else_is_no_failure() {
    let pair = Pair::start();
    let backup = TempDir::new().expect("a folder");
    let pair = pair.with_data(|data| copy(data, backup.path()));
    let one = json!({ "amount": 500, "currency": "usd", "source": "tok_visa" });
    let two = json!({ "amount": 600, "currency": "usd", "source": "tok_visa" });
    pair.done("create_payment", "used", &one);
    let pair = pair.with_data(|data| restore(data, backup.path()));

    // The database does not know that the key was used, and Stripe refuses it for other data.
    let outcome = pair.call("create_payment", "used", &two);
    assert_eq!(outcome["state"], "pending", "the money moved, for something else: {outcome:#}");
    let charges = pair.host.stripe.charges();
    assert_eq!(charges.len(), 1, "nothing was charged again");
    let execution = outcome["execution"].as_str().expect("an id");
    let shown = pair.host.run(&["executions", "show", execution, "--json"]).good().json();
    let error = shown["error"].as_str().expect("a reason for the operator");
    let charge = charges[0]["id"].as_str().expect("an id");
    assert!(error.contains("used before with other data") && error.contains(charge), "{error}");
}

#[test]
fn a_key_that_no_header_can_carry_is_refused_before_anything_is_stored() {
    let host = TestHost::start();
    let data = json!({ "amount": 500, "currency": "usd", "source": "tok_visa" });
    for key in [" k", "k ", "k\n", "\tk", "a\nb", "a\0b", "k\u{e9}", " ", "\u{a0}k"] {
        let body = json!({ "data": data, "idempotency_key": key });
        let outcome = host.request_type("create_payment", &body).expect(422).json();
        assert_eq!(outcome["state"], "invalid", "{key:?}: {outcome:#}");
        assert_eq!(outcome["errors"][0]["field"], "idempotency_key", "{key:?}: {outcome:#}");
        let mut inside = data.clone();
        inside["idempotency_key"] = json!(key);
        let outcome = host.request_type("create_payment", &json!({ "data": inside })).expect(422);
        assert_eq!(outcome.json()["state"], "invalid", "{key:?} in the data");
    }
    // Headers and paths that the data would break.
    for account in ["acct_1\r\nX: y", "acct\u{e9}", "acct\n"] {
        let data = json!({ "payout_id": "po_1", "account_id": account });
        let outcome = host.request_type("get_payout", &json!({ "data": data })).expect(422);
        assert!(outcome.text().contains("the header Stripe-Account"), "{}", outcome.text());
    }
    for gateway_id in ["..", "."] {
        let data = json!({ "gateway_id": gateway_id });
        let outcome = host.request_type("capture_payment", &json!({ "data": data })).expect(422);
        assert!(outcome.text().contains("segment"), "{}", outcome.text());
    }
    assert_eq!(host.stripe.charges().len(), 0);
    let listed = host.run(&["executions", "list", "--json"]).good().out;
    let is_stored =
        ["create_payment", "capture_payment", "get_payout"].map(|name| listed.contains(name));
    assert_eq!(is_stored, [false; 3], "{listed}");
}
