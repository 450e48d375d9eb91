//! States that an object reaches later, and events in any order.

use super::{found, happens, host, run, settled};
use crate::support::host::TestHost;
use crate::support::signature::now;
use crate::support::wait::eventually;
use serde_json::{Value as Json, json};

/// A payment of 1000, and its charge's id.
#[track_caller]
fn paid(host: &TestHost, source: &str, capture: bool) -> Json {
    let data = json!({ "amount": 1000, "currency": "usd", "source": source, "capture": capture });
    let outcome = run(host, "create_payment", &data);
    settled(host);
    outcome["gateway"]["id"].clone()
}

#[track_caller]
fn payment(host: &TestHost, charge: &Json) -> Json {
    found(host, "payment", "gateway_id", charge).into_iter().next().expect("a payment")
}

#[track_caller]
fn state(host: &TestHost, charge: &Json) -> (String, i64) {
    let payment = payment(host, charge);
    let state = payment["state"].as_str().expect("a state").to_owned();
    (state, payment["amount_refunded_cents"].as_i64().unwrap_or_default())
}

fn is(state: &str, refunded: i64) -> (String, i64) {
    (state.to_owned(), refunded)
}

#[test]
fn a_refund_that_fails_later_gives_the_payment_back() {
    let host = host();
    let charge = paid(&host, "tok_refundFail", true);
    for (amount, refunded) in [(300, "partially_refunded"), (1000, "refunded")] {
        let refund = json!({ "charge": charge, "amount": amount });
        let outcome = run(&host, "create_refund", &refund);
        assert_eq!(state(&host, &charge), is(refunded, amount));
        eventually("the refund has failed", || {
            let refund = found(&host, "refund", "gateway_id", &outcome["gateway"]["id"]);
            if refund[0]["state"] == "failed" { Ok(()) } else { Err(format!("{refund:?}")) }
        });
        settled(&host);
        assert_eq!(state(&host, &charge), is("paid", 0));
    }
    assert_eq!(host.records("modules/payments/refund").len(), 2, "each is kept once");
    // Paid again, it can be refunded again.
    let again = host.stripe.read(&format!("/v1/charges/{}", charge.as_str().expect("an id")));
    assert_eq!(again["amount_refunded"], 0);
}

fn refund(id: &str, charge: &Json, amount: i64, status: &str) -> Json {
    json!({ "id": id, "object": "refund", "amount": amount, "charge": charge, "currency": "usd",
        "status": status })
}

fn charge_of(charge: &Json, captured: i64, refunded: i64) -> Json {
    json!({ "id": charge, "object": "charge", "amount": 1000, "amount_captured": captured,
        "captured": true, "status": "succeeded", "amount_refunded": refunded, "refunded": refunded == 1000 })
}

#[test]
fn refunds_of_the_dashboard_in_any_order() {
    let host = host();
    let t = now();
    for (place, order) in
        [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]].iter().enumerate()
    {
        let charge = paid(&host, "tok_visa", true);
        let (stays, fails) = (format!("re_stays{place}"), format!("re_fails{place}"));
        for step in order {
            match step {
                0 => happens(&host, "charge.refunded", t, &charge_of(&charge, 1000, 300)),
                1 => {
                    happens(&host, "refund.created", t, &refund(&fails, &charge, 300, "succeeded"));
                    happens(
                        &host,
                        "refund.created",
                        t + 5,
                        &refund(&stays, &charge, 200, "pending"),
                    );
                }
                2 => happens(&host, "charge.refunded", t + 5, &charge_of(&charge, 1000, 500)),
                _ => {
                    happens(&host, "refund.failed", t + 9, &refund(&fails, &charge, 300, "failed"));
                    let same = refund(&fails, &charge, 300, "failed");
                    happens(&host, "charge.refund.updated", t + 9, &same);
                }
            }
        }
        assert_eq!(state(&host, &charge), is("partially_refunded", 200), "{order:?}");
        let states =
            |id: &str| found(&host, "refund", "gateway_id", &json!(id))[0]["state"].clone();
        assert_eq!(
            (states(&stays), states(&fails)),
            (json!("pending"), json!("failed")),
            "{order:?}"
        );
        happens(&host, "refund.updated", t + 20, &refund(&stays, &charge, 200, "succeeded"));
        happens(&host, "refund.updated", t + 19, &refund(&stays, &charge, 200, "pending"));
        assert_eq!(states(&stays), json!("succeeded"));
        happens(&host, "refund.updated", t + 30, &refund(&stays, &charge, 200, "canceled"));
        assert_eq!(state(&host, &charge), is("paid", 0), "{order:?}");
    }
}

#[test]
fn a_dispute_is_the_same_in_any_order() {
    let host = host();
    let t = now();
    let dispute = |charge: &Json, id: &str, status: &str| {
        json!({ "id": id, "object": "dispute", "charge": charge, "amount": 1000, "currency": "usd",
            "reason": "fraudulent", "status": status })
    };
    for (place, (end, payment_state)) in
        [("lost", "disputed"), ("won", "paid"), ("warning_closed", "paid")].into_iter().enumerate()
    {
        for reversed in [false, true] {
            let charge = paid(&host, "tok_visa", true);
            let id = format!("dp_{place}_{reversed}");
            let mut steps = vec![
                ("charge.dispute.created", t, dispute(&charge, &id, "needs_response")),
                ("charge.dispute.updated", t + 1, dispute(&charge, &id, "under_review")),
                ("charge.dispute.closed", t + 2, dispute(&charge, &id, end)),
            ];
            if reversed {
                steps.reverse();
            }
            for (kind, created, object) in &steps {
                happens(&host, kind, *created, object);
            }
            assert_eq!(state(&host, &charge).0, payment_state, "{end} {reversed}");
            let kept = found(&host, "dispute", "gateway_id", &json!(id));
            assert_eq!((kept.len(), &kept[0]["state"]), (1, &json!(end)), "{reversed}");
        }
    }
    // A payment that was refunded in part is disputed, and back to its part when that is won.
    let charge = paid(&host, "tok_visa", true);
    run(&host, "create_refund", &json!({ "charge": charge, "amount": 100 }));
    settled(&host);
    happens(&host, "charge.dispute.created", t, &dispute(&charge, "dp_part", "needs_response"));
    assert_eq!(state(&host, &charge), is("disputed", 100));
    happens(&host, "charge.dispute.closed", t + 2, &dispute(&charge, "dp_part", "won"));
    assert_eq!(state(&host, &charge), is("partially_refunded", 100));
}

#[test]
fn the_rest_that_a_capture_releases_is_no_refund() {
    let host = host();
    let charge = paid(&host, "tok_visa", false);
    run(&host, "capture_payment", &json!({ "gateway_id": charge, "amount": 400 }));
    settled(&host);
    assert_eq!(state(&host, &charge), is("paid", 0));
    run(&host, "create_refund", &json!({ "charge": charge, "amount": 100 }));
    assert_eq!(state(&host, &charge), is("partially_refunded", 100));
    settled(&host);
    assert_eq!(state(&host, &charge), is("partially_refunded", 100), "the event says the same");
    run(&host, "create_refund", &json!({ "charge": charge }));
    settled(&host);
    assert_eq!(state(&host, &charge), is("refunded", 400));
    // The same in the dashboard, where the refund's event overtakes the capture's.
    let t = now();
    let charge = paid(&host, "tok_visa", false);
    happens(&host, "charge.refunded", t + 2, &charge_of(&charge, 400, 700));
    assert_eq!(state(&host, &charge), is("partially_refunded", 100));
    happens(&host, "charge.captured", t + 1, &charge_of(&charge, 400, 600));
    assert_eq!(state(&host, &charge), is("partially_refunded", 100));
    assert_eq!(payment(&host, &charge)["amount_captured_cents"], 400);
    happens(&host, "charge.refunded", t + 3, &charge_of(&charge, 400, 1000));
    assert_eq!(state(&host, &charge), is("refunded", 400));
    // A whole capture, and an authorization that is let go.
    let charge = paid(&host, "tok_visa", false);
    run(&host, "capture_payment", &json!({ "gateway_id": charge }));
    run(&host, "create_refund", &json!({ "charge": charge }));
    assert_eq!(state(&host, &charge), is("refunded", 1000));
    let charge = paid(&host, "tok_visa", false);
    run(&host, "create_refund", &json!({ "charge": charge }));
    settled(&host);
    assert_eq!(state(&host, &charge), is("refunded", 1000));
    let charge = paid(&host, "tok_visa", false);
    let expired = json!({ "id": charge, "object": "charge", "amount": 1000, "refunded": true,
        "amount_refunded": 1000, "captured": false });
    happens(&host, "charge.expired", t + 9, &expired);
    assert_eq!(state(&host, &charge), is("failed", 0));
}

#[test]
fn payouts_and_transfers_in_any_order() {
    let host = host();
    let t = now();
    let payout = |id: &str, status: &str| {
        json!({ "id": id, "object": "payout", "amount": 700, "currency": "usd", "arrival_date": t,
            "status": status })
    };
    let steps = [
        ("payout.created", "pending"),
        ("payout.updated", "in_transit"),
        ("payout.paid", "paid"),
        ("payout.failed", "failed"),
    ];
    for last in 1..=4 {
        for reversed in [false, true] {
            let id = format!("po_{last}_{reversed}");
            let mut order: Vec<_> = steps[..last].iter().zip(t..).collect();
            if reversed {
                order.reverse();
            }
            for ((kind, status), created) in order {
                happens(&host, kind, created, &payout(&id, status));
            }
            let kept = found(&host, "payout", "gateway_id", &json!(id));
            assert_eq!(
                (kept.len(), &kept[0]["state"]),
                (1, &json!(steps[last - 1].1)),
                "{reversed}"
            );
        }
    }
    let transfer = |id: &str, reversed: i64| {
        json!({ "id": id, "object": "transfer", "amount": 900, "currency": "usd", "destination": "acct_1",
            "source_transaction": "ch_1", "amount_reversed": reversed, "reversed": reversed == 900 })
    };
    for (amount, state) in [(0, "paid"), (400, "partially_reversed"), (900, "reversed")] {
        let id = format!("tr_{amount}");
        happens(&host, "transfer.reversed", t + 1, &transfer(&id, amount));
        happens(&host, "transfer.created", t, &transfer(&id, 0));
        let kept = found(&host, "transfer", "gateway_id", &json!(id));
        assert_eq!((kept.len(), &kept[0]["state"]), (1, &json!(state)));
    }
}

#[test]
fn what_changes_at_stripe_changes_here() {
    let host = host();
    let t = now();
    let customer =
        run(&host, "create_customer", &json!({ "email": "a@example.com", "source": "tok_visa" }));
    let customer = customer["gateway"]["id"].clone();
    let card = host.records("modules/payments/credit_card")[0]["properties"]["gateway_id"].clone();
    let changed = json!({ "id": customer, "object": "customer", "email": "new@example.com",
        "default_source": card });
    happens(&host, "customer.updated", t + 5, &changed);
    assert_eq!(found(&host, "customer", "email", &json!("new@example.com")).len(), 1);
    let renewed = json!({ "id": card, "object": "card", "exp_year": 2040, "exp_month": 1 });
    happens(&host, "customer.source.updated", t + 5, &renewed);
    assert_eq!(found(&host, "credit_card", "exp_year", &json!(2040)).len(), 1);
    happens(&host, "customer.source.deleted", t + 6, &renewed);
    assert!(host.records("modules/payments/credit_card").is_empty());

    let account =
        run(&host, "create_account", &json!({ "country": "US", "email": "m@example.com" }));
    let account = account["gateway"]["id"].clone();
    let person = json!({ "account_id": account, "first_name": "Ada" });
    let person = run(&host, "create_person", &person)["gateway"]["id"].clone();
    let verified = json!({ "id": person, "object": "person", "account": account, "first_name": "Ada",
        "verification": { "status": "verified" } });
    happens(&host, "person.updated", t + 5, &verified);
    assert_eq!(found(&host, "person", "state", &json!("verified")).len(), 1);
    happens(&host, "person.deleted", t + 6, &verified);
    assert!(host.records("modules/payments/person").is_empty());
    let left = json!({ "id": "evt_left", "object": "event", "type": "account.application.deauthorized",
        "account": account, "livemode": false, "created": t,
        "data": { "object": { "id": "ca_1", "object": "application" } } });
    super::deliver(&host, &left).expect(200);
    settled(&host);
    assert_eq!(found(&host, "account", "disabled_reason", &json!("deauthorized")).len(), 1);
}

#[test]
fn all_cards_of_a_deleted_customer_go() {
    let host = host();
    let create = "mutation($n: String!) { record_create(record: { table: \"modules/payments/credit_card\", \
        properties: [{ name: \"customer_id\", value: \"cus_many\" }, { name: \"gateway_id\", value: $n }] }) { id } }";
    for n in 0..135 {
        host.graphql(create, &json!({ "n": format!("card_{n}") }));
    }
    happens(&host, "customer.deleted", now(), &json!({ "id": "cus_many", "object": "customer" }));
    assert_eq!(found(&host, "credit_card", "customer_id", &json!("cus_many")).len(), 0);
}

#[test]
fn any_signed_event_is_stored_and_acknowledged() {
    let host = host();
    let kinds = [
        "v2.core.account[requirements].updated",
        "v2.core.account[configuration.merchant].capability_status_updated",
        "v2.core.account_link.returned",
        "billing.meter error",
        "../../x",
        "a\u{0}b",
        "zażółć",
        &"x".repeat(1_000),
    ];
    for (place, kind) in kinds.iter().enumerate() {
        let thin = json!({ "id": format!("evt_thin_{place}"), "object": "v2.core.event", "type": kind,
            "livemode": false, "created": "2026-11-20T12:00:00.000Z",
            "related_object": { "id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1" } });
        super::deliver(&host, &thin).expect(200);
        let again = super::deliver(&host, &thin).expect(200).json();
        assert_eq!(again["duplicate"], true, "{kind}");
    }
    settled(&host);
    let query = "{ executions(kind: \"webhook_event\", per_page: 100) { results { name state } } }";
    let all = host.graphql(query, &json!({}))["executions"]["results"].clone();
    assert_eq!(all.as_array().map(Vec::len), Some(kinds.len()), "{all:#}");
    host.visitor().get("/events").expect(200);
    for broken in
        [json!({ "id": "evt_1" }), json!({ "id": "evt_1", "type": " " }), json!({ "type": "a.b" })]
    {
        super::deliver(&host, &broken).expect(400);
    }
}

#[test]
fn a_thin_event_has_a_processor() {
    let instance =
        crate::support::host::Instance::new().variable("STRIPE_WEBHOOK_SECRET", super::SECRET);
    let partial = "{% graphql r = 'modules/payments/create_payout', gateway_id: event.related_object.id, state: 'paid' %}";
    let path = "modules/stripe/public/views/partials/webhook_processors/v2_core_account_requirements_updated.liquid";
    instance.write(path, partial);
    let host = instance.serve();
    let thin = json!({ "id": "evt_thin", "object": "v2.core.event", "livemode": false,
        "type": "v2.core.account[requirements].updated", "created": "2026-11-20T12:00:00.000Z",
        "related_object": { "id": "acct_thin", "type": "v2.core.account" } });
    super::deliver(&host, &thin).expect(200);
    settled(&host);
    assert_eq!(found(&host, "payout", "gateway_id", &json!("acct_thin")).len(), 1);
}

#[test]
fn a_subscription_never_begins_again() {
    let host = host();
    let t = now();
    let of = |id: &str, status: &str| {
        json!({ "id": id, "object": "subscription", "status": status, "customer": "cus_1",
            "items": { "data": [{ "id": "si_1", "quantity": 1,
                "price": { "id": "price_1", "unit_amount": 900, "currency": "usd" } }] } })
    };
    let created = "customer.subscription.created";
    let updated = "customer.subscription.updated";
    // Stripe sends all of them within one second, in any order.
    for (place, ends, state) in
        [(0, "active", "active"), (1, "trialing", "trialing"), (2, "canceled", "canceled")]
    {
        let id = format!("sub_same{place}");
        happens(&host, updated, t, &of(&id, ends));
        happens(&host, created, t, &of(&id, "incomplete"));
        happens(&host, updated, t, &of(&id, "incomplete"));
        let found = found(&host, "subscription", "gateway_id", &json!(id));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["state"], state);
    }
    let id = json!("sub_later");
    happens(&host, created, t, &of("sub_later", "incomplete"));
    happens(&host, updated, t, &of("sub_later", "active"));
    assert_eq!(found(&host, "subscription", "gateway_id", &id)[0]["state"], "active");
}
