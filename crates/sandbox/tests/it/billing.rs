//! Invoices, subscriptions and test clocks.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::{Value, json};

/// 2026-01-31 10:00 UTC.
const JANUARY: i64 = 1_769_853_600;
const DAY: i64 = 86_400;

async fn customer(sandbox: &Sandbox, more: &str) -> String {
    let form = format!("email=a@b.c&source=tok_visa{more}");
    id(&sandbox.post("/v1/customers", &form).await.ok())
}

async fn price(sandbox: &Sandbox, amount: i64, more: &str) -> String {
    let form = format!("currency=usd&unit_amount={amount}&product_data[name]=Tea{more}");
    id(&sandbox.post("/v1/prices", &form).await.ok())
}

async fn clock(sandbox: &Sandbox) -> String {
    let form = format!("frozen_time={JANUARY}&name=one");
    let clock = sandbox.post("/v1/test_helpers/test_clocks", &form).await.ok();
    assert_eq!(clock["status"], "ready");
    id(&clock)
}

async fn advance(sandbox: &Sandbox, clock: &str, to: i64) {
    let path = format!("/v1/test_helpers/test_clocks/{clock}");
    let answer = sandbox.post(&format!("{path}/advance"), &format!("frozen_time={to}")).await.ok();
    assert_eq!(answer["status"], "advancing");
    let after = sandbox.get(&path).await.ok();
    assert_eq!((&after["status"], &after["frozen_time"]), (&json!("ready"), &json!(to)));
}

async fn invoices(sandbox: &Sandbox, subscription: &str) -> Vec<Value> {
    let list = sandbox.get(&format!("/v1/invoices?subscription={subscription}")).await.ok();
    list["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_invoice_has_discounts_taxes_and_is_paid() {
    let sandbox = Sandbox::settling().await;
    let customer = customer(&sandbox, "").await;
    let form = "display_name=VAT&percentage=20&inclusive=false";
    let rate = id(&sandbox.post("/v1/tax_rates", form).await.ok());
    sandbox.post("/v1/coupons", "percent_off=10&id=TEN").await.ok();
    let form = format!(
        "customer={customer}&default_tax_rates[]={rate}&discounts[0][coupon]=TEN&metadata[a]=1"
    );
    let invoice = sandbox.post("/v1/invoices", &form).await.ok();
    let path = format!("/v1/invoices/{}", id(&invoice));
    let item = format!("customer={customer}&invoice={}&amount=999&currency=usd", id(&invoice));
    sandbox.post("/v1/invoiceitems", &item).await.ok();
    let item = format!("{item}&description=Cup");
    let cup = sandbox.post("/v1/invoiceitems", &item).await.ok();
    let draft = sandbox.get(&path).await.ok();
    // 1998, less 10 % (200), and 20 % of each line's rest (180 + 180).
    assert_eq!((&draft["subtotal"], &draft["total"]), (&json!(1_998), &json!(2_158)));
    assert_eq!(draft["total_discount_amounts"][0]["amount"], 200);
    assert_eq!(draft["total_taxes"][0]["amount"], 360);
    assert_eq!(draft["lines"]["data"].as_array().unwrap().len(), 2);
    sandbox.delete(&format!("/v1/invoiceitems/{}", id(&cup))).await.ok();
    let finalized = sandbox.post(&format!("{path}/finalize"), "").await.ok();
    assert_eq!((&finalized["status"], &finalized["total"]), (&json!("open"), &json!(1_079)));
    assert!(finalized["number"].as_str().unwrap().ends_with("-0001"));
    let refused = sandbox.post(&format!("{path}/finalize"), "").await.refused(400);
    assert_eq!(refused["code"], "invoice_not_editable");
    let paid = sandbox.post(&format!("{path}/pay?expand[]=payments"), "").await.ok();
    assert_eq!((&paid["status"], &paid["amount_paid"]), (&json!("paid"), &json!(1_079)));
    assert_eq!(paid["payments"]["data"][0]["amount_paid"], 1_079);
    // 2.9 % and 30 of 1079.
    assert_eq!(sandbox.balance(PLATFORM).await, (1_079 - 61, 0));
    assert_eq!(sandbox.ledger().await["balanced"], true);
    sandbox.post(&format!("{path}/pay"), "").await.refused(400);
    sandbox.delete(&path).await.refused(400);
}

#[tokio::test]
async fn taxes_can_be_inside_and_balances_pay() {
    let sandbox = Sandbox::settling().await;
    let customer = customer(&sandbox, "").await;
    let form = "display_name=VAT&percentage=20&inclusive=true";
    let rate = id(&sandbox.post("/v1/tax_rates", form).await.ok());
    let credit = format!("/v1/customers/{customer}/balance_transactions");
    sandbox.post(&credit, "amount=-500&currency=usd").await.ok();
    let price = price(&sandbox, 600, "").await;
    let item = format!("customer={customer}&pricing[price]={price}&quantity=2&tax_rates[]={rate}");
    sandbox.post("/v1/invoiceitems", &item).await.ok();
    let form = format!("customer={customer}&pending_invoice_items_behavior=include");
    let invoice = sandbox.post("/v1/invoices", &form).await.ok();
    assert_eq!(
        (&invoice["total"], &invoice["total_excluding_tax"]),
        (&json!(1_200), &json!(1_000))
    );
    let line = &invoice["lines"]["data"][0];
    assert_eq!(line["taxes"][0]["amount"], 200);
    assert_eq!(line["pricing"]["price_details"]["price"], price);
    let path = format!("/v1/invoices/{}", id(&invoice));
    let open = sandbox.post(&format!("{path}/finalize"), "").await.ok();
    assert_eq!((&open["starting_balance"], &open["ending_balance"]), (&json!(-500), &json!(0)));
    assert_eq!(open["amount_due"], 700);
    let void = sandbox.post(&format!("{path}/void"), "").await.ok();
    assert_eq!(void["status"], "void");
    let owner = sandbox.get(&format!("/v1/customers/{customer}")).await.ok();
    assert_eq!(owner["balance"], -500, "a voided invoice gives the balance back");
    let add = "lines[0][amount]=300&lines[0][description]=Extra";
    let draft = format!("customer={customer}&collection_method=send_invoice&days_until_due=7");
    let draft = sandbox.post("/v1/invoices", &draft).await.ok();
    let path = format!("/v1/invoices/{}", id(&draft));
    let more = sandbox.post(&format!("{path}/add_lines"), add).await.ok();
    assert_eq!(more["total"], 300);
    let line = id(&more["lines"]["data"][0]);
    let change = format!("lines[0][id]={line}&lines[0][amount]=400");
    assert_eq!(sandbox.post(&format!("{path}/update_lines"), &change).await.ok()["total"], 400);
    let sent = sandbox.post(&format!("{path}/send"), "").await.ok();
    assert_eq!((&sent["status"], &sent["amount_due"]), (&json!("paid"), &json!(0)));
    let events = sandbox.event_types(PLATFORM).await;
    for kind in ["invoice.voided", "invoice.sent", "invoice.paid", "invoice.finalized"] {
        assert!(events.contains(&kind.to_owned()), "{kind}");
    }
}

#[tokio::test]
async fn a_subscription_renews_by_its_test_clock() {
    let sandbox = Sandbox::settling().await;
    let clock = clock(&sandbox).await;
    let customer = customer(&sandbox, &format!("&test_clock={clock}")).await;
    let price = price(&sandbox, 1_500, "&recurring[interval]=month").await;
    let form = format!("customer={customer}&items[0][price]={price}&items[0][quantity]=2");
    let subscription =
        sandbox.post("/v1/subscriptions", &format!("{form}&expand[]=latest_invoice")).await.ok();
    assert_eq!(subscription["status"], "active");
    assert_eq!(subscription["latest_invoice"]["total"], 3_000);
    assert_eq!(subscription["latest_invoice"]["status"], "paid");
    let item = &subscription["items"]["data"][0];
    let february = JANUARY + 28 * DAY;
    assert_eq!(item["current_period_end"], february, "January 31 to February 28");
    let sub = id(&subscription);
    advance(&sandbox, &clock, february).await;
    let renewed = invoices(&sandbox, &sub).await;
    assert_eq!((renewed.len(), &renewed[0]["status"]), (2, &json!("draft")));
    advance(&sandbox, &clock, february + 3_600).await;
    let renewed = invoices(&sandbox, &sub).await;
    assert_eq!(
        (&renewed[0]["status"], &renewed[0]["amount_paid"]),
        (&json!("paid"), &json!(3_000))
    );
    let now = sandbox.get(&format!("/v1/subscriptions/{sub}")).await.ok();
    assert_eq!(now["items"]["data"][0]["current_period_end"], JANUARY + 59 * DAY, "March 31");
    let path = format!("/v1/subscriptions/{sub}");
    let path_of_owner = format!("/v1/customers/{customer}?expand[]=subscriptions");
    let owner = sandbox.get(&path_of_owner).await.ok();
    assert_eq!(owner["subscriptions"]["data"][0]["id"], sub);
    sandbox.post(&path, "cancel_at_period_end=true").await.ok();
    advance(&sandbox, &clock, JANUARY + 60 * DAY).await;
    let ended = sandbox.get(&path).await.ok();
    assert_eq!(
        (&ended["status"], &ended["ended_at"]),
        (&json!("canceled"), &json!(JANUARY + 59 * DAY))
    );
    assert_eq!(sandbox.get("/v1/subscriptions").await.ok()["data"], json!([]));
    assert_eq!(sandbox.ledger().await["balanced"], true);
}

#[tokio::test]
async fn a_failed_renewal_is_retried_and_ends_the_subscription() {
    let sandbox = Sandbox::settling().await;
    let clock = clock(&sandbox).await;
    let customer = customer(&sandbox, &format!("&test_clock={clock}")).await;
    let price = price(&sandbox, 1_500, "&recurring[interval]=month").await;
    let form = format!("customer={customer}&items[0][price]={price}");
    let sub = id(&sandbox.post("/v1/subscriptions", &form).await.ok());
    let path = format!("/v1/subscriptions/{sub}");
    let card = format!("/v1/customers/{customer}");
    sandbox.post(&card, "source=tok_chargeCustomerFail").await.ok();
    let due = JANUARY + 28 * DAY + 3_600;
    advance(&sandbox, &clock, due).await;
    assert_eq!(sandbox.get(&path).await.ok()["status"], "past_due");
    let failed = &invoices(&sandbox, &sub).await[0];
    assert_eq!((&failed["status"], &failed["attempt_count"]), (&json!("open"), &json!(1)));
    assert_eq!(failed["next_payment_attempt"], due + 3 * DAY);
    // A new card, and the customer is paid up again.
    let pay = format!("/v1/invoices/{}/pay", id(failed));
    sandbox.post(&pay, "").await.refused(402);
    sandbox.post(&card, "source=tok_visa").await.ok();
    assert_eq!(sandbox.post(&pay, "").await.ok()["status"], "paid");
    assert_eq!(sandbox.get(&path).await.ok()["status"], "active");
    sandbox.post(&card, "source=tok_chargeCustomerFail").await.ok();
    advance(&sandbox, &clock, JANUARY + 90 * DAY).await;
    let ended = sandbox.get(&path).await.ok();
    assert_eq!(ended["status"], "canceled");
    assert_eq!(ended["cancellation_details"]["reason"], "payment_failed");
    let events = sandbox.event_types(PLATFORM).await;
    let failures = events.iter().filter(|kind| *kind == "invoice.payment_failed").count();
    assert_eq!(failures, 2 + 4, "one, one by hand, and four of the next month");
}

#[tokio::test]
async fn trials_prorations_and_incomplete_subscriptions() {
    let sandbox = Sandbox::settling().await;
    let clock = clock(&sandbox).await;
    let customer = customer(&sandbox, &format!("&test_clock={clock}")).await;
    let cheap = price(&sandbox, 1_000, "&recurring[interval]=month").await;
    let dear = price(&sandbox, 3_000, "&recurring[interval]=month").await;
    let form = format!("customer={customer}&items[0][price]={cheap}&trial_period_days=14");
    let trial = sandbox.post("/v1/subscriptions", &form).await.ok();
    assert_eq!(
        (&trial["status"], &trial["trial_end"]),
        (&json!("trialing"), &json!(JANUARY + 14 * DAY))
    );
    let sub = id(&trial);
    assert_eq!(invoices(&sandbox, &sub).await[0]["total"], 0);
    advance(&sandbox, &clock, JANUARY + 15 * DAY).await;
    let path = format!("/v1/subscriptions/{sub}");
    let active = sandbox.get(&path).await.ok();
    assert_eq!(active["status"], "active");
    assert_eq!(invoices(&sandbox, &sub).await[0]["amount_paid"], 1_000);
    assert!(
        sandbox
            .event_types(PLATFORM)
            .await
            .contains(&"customer.subscription.trial_will_end".into())
    );

    // Half of the period is left: 28 days from February 14.
    advance(&sandbox, &clock, JANUARY + 28 * DAY).await;
    let item = id(&active["items"]["data"][0]);
    let change =
        format!("items[0][id]={item}&items[0][price]={dear}&proration_behavior=always_invoice");
    sandbox.post(&path, &change).await.ok();
    let prorated = &invoices(&sandbox, &sub).await[0];
    assert_eq!(
        (&prorated["total"], &prorated["billing_reason"]),
        (&json!(1_000), &json!("subscription_update"))
    );
    let lines: Vec<i64> = prorated["lines"]["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["amount"].as_i64().unwrap())
        .collect();
    assert_eq!(lines, [1_500, -500].iter().rev().copied().collect::<Vec<_>>());
    let preview = format!("subscription={sub}");
    let preview = sandbox.post("/v1/invoices/create_preview", &preview).await.ok();
    assert_eq!(preview["total"], 3_000);
    let count = invoices(&sandbox, &sub).await.len();
    assert_eq!(count, 3, "a preview is not stored");

    let poor = id(&sandbox.post("/v1/customers", "source=tok_chargeCustomerFail").await.ok());
    let form = format!("customer={poor}&items[0][price]={cheap}");
    let incomplete = sandbox.post("/v1/subscriptions", &form).await.ok();
    assert_eq!(incomplete["status"], "incomplete");
    let strict = format!("{form}&payment_behavior=error_if_incomplete");
    sandbox.post("/v1/subscriptions", &strict).await.refused(402);
    sandbox.control("/clock", json!({"hours": 24})).await.ok();
    let path = format!("/v1/subscriptions/{}", id(&incomplete));
    assert_eq!(sandbox.get(&path).await.ok()["status"], "incomplete_expired");
    assert_eq!(sandbox.ledger().await["balanced"], true);
}

#[tokio::test]
async fn items_of_a_subscription_change_it() {
    let sandbox = Sandbox::settling().await;
    let customer = customer(&sandbox, "").await;
    let monthly = price(&sandbox, 1_000, "&recurring[interval]=month").await;
    let yearly = price(&sandbox, 9_000, "&recurring[interval]=year").await;
    let form = format!("customer={customer}&items[0][price]={monthly}");
    let sub = id(&sandbox.post("/v1/subscriptions", &form).await.ok());
    let mixed = format!("{form}&items[1][price]={yearly}");
    sandbox.post("/v1/subscriptions", &mixed).await.refused(400);
    let once = price(&sandbox, 500, "").await;
    let wrong = format!("customer={customer}&items[0][price]={once}");
    let refused = sandbox.post("/v1/subscriptions", &wrong).await.refused(400);
    assert!(refused["message"].as_str().unwrap().contains("type=recurring"));
    let other = price(&sandbox, 700, "&recurring[interval]=month").await;
    let added = format!("subscription={sub}&price={other}&proration_behavior=none");
    let item = sandbox.post("/v1/subscription_items", &added).await.ok();
    assert_eq!(item["price"]["id"], other);
    let list = sandbox.get(&format!("/v1/subscription_items?subscription={sub}")).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let path = format!("/v1/subscription_items/{}", id(&item));
    let more = sandbox.post(&path, "quantity=3&proration_behavior=none").await.ok();
    assert_eq!(more["quantity"], 3);
    sandbox.delete(&format!("{path}?proration_behavior=none")).await.ok();
    sandbox.get(&path).await.refused(404);
    let canceled = sandbox.delete(&format!("/v1/subscriptions/{sub}")).await.ok();
    assert_eq!(canceled["status"], "canceled");
    let all = sandbox.get("/v1/subscriptions?status=all").await.ok();
    assert_eq!(all["data"][0]["id"], sub);
    // Months go by with the sandbox's own clock too.
    let sub = id(&sandbox.post("/v1/subscriptions", &form).await.ok());
    sandbox.control("/clock", json!({"days": 65})).await.ok();
    let paid = invoices(&sandbox, &sub).await;
    assert_eq!(paid.len(), 3);
    assert!(paid.iter().all(|invoice| invoice["status"] == "paid"), "{paid:#?}");
}

#[tokio::test]
async fn credit_notes_take_off_and_give_back() {
    let sandbox = Sandbox::settling().await;
    let customer = customer(&sandbox, "").await;
    let invoice = async |amount: i64| {
        let made = sandbox.post("/v1/invoices", &format!("customer={customer}")).await.ok();
        let item =
            format!("customer={customer}&invoice={}&amount={amount}&currency=usd", id(&made));
        sandbox.post("/v1/invoiceitems", &item).await.ok();
        let path = format!("/v1/invoices/{}/finalize", id(&made));
        id(&sandbox.post(&path, "").await.ok())
    };
    let open = invoice(1_000).await;
    let path = format!("/v1/invoices/{open}");
    let preview = format!("/v1/credit_notes/preview?invoice={open}&amount=400");
    assert_eq!(sandbox.get(&preview).await.ok()["pre_payment_amount"], 400);
    assert_eq!(sandbox.get(&path).await.ok()["amount_due"], 1_000, "a preview changes nothing");
    let form = format!("invoice={open}&amount=400&reason=duplicate");
    let note = sandbox.post("/v1/credit_notes", &form).await.ok();
    assert!(note["number"].as_str().unwrap().ends_with("-CN-01"));
    assert_eq!(sandbox.get(&path).await.ok()["amount_due"], 600);
    sandbox.post("/v1/credit_notes", &format!("invoice={open}&amount=601")).await.refused(400);
    let lines = sandbox.get(&format!("/v1/credit_notes/{}/lines", id(&note))).await.ok();
    assert_eq!(lines["data"][0]["amount"], 400);
    sandbox.post(&format!("/v1/credit_notes/{}/void", id(&note)), "").await.ok();
    assert_eq!(sandbox.post(&format!("{path}/pay"), "").await.ok()["amount_paid"], 1_000);

    let form = format!("invoice={open}&amount=500&refund_amount=300&credit_amount=200");
    let note = sandbox.post("/v1/credit_notes", &form).await.ok();
    assert_eq!(
        (&note["type"], &note["refunds"][0]["amount_refunded"]),
        (&json!("post_payment"), &json!(300))
    );
    let owner = sandbox.get(&format!("/v1/customers/{customer}")).await.ok();
    assert_eq!(owner["balance"], -200);
    let refunds = sandbox.get("/v1/refunds").await.ok();
    assert_eq!(refunds["data"][0]["amount"], 300);
    assert_eq!(sandbox.ledger().await["balanced"], true);
}

#[tokio::test]
async fn a_quote_becomes_a_subscription() {
    let sandbox = Sandbox::settling().await;
    let customer = customer(&sandbox, "").await;
    let price = price(&sandbox, 1_200, "&recurring[interval]=month").await;
    let form =
        format!("customer={customer}&line_items[0][price]={price}&line_items[0][quantity]=2");
    let quote = sandbox.post("/v1/quotes", &form).await.ok();
    assert_eq!((&quote["status"], &quote["amount_total"]), (&json!("draft"), &json!(2_400)));
    let path = format!("/v1/quotes/{}", id(&quote));
    sandbox.post(&format!("{path}/accept"), "").await.refused(400);
    assert_eq!(sandbox.post(&format!("{path}/finalize"), "").await.ok()["status"], "open");
    let accepted = sandbox.post(&format!("{path}/accept"), "").await.ok();
    assert_eq!(accepted["status"], "accepted");
    let sub = format!("/v1/subscriptions/{}", accepted["subscription"].as_str().unwrap());
    let sub = sandbox.get(&sub).await.ok();
    assert_eq!(
        (&sub["status"], &sub["items"]["data"][0]["quantity"]),
        (&json!("active"), &json!(2))
    );
    let items = sandbox.get(&format!("{path}/line_items")).await.ok();
    assert_eq!(items["data"][0]["amount_total"], 2_400);
    let portal =
        sandbox.post("/v1/billing_portal/sessions", &format!("customer={customer}")).await.ok();
    let configuration = portal["configuration"].as_str().unwrap();
    let path = format!("/v1/billing_portal/configurations/{configuration}");
    assert_eq!(sandbox.get(&path).await.ok()["is_default"], true);
}

#[tokio::test]
async fn a_default_incomplete_subscription_is_paid_by_its_intent() {
    let sandbox = Sandbox::settling().await;
    let customer = id(&sandbox.post("/v1/customers", "email=a@b.c").await.ok());
    let price = price(&sandbox, 1_500, "&recurring[interval]=month").await;
    let form = format!(
        "customer={customer}&items[0][price]={price}&payment_behavior=default_incomplete\
        &expand[]=latest_invoice.confirmation_secret"
    );
    let subscription = sandbox.post("/v1/subscriptions", &form).await.ok();
    assert_eq!(subscription["status"], "incomplete");
    let secret = subscription["latest_invoice"]["confirmation_secret"]["client_secret"].as_str();
    let intent = secret.unwrap().split("_secret_").next().unwrap().to_owned();
    let confirm = format!("/v1/payment_intents/{intent}/confirm");
    let paid =
        sandbox.post(&confirm, "payment_method=pm_card_visa&return_url=https://x.y").await.ok();
    assert_eq!((&paid["status"], &paid["amount"]), (&json!("succeeded"), &json!(1_500)));
    let path = format!("/v1/subscriptions/{}?expand[]=latest_invoice", id(&subscription));
    let active = sandbox.get(&path).await.ok();
    assert_eq!(active["status"], "active");
    assert_eq!(active["latest_invoice"]["status"], "paid");
    assert_eq!(sandbox.ledger().await["balanced"], true);
}

#[tokio::test]
async fn a_paused_collection_voids_or_gives_up_its_invoices() {
    let sandbox = Sandbox::settling().await;
    for (behavior, status) in [("void", "void"), ("mark_uncollectible", "uncollectible")] {
        let clock = clock(&sandbox).await;
        let customer = customer(&sandbox, &format!("&test_clock={clock}")).await;
        let price = price(&sandbox, 1_500, "&recurring[interval]=month").await;
        let form = format!("customer={customer}&items[0][price]={price}");
        let sub = id(&sandbox.post("/v1/subscriptions", &form).await.ok());
        let form = format!("pause_collection[behavior]={behavior}");
        sandbox.post(&format!("/v1/subscriptions/{sub}"), &form).await.ok();
        advance(&sandbox, &clock, JANUARY + 62 * DAY).await;
        let found = invoices(&sandbox, &sub).await;
        let statuses: Vec<_> = found.iter().map(|one| one["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, [status, status, "paid"]);
        let now = sandbox.get(&format!("/v1/subscriptions/{sub}")).await.ok();
        assert_eq!(now["status"], "active");
    }
    assert_eq!(sandbox.ledger().await["balanced"], true);
}

#[tokio::test]
async fn a_trial_without_a_way_to_pay_ends_as_it_was_told() {
    let sandbox = Sandbox::settling().await;
    let end = "trial_settings[end_behavior][missing_payment_method]";
    for (behavior, method, status) in [
        ("cancel", "", "canceled"),
        ("pause", "", "paused"),
        ("create_invoice", "", "active"),
        ("cancel", "&source=tok_visa", "active"),
    ] {
        let clock = clock(&sandbox).await;
        let form = format!("email=a@b.c&test_clock={clock}{method}");
        let customer = id(&sandbox.post("/v1/customers", &form).await.ok());
        let price = price(&sandbox, 1_500, "&recurring[interval]=month").await;
        let form = format!("customer={customer}&items[0][price]={price}&trial_period_days=14");
        let form = format!("{form}&{end}={behavior}");
        let sub = id(&sandbox.post("/v1/subscriptions", &form).await.ok());
        advance(&sandbox, &clock, JANUARY + 14 * DAY + 60).await;
        let now = sandbox.get(&format!("/v1/subscriptions/{sub}")).await.ok();
        assert_eq!(now["status"], status, "{behavior} {method}");
        let expected = if status == "active" { 2 } else { 1 };
        assert_eq!(invoices(&sandbox, &sub).await.len(), expected, "{behavior} {method}");
        if status == "paused" {
            let path = format!("/v1/subscriptions/{sub}/resume");
            assert_eq!(sandbox.post(&path, "").await.ok()["status"], "active");
        }
    }
}

#[tokio::test]
async fn a_clock_moves_many_subscriptions_over_two_years() {
    let sandbox = Sandbox::settling().await;
    let clock = clock(&sandbox).await;
    let price = price(&sandbox, 1_500, "&recurring[interval]=month").await;
    let mut all = Vec::new();
    for _ in 0..30 {
        let customer = customer(&sandbox, &format!("&test_clock={clock}")).await;
        let form = format!("customer={customer}&items[0][price]={price}");
        all.push(id(&sandbox.post("/v1/subscriptions", &form).await.ok()));
    }
    advance(&sandbox, &clock, JANUARY + 730 * DAY).await;
    for sub in all {
        let list = format!("/v1/invoices?subscription={sub}&limit=100");
        let found = sandbox.get(&list).await.ok();
        assert_eq!(found["data"].as_array().unwrap().len(), 25);
    }
    assert_eq!(sandbox.ledger().await["balanced"], true);
}
