//! The JSON endpoint and `sluicegate call`, for every request type that ships.

use crate::support::host::{Instance, Process, TestHost};
pub use crate::support::shipped::REQUEST_TYPES as ALL;
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};
use std::net::TcpListener;

/// Runs a request type by command on the running instance; returns the complete outcome.
#[track_caller]
fn call(host: &TestHost, name: &str, data: &Json) -> Json {
    let ran = host.run(&["call", name, "--json", "--data", &data.to_string()]);
    let outcome = ran.json();
    assert_eq!(outcome["request_type"], name, "{outcome:#}");
    assert_eq!(outcome["replayed"], false, "{outcome:#}");
    assert_eq!(
        ran.code == 0,
        outcome["state"] == "completed",
        "the code says how it went: {ran:?}"
    );
    outcome
}

/// The same, and checks that it succeeded and its record is in the database.
#[track_caller]
fn completed(host: &TestHost, name: &str, data: &Json, table: &str) -> Json {
    let outcome = call(host, name, data);
    assert_eq!(outcome["state"], "completed", "{outcome:#}");
    assert_eq!(outcome["errors"], json!([]), "{outcome:#}");
    let table = format!("modules/payments/{table}");
    assert_eq!(outcome["record"]["table"], table, "{outcome:#}");
    let stored = host.records(&table);
    let id = &outcome["record"]["id"];
    let record = stored.iter().find(|record| &record["id"] == id);
    let record = record.unwrap_or_else(|| panic!("record {id} is not among {stored:?}"));
    let shown = outcome["record"]["properties"].as_object().expect("properties");
    for (property, value) in shown {
        assert_eq!(&record["properties"][property], value, "{name}: {property}");
    }
    outcome
}

fn id(outcome: &Json) -> String {
    outcome["gateway"]["id"].as_str().expect("the gateway's id").to_owned()
}

#[test]
fn payments_captures_and_refunds_agree_with_the_ledger() {
    let host = TestHost::start();
    let platform = || host.stripe.balance("acct_1SluicegatePlatform");
    let data = json!({ "amount": 5000, "currency": "usd", "source": "tok_visa",
        "description": "Order 7", "statement_descriptor": "MILLRACE", "external_id": "order-7",
        "transfer_group": "ORDER-7", "metadata": { "order": "7" } });
    let paid = completed(&host, "create_payment", &data, "payment");
    let charge = host.stripe.read(&format!("/v1/charges/{}", id(&paid)));
    assert_eq!(charge["amount"], 5000);
    assert_eq!(charge["metadata"]["order"], "7");
    assert_eq!(charge["transfer_group"], "ORDER-7");
    assert_eq!(charge["statement_descriptor"], "MILLRACE");
    assert_eq!(paid["record"]["properties"]["external_id"], "order-7");
    assert_eq!(paid["record"]["properties"]["state"], "paid");
    let before = platform();

    let hold = json!({ "amount": 3000, "currency": "usd", "source": "tok_visa", "capture": false });
    let held = completed(&host, "create_payment", &hold, "payment");
    assert_eq!(held["record"]["properties"]["state"], "authorized");
    assert_eq!(platform(), before, "an authorization moves nothing");
    let capture = json!({ "gateway_id": id(&held), "amount": 2500 });
    let captured = completed(&host, "capture_payment", &capture, "payment");
    assert_eq!(captured["record"]["id"], held["record"]["id"]);
    assert_eq!(captured["record"]["properties"]["state"], "paid");
    assert_eq!(captured["record"]["properties"]["amount_captured_cents"], 2500);

    let refund = json!({ "charge": id(&paid), "amount": 2000, "reason": "requested_by_customer" });
    let part = completed(&host, "create_refund", &refund, "refund");
    assert_eq!(part["record"]["properties"]["amount_cents"], 2000);
    let payment = |outcome: &Json| {
        let all = host.records("modules/payments/payment");
        all.into_iter().find(|one| one["id"] == outcome["record"]["id"]).expect("there")["properties"].clone()
    };
    assert_eq!(payment(&paid)["state"], "partially_refunded");
    completed(&host, "create_refund", &json!({ "charge": id(&paid) }), "refund");
    assert_eq!(payment(&paid)["state"], "refunded");
    assert_eq!(payment(&paid)["amount_refunded_cents"], 5000);
    let over = call(&host, "create_refund", &json!({ "charge": id(&paid) }));
    assert_eq!(over["state"], "failed", "there is nothing left: {over:#}");
    let charge = host.stripe.read(&format!("/v1/charges/{}", id(&paid)));
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&json!(true), &json!(5000)));
    host.stripe.ledger();
}

#[test]
fn customers_and_cards() {
    let host = TestHost::start();
    let data = json!({ "email": "ada@example.com", "name": "Ada", "source": "tok_visa", "external_id": "user-7" });
    let customer = completed(&host, "create_customer", &data, "customer");
    assert_eq!(customer["record"]["properties"]["card_last4"], "4242");
    let cards = host.records("modules/payments/credit_card");
    assert_eq!(cards.len(), 1, "the card is saved with the customer");
    assert_eq!(cards[0]["properties"]["customer_id"], id(&customer));

    let data = json!({ "customer_id": id(&customer), "source": "tok_mastercard" });
    let card = completed(&host, "create_credit_card", &data, "credit_card");
    assert_eq!(card["record"]["properties"]["last4"], "4444");
    let pay =
        json!({ "amount": 900, "currency": "usd", "customer": id(&customer), "source": id(&card) });
    completed(&host, "create_payment", &pay, "payment");

    let data = json!({ "customer_id": id(&customer), "gateway_id": id(&card), "id": card["record"]["id"] });
    let gone = call(&host, "delete_credit_card", &data);
    assert_eq!(gone["state"], "completed", "{gone:#}");
    assert_eq!(host.records("modules/payments/credit_card").len(), 1, "softly deleted");
    let at_stripe = format!("/v1/customers/{}/sources/{}", id(&customer), id(&card));
    assert_eq!(host.stripe.api("GET", &at_stripe, &[]).status, 404);
}

#[test]
fn accounts_persons_transfers_and_payouts() {
    let host = TestHost::start();
    let data = json!({ "email": "potter@example.com", "country": "US", "business_type": "company",
        "company": { "name": "Pots" }, "business_profile": { "mcc": "5734", "url": "https://accessible.stripe.com" },
        "external_account": "btok_us_verified", "ip": "127.0.0.1", "external_id": "maker-7" });
    let account = completed(&host, "create_account", &data, "account");
    let acct = id(&account);
    assert_eq!(account["record"]["properties"]["external_id"], "maker-7");

    let person = json!({ "account_id": acct, "first_name": "Ada", "last_name": "Potter",
        "relationship": { "representative": true, "title": "CEO" } });
    let person = completed(&host, "create_person", &person, "person");
    assert_eq!(person["record"]["properties"]["representative"], true);
    let persons =
        completed(&host, "get_persons", &json!({ "gateway_id": acct }), "gateway_request");
    let listed = persons["gateway"]["body"]["data"].as_array().expect("a list");
    assert!(listed.iter().any(|one| one["id"] == id(&person).as_str()), "{persons:#}");
    assert_eq!(host.records("modules/payments/person").len(), 1, "known ones are not saved twice");

    let got = completed(&host, "get_account", &json!({ "gateway_id": acct }), "account");
    assert_eq!(got["record"]["id"], account["record"]["id"]);

    let funds = json!({ "amount": 10000, "currency": "usd", "source": "tok_bypassPending" });
    completed(&host, "create_payment", &funds, "payment");
    let data =
        json!({ "amount": 2500, "currency": "usd", "destination": acct, "transfer_group": "G" });
    let transfer = completed(&host, "create_transfer", &data, "transfer");
    assert_eq!(transfer["record"]["properties"]["amount_cents"], 2500);
    assert_eq!(host.stripe.balance(&acct), 2500, "the ledger agrees");
    let too_much = json!({ "amount": 9_000_000, "currency": "usd", "destination": acct });
    let refused = call(&host, "create_transfer", &too_much);
    assert_eq!(refused["state"], "failed", "{refused:#}");
    assert_eq!(refused["errors"][0]["code"], "balance_insufficient");

    let payout = host.stripe.control("POST", "/payouts", &json!({ "currency": "usd" }));
    let payout = payout["id"].as_str().expect("an id");
    eventually("its events record the payout", || {
        let all = host.records("modules/payments/payout");
        let is_there = all.iter().any(|one| one["properties"]["gateway_id"] == payout);
        if is_there { Ok(()) } else { Err(format!("{all:?}")) }
    });
    let got = completed(&host, "get_payout", &json!({ "payout_id": payout }), "payout");
    let count = got["record"]["properties"]["transactions_count"].as_i64();
    assert!(count.is_some_and(|count| count >= 2), "{got:#}");

    let gone = call(&host, "delete_account", &json!({ "gateway_id": acct }));
    match gone["state"].as_str() {
        Some("completed") => assert!(host.records("modules/payments/account").is_empty()),
        // Stripe keeps an account with a balance, and so does the runtime.
        _ => assert_eq!(host.records("modules/payments/account").len(), 1, "{gone:#}"),
    }
    let empty =
        json!({ "email": "eve@example.com", "country": "US", "business_type": "individual" });
    let empty = completed(&host, "create_account", &empty, "account");
    let gone = call(&host, "delete_account", &json!({ "gateway_id": id(&empty) }));
    assert_eq!(gone["state"], "completed", "{gone:#}");
    let left = host.records("modules/payments/account");
    assert!(left.iter().all(|one| one["id"] != empty["record"]["id"]), "softly deleted");
    host.stripe.ledger();
}

#[test]
fn money_to_a_destination_with_a_fee_and_back() {
    let host = TestHost::start();
    let maker = json!({ "email": "m@example.com", "country": "US", "business_type": "individual" });
    let acct = id(&completed(&host, "create_account", &maker, "account"));
    let data = json!({ "amount": 10000, "currency": "usd", "source": "tok_bypassPending",
        "destination": acct, "application_fee": 1000 });
    let paid = completed(&host, "create_payment", &data, "payment");
    assert_eq!(paid["record"]["properties"]["destination"], acct.as_str());
    assert_eq!(host.stripe.balance(&acct), 9_000);
    let refund =
        json!({ "charge": id(&paid), "reverse_transfer": true, "refund_application_fee": true });
    completed(&host, "create_refund", &refund, "refund");
    assert_eq!(host.stripe.balance(&acct), 0);
    host.stripe.ledger();
}

/// What one property of the only matching record of a payments table is.
#[track_caller]
fn property(host: &TestHost, table: &str, gateway_id: &str, name: &str) -> Json {
    let all = host.records(&format!("modules/payments/{table}"));
    let all: Vec<_> =
        all.iter().filter(|one| one["properties"]["gateway_id"] == gateway_id).collect();
    assert_eq!(all.len(), 1, "{table} {gateway_id}: {all:?}");
    all[0]["properties"][name].clone()
}

#[test]
fn transfers_and_fees_come_back_in_parts() {
    let host = TestHost::start();
    let maker = json!({ "email": "m@example.com", "country": "US", "business_type": "individual" });
    let acct = id(&completed(&host, "create_account", &maker, "account"));
    let data = json!({ "amount": 10000, "currency": "usd", "source": "tok_bypassPending",
        "destination": acct, "application_fee": 1000 });
    let paid = id(&completed(&host, "create_payment", &data, "payment"));
    let funds = json!({ "amount": 9000, "currency": "usd", "source": "tok_bypassPending" });
    completed(&host, "create_payment", &funds, "payment");
    let data = json!({ "amount": 3000, "currency": "usd", "destination": acct });
    let transfer = completed(&host, "create_transfer", &data, "transfer");
    let sent = id(&transfer);
    assert_eq!(host.stripe.balance(&acct), 12_000);

    let part = json!({ "gateway_id": sent, "amount": 1200 });
    let part = completed(&host, "reverse_transfer", &part, "transfer_reversal");
    assert_eq!(part["record"]["properties"]["transfer_id"], transfer["record"]["id"]);
    assert_eq!(part["record"]["properties"]["amount_cents"], 1200);
    assert_eq!(property(&host, "transfer", &sent, "state"), "partially_reversed");
    assert_eq!(property(&host, "transfer", &sent, "amount_reversed_cents"), 1200);
    assert_eq!(host.stripe.balance(&acct), 10_800);
    let rest = json!({ "gateway_id": sent });
    let rest = completed(&host, "reverse_transfer", &rest, "transfer_reversal");
    assert_eq!(rest["record"]["properties"]["amount_cents"], 1800);
    assert_eq!(property(&host, "transfer", &sent, "state"), "reversed");
    assert_eq!(property(&host, "transfer", &sent, "amount_reversed_cents"), 3000);
    let over = call(&host, "reverse_transfer", &json!({ "gateway_id": sent }));
    assert_eq!(over["state"], "failed", "there is nothing left: {over:#}");

    let charge = host.stripe.read(&format!("/v1/charges/{paid}"));
    let fee = &charge["application_fee"];
    for (amount, sum) in [(json!(400), 400), (Json::Null, 1000)] {
        let data = json!({ "fee": fee, "amount": amount });
        let back = completed(&host, "refund_application_fee", &data, "fee_refund");
        assert_eq!(back["record"]["properties"]["fee"], *fee);
        assert!(back["record"]["properties"]["payment_id"].is_string(), "{back:#}");
        assert_eq!(property(&host, "payment", &paid, "application_fee_refunded_cents"), sum);
    }
    assert_eq!(host.stripe.balance(&acct), 10_000);
    host.stripe.ledger();
}

#[test]
fn a_balance_is_read() {
    let host = TestHost::start();
    let funds = json!({ "amount": 10000, "currency": "usd", "source": "tok_bypassPending" });
    completed(&host, "create_payment", &funds, "payment");
    let read = completed(&host, "get_balance", &json!({}), "gateway_request");
    let kept = read["record"]["properties"]["response"].as_str().expect("JSON");
    let kept: Json = serde_json::from_str(kept).expect("JSON");
    assert_eq!(kept["available"][0]["currency"], "usd", "{kept}");
    let sum = |part: &str| kept[part][0]["amount"].as_i64().expect("an amount");
    let platform = host.stripe.balance("acct_1SluicegatePlatform");
    assert_eq!(sum("available") + sum("pending"), platform);
    let maker = json!({ "email": "m@example.com", "country": "US", "business_type": "individual" });
    let acct = id(&completed(&host, "create_account", &maker, "account"));
    let read = completed(&host, "get_balance", &json!({ "account_id": acct }), "gateway_request");
    let kept = read["record"]["properties"]["response"].as_str().expect("JSON");
    let kept: Json = serde_json::from_str(kept).expect("JSON");
    assert_eq!(kept["available"][0]["amount"], 0, "the account has nothing: {kept}");
}

#[test]
fn disputes_are_answered_or_given_up() {
    let host = TestHost::start();
    let disputed = || {
        let data = json!({ "amount": 2000, "currency": "usd", "source": "tok_createDispute" });
        let charge = id(&completed_any(&host, "create_payment", &data));
        eventually("the dispute is known", || {
            let all = host.records("modules/payments/dispute");
            let mine = all.into_iter().find(|one| one["properties"]["charge"] == charge.as_str());
            mine.ok_or_else(|| format!("no dispute of {charge}"))
        })
    };
    let one = disputed();
    let dispute = one["properties"]["gateway_id"].as_str().expect("an id");
    let data =
        json!({ "gateway_id": dispute, "evidence": { "uncategorized_text": "It arrived." } });
    let kept = completed(
        &host,
        "submit_dispute_evidence",
        &json!({ "gateway_id": dispute, "evidence": { "product_description": "A mug" }, "submit": false }),
        "dispute",
    );
    assert_eq!(kept["record"]["properties"]["state"], "needs_response");
    let sent = completed(&host, "submit_dispute_evidence", &data, "dispute");
    assert_eq!(sent["record"]["id"], one["id"]);
    let at_stripe = host.stripe.read(&format!("/v1/disputes/{dispute}"));
    assert_eq!(sent["record"]["properties"]["state"], at_stripe["status"]);
    assert_eq!(at_stripe["evidence"]["uncategorized_text"], "It arrived.");
    assert_eq!(at_stripe["evidence"]["product_description"], "A mug");

    let winning = json!({ "gateway_id": dispute,
        "evidence": { "uncategorized_text": "winning_evidence" } });
    let won = completed_any(&host, "submit_dispute_evidence", &winning);
    assert_eq!(won["record"]["properties"]["state"], "won");
    let ends = |dispute: &Json, state: &str| {
        let dispute = dispute.as_str().expect("an id");
        eventually("the dispute has ended", || {
            let now = property(&host, "dispute", dispute, "state");
            if now == state { Ok(()) } else { Err(now.to_string()) }
        });
    };
    ends(&one["properties"]["gateway_id"], "won");

    let two = disputed();
    let data = json!({ "gateway_id": two["properties"]["gateway_id"] });
    let closed = completed_any(&host, "close_dispute", &data);
    assert_eq!(closed["record"]["id"], two["id"]);
    assert_eq!(closed["record"]["properties"]["state"], "lost");
    ends(&two["properties"]["gateway_id"], "lost");
    let other = call(&host, "close_dispute", &json!({ "gateway_id": "du_nobody" }));
    assert_eq!(other["state"], "failed", "{other:#}");
    assert_eq!(host.records("modules/payments/dispute").len(), 2);
}

#[test]
fn accounts_change_and_their_holders_are_sent_to_stripe() {
    let host = TestHost::start();
    let data = json!({ "email": "m@example.com", "country": "US", "business_type": "company",
        "type": "express", "external_id": "maker-7" });
    let account = completed(&host, "create_account", &data, "account");
    let acct = id(&account);
    let data = json!({ "gateway_id": acct, "email": "new@example.com",
        "metadata": { "shop": "7" } });
    let changed = completed_any(&host, "update_account", &data);
    assert_eq!(changed["record"]["id"], account["record"]["id"]);
    assert_eq!(changed["record"]["properties"]["email"], "new@example.com");
    assert_eq!(changed["record"]["properties"]["external_id"], "maker-7", "it stays");
    // An event of its creation may still write the old address; that of the change is last.
    eventually("the new address stands", || {
        let now = property(&host, "account", &acct, "email");
        if now == "new@example.com" { Ok(()) } else { Err(now.to_string()) }
    });
    assert_eq!(host.stripe.read(&format!("/v1/accounts/{acct}"))["metadata"]["shop"], "7");

    let data = json!({ "account_id": acct, "first_name": "Ada", "last_name": "Potter",
        "relationship": { "owner": true } });
    let person = completed(&host, "create_person", &data, "person");
    let data = json!({ "account_id": acct, "gateway_id": id(&person), "last_name": "Lovelace",
        "id_number": "000000000" });
    let renamed = completed(&host, "update_person", &data, "person");
    assert_eq!(renamed["record"]["id"], person["record"]["id"]);
    assert_eq!(renamed["record"]["properties"]["last_name"], "Lovelace");
    assert_eq!(renamed["record"]["properties"]["first_name"], "Ada", "it stays");

    let data = json!({ "account_id": acct, "external_account": "btok_us_verified" });
    let bank = completed(&host, "create_external_account", &data, "external_account");
    let bank = &bank["record"]["properties"];
    assert_eq!((&bank["kind"], &bank["last4"]), (&json!("bank_account"), &json!("6789")));
    assert_eq!(bank["account_id"], acct.as_str());

    let data = json!({ "account_id": acct, "refresh_url": "https://shop.example/again",
        "return_url": "https://shop.example/done" });
    let link = completed(&host, "create_account_link", &data, "hosted_page");
    let link = &link["record"]["properties"];
    assert_eq!(link["kind"], "account_link");
    assert!(link["url"].as_str().is_some_and(|url| url.starts_with("http")), "{link}");
    assert!(link["expires_at"].is_string(), "{link}");
    let url = link["url"].as_str().expect("a URL").to_owned();
    let login = call(&host, "create_login_link", &json!({ "account_id": acct }));
    match login["state"].as_str() {
        Some("completed") => {
            let login = &login["record"]["properties"];
            assert_eq!(
                (&login["kind"], &login["account_id"]),
                (&json!("login_link"), &json!(acct))
            );
            assert_ne!(login["url"], url.as_str());
        }
        // Its holder has filled in nothing yet.
        _ => assert_eq!(login["errors"][0]["field"], Json::Null, "{login:#}"),
    }
}

#[test]
fn webhook_endpoints_and_their_secret() {
    let host = TestHost::start();
    let data = json!({ "url": "https://shop.example/webhooks/listen", "enabled_events": ["charge.refunded"] });
    let made = completed(&host, "create_webhook_endpoint", &data, "webhook_endpoint");
    assert_eq!(made["record"]["properties"]["url"], "https://shop.example/webhooks/listen");
    assert!(!made.to_string().contains("whsec_"), "the secret is in no outcome: {made:#}");
    let listed = completed_any(&host, "get_webhook_endpoints", &json!({}));
    let all = listed["gateway"]["body"]["data"].as_array().expect("a list");
    assert!(all.iter().any(|one| one["id"] == id(&made).as_str()), "{listed:#}");
    assert!(!listed.to_string().contains("whsec_"));
    let records = host.records("modules/payments/webhook_endpoint");
    assert!(!json!(records).to_string().contains("whsec_"), "{records:?}");
}

#[track_caller]
fn completed_any(host: &TestHost, name: &str, data: &Json) -> Json {
    let outcome = call(host, name, data);
    assert_eq!(outcome["state"], "completed", "{outcome:#}");
    outcome
}

#[test]
fn a_command_needs_no_server() {
    let instance = Instance::new();
    let data = r#"{"amount": 500, "currency": "usd", "source": "tok_visa"}"#;
    let addr = ["--sandbox-addr", "127.0.0.1:0"];
    let run = |more: &[&str]| {
        instance.run(&[&["call", "create_payment", "--json"], more, &addr].concat())
    };
    let outcome = run(&["--data", data, "--idempotency-key", "k1"]).good().json();
    assert_eq!(outcome["state"], "completed", "{outcome:#}");
    let again = run(&["--data", data, "--idempotency-key", "k1"]).good().json();
    assert_eq!(
        (&again["replayed"], &again["gateway"]["id"]),
        (&json!(true), &outcome["gateway"]["id"])
    );
    // The sandbox's state is stored beside the database.
    let refund = json!({ "charge": outcome["gateway"]["id"] }).to_string();
    let ran =
        instance.run(&["call", "create_refund", "--json", "--data", &refund, addr[0], addr[1]]);
    assert_eq!(ran.good().json()["state"], "completed");
}

#[test]
fn the_endpoint_returns_every_state_as_a_status() {
    let host = TestHost::start();
    let post = |body: Json| host.request_type("create_payment", &body);
    let good = json!({ "amount": 700, "currency": "usd", "source": "tok_visa" });
    let done = post(json!({ "data": good, "idempotency_key": "k1" })).expect(200).json();
    assert_eq!((&done["state"], &done["replayed"]), (&json!("completed"), &json!(false)));
    let again = post(json!({ "data": good, "idempotency_key": "k1" })).expect(200).json();
    assert_eq!((&again["state"], &again["replayed"]), (&json!("completed"), &json!(true)));
    assert_eq!(again["execution"], done["execution"]);
    assert_eq!(again["record"], done["record"]);
    // Both spellings inside the data are the same key.
    for name in ["idempotency_key", "indempotency_key"] {
        let mut data = good.clone();
        data[name] = json!("k1");
        let again = post(json!({ "data": data })).expect(200).json();
        assert_eq!(again["execution"], done["execution"], "{name}");
    }
    let other = json!({ "amount": 701, "currency": "usd", "source": "tok_visa" });
    let conflict = post(json!({ "data": other, "idempotency_key": "k1" })).expect(409).json();
    assert_eq!(conflict["state"], "conflict");
    let declined = json!({ "amount": 700, "currency": "usd", "source": "tok_chargeDeclined" });
    let declined = post(json!({ "data": declined, "idempotency_key": "k2" })).expect(402).json();
    assert_eq!(declined["state"], "declined");
    assert_eq!(declined["errors"][0]["code"], "card_declined");
    assert_eq!(declined["record"], Json::Null);
    let failed = json!({ "amount": 700, "currency": "usd", "source": "tok_nobody_knows" });
    let failed = post(json!({ "data": failed })).expect(502).json();
    assert_eq!(failed["state"], "failed");
    assert_eq!(host.stripe.charges().iter().filter(|c| c["paid"] == true).count(), 1);
}

#[test]
fn invalid_data_is_refused_before_anything_is_sent() {
    let host = TestHost::start();
    let before = host.stripe.control("GET", "/requests", &Json::Null)["data"].clone();
    for (data, field) in [
        (json!({ "currency": "usd", "source": "tok_visa" }), "amount"),
        (json!({ "amount": "five", "currency": "usd", "source": "tok_visa" }), "amount"),
        (json!({ "amount": -5, "currency": "usd", "source": "tok_visa" }), "amount"),
        (json!({ "amount": 5.5, "currency": "usd", "source": "tok_visa" }), "amount"),
        (json!({ "amount": 99999999999999999999u128 as f64, "currency": "usd" }), "amount"),
        (json!({ "amount": 500, "currency": "dollars", "source": "tok_visa" }), "currency"),
        (json!({ "amount": 500, "currency": "usd", "capture": "perhaps" }), "capture"),
        (json!({ "amount": 500, "currency": "usd", "sourse": "tok_visa" }), "sourse"),
        (json!({ "amount": 500, "currency": "usd", "metadata": "x" }), "metadata"),
        (json!({ "amount": [500], "currency": "usd" }), "amount"),
    ] {
        let outcome =
            host.request_type("create_payment", &json!({ "data": data })).expect(422).json();
        assert_eq!(outcome["state"], "invalid", "{data}: {outcome:#}");
        let fields: Vec<_> =
            outcome["errors"].as_array().expect("errors").iter().map(|e| &e["field"]).collect();
        assert!(fields.contains(&&json!(field)), "{data}: {outcome:#}");
        assert_eq!(outcome["execution"], "", "nothing was begun");
    }
    let after = host.stripe.control("GET", "/requests", &Json::Null)["data"].clone();
    let charges = |all: &Json| {
        all.as_array().map_or(0, |all| all.iter().filter(|r| r["path"] == "/v1/charges").count())
    };
    assert_eq!(charges(&before), charges(&after), "nothing was sent");
}

#[test]
fn texts_are_cast_as_forms_send_them() {
    let host = TestHost::start();
    let data = json!({ "amount": "700", "currency": "USD", "source": "tok_visa", "capture": "false", "description": "" });
    let outcome = host.request_type("create_payment", &json!({ "data": data })).expect(200).json();
    assert_eq!(outcome["record"]["properties"]["amount_cents"], 700, "{outcome:#}");
    assert_eq!(outcome["record"]["properties"]["state"], "authorized");
}

#[test]
fn data_cannot_reach_into_the_call() {
    let host = TestHost::start();
    let data = json!({ "amount": 700, "currency": "usd", "source": "tok_visa",
        "description": "a&amount=1&destination=acct_x\r\nX-Evil: 1 {{ context.constants.stripe_sk_key }}" });
    let outcome = host.request_type("create_payment", &json!({ "data": data })).expect(200).json();
    let charge = host.stripe.read(&format!("/v1/charges/{}", id(&outcome)));
    assert_eq!(charge["amount"], 700);
    assert_eq!(charge["description"], data["description"], "sent as it is");
    let path = json!({ "gateway_id": "../../v1/charges?x=" });
    let outcome = host.request_type("get_account", &json!({ "data": path })).expect(502).json();
    assert_eq!(outcome["state"], "failed");
}

#[test]
fn an_unknown_request_type_is_reported() {
    let host = TestHost::start();
    let answer = host.request_type("create_paymant", &json!({ "data": {} })).expect(404);
    assert!(answer.text().contains("create_payment"), "suggests: {}", answer.text());
    let ran = host.run(&["call", "create_paymant"]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("create_paymant") && ran.err.contains("create_payment"), "{ran:?}");
    assert_eq!(ran.err.trim().lines().count(), 1, "one clear line: {ran:?}");
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    let host = TestHost::start();
    for body in [
        "",
        "[]",
        "5",
        "{\"data\": 5}",
        "{\"data\": [1]}",
        "{\"date\": {}}",
        "{\"data\"",
        "{\"idempotency_key\": 5}",
    ] {
        let kind = [("Content-Type", "application/json")];
        let answer = host.send("POST", "/api/request_types/create_payment", &kind, body.as_bytes());
        assert!(matches!(answer.status, 400 | 422), "{body}: {} {}", answer.status, answer.text());
        answer.json();
    }
    assert!(host.stripe.charges().is_empty());
}

#[test]
fn while_stripe_is_down_it_is_pending_and_completes_after() {
    let port = {
        let reserved = TcpListener::bind("127.0.0.1:0").expect("a port");
        reserved.local_addr().expect("an address").to_string()
    };
    let url = format!("http://{port}");
    let mut host = Instance::new().serve_with(&["--stripe", &url]);
    let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" }, "idempotency_key": "k1" });
    let answer = host.request_type("create_payment", &data).expect(202);
    let pending = answer.json();
    assert_eq!(pending["state"], "pending");
    let place = answer.header("location").expect("where to ask again").to_owned();
    assert!(place.ends_with(pending["execution"].as_str().expect("an id")), "{place}");
    host.send("GET", &place, &[], b"").expect(202);
    // The same key begins nothing new.
    let again = host.request_type("create_payment", &data).expect(202).json();
    assert_eq!(again["execution"], pending["execution"]);
    assert!(host.process.is_alive());

    let other = Instance::new();
    let sandbox = Process::start(&other, &["sandbox", "--addr", &port]);
    host.stripe = crate::support::stripe::Stripe { addr: sandbox.address("/_sandbox/health") };
    let done = eventually("it is completed", || {
        let answer = host.send("GET", &place, &[], b"");
        if answer.status == 200 { Ok(answer.json()) } else { Err(answer.text()) }
    });
    assert_eq!(done["state"], "completed", "{done:#}");
    assert_eq!(host.stripe.charges().len(), 1);
    let again = host.request_type("create_payment", &data).expect(200).json();
    assert_eq!(again["gateway"]["id"], done["gateway"]["id"]);
    assert_eq!(host.records("modules/payments/payment").len(), 1);
}

#[test]
fn an_answer_lost_on_its_way_back_is_asked_for_again_not_repeated() {
    let host = TestHost::start();
    for (key, fault) in [
        ("k1", "drop_after"),
        ("k2", "drop_before"),
        ("k3", "error_not_executed"),
        ("k4", "garbage"),
    ] {
        host.stripe.breaks("/v1/charges", fault, 1);
        let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" }, "idempotency_key": key });
        let answer = host.request_type("create_payment", &data);
        assert!(matches!(answer.status, 200 | 202), "{fault}: {}", answer.text());
        let done = eventually("it is completed", || {
            let answer = host.request_type("create_payment", &data);
            if answer.status == 200 { Ok(answer.json()) } else { Err(answer.text()) }
        });
        assert_eq!(done["state"], "completed", "{fault}: {done:#}");
        assert_eq!(done["errors"], json!([]), "{fault}: {done:#}");
        let charge = done["gateway"]["id"].as_str().unwrap_or_default();
        assert!(charge.starts_with("ch_"), "{fault}: {done:#}");
        assert_eq!(done["record"]["properties"]["gateway_id"], charge, "{fault}");
    }
    assert_eq!(host.stripe.charges().len(), 4, "one each");
    assert_eq!(host.records("modules/payments/payment").len(), 4);
    host.stripe.ledger();
}

#[test]
fn a_kill_in_the_middle_leaves_one_charge() {
    let mut host = TestHost::start();
    let port = host.stripe.addr;
    // The sandbox runs in its own process, so that only the host dies.
    let other = Instance::new();
    let sandbox = Process::start(&other, &["sandbox", "--addr", "127.0.0.1:0"]);
    let stripe = crate::support::stripe::Stripe { addr: sandbox.address("/_sandbox/health") };
    assert_ne!(port, stripe.addr);
    host.process.kill();
    let url = format!("http://{}", stripe.addr);
    let TestHost { instance, process, .. } = host;
    drop(process);
    let mut host = instance.serve_with(&["--stripe", &url]);
    stripe.control(
        "POST",
        "/faults",
        &json!({ "path": "/v1/charges", "times": 1, "fault": "delay", "delay_ms": 3000 }),
    );
    let data = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" }, "idempotency_key": "k1" });
    std::thread::scope(|scope| {
        let addr = host.addr;
        let body = data.to_string();
        scope.spawn(move || {
            let kind = [("Content-Type", "application/json")];
            // No answer comes: the host is killed while the request is in progress.
            let _ = crate::support::http::send(
                addr,
                "POST",
                "/api/request_types/create_payment",
                &kind,
                body.as_bytes(),
            );
        });
        eventually("the call is on its way", || {
            let seen = stripe.control("GET", "/faults", &Json::Null);
            if seen["rules"][0]["seen"] == 1 { Ok(()) } else { Err(seen.to_string()) }
        });
        host.process.kill();
    });
    let TestHost { instance, process, .. } = host;
    drop(process);
    let host = instance.serve_with(&["--stripe", &url]);
    let done = eventually("it is completed", || {
        let answer = host.request_type("create_payment", &data);
        if answer.status == 200 { Ok(answer.json()) } else { Err(answer.text()) }
    });
    assert_eq!(done["state"], "completed", "{done:#}");
    assert_eq!(stripe.charges().len(), 1);
    assert_eq!(host.records("modules/payments/payment").len(), 1);
}
