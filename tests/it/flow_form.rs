//! Forms on pages, from the button to the ledger, and everything that a visitor may try.

use crate::support::host::{Instance, TestHost};
use crate::support::html::{flash, form, forms, texts};
use crate::support::http::Visitor;
use serde_json::json;
use sluicegate::form::envelope::Envelope;
use sluicegate_secret::InstanceKey;

const GOOD_CARD: &str = "4242424242424242";
const BAD_CARD: &str = "4000000000000002";
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Presses a button that needs a card, as the popup would; returns the resulting page.
#[track_caller]
fn pay(host: &TestHost, visitor: &mut Visitor, path: &str, button: &str, card: &str) -> String {
    let page = visitor.get(path).expect(200).text();
    let form = form(&page, button);
    let source = form.field("source");
    let email = form.field("email");
    let form = form.with(&source, &host.stripe.token(card)).with(&email, "ada@example.com");
    visitor.submit(&form.action, &form.pairs).expect(200).text()
}

/// Presses a button that needs no input.
#[track_caller]
fn press(visitor: &mut Visitor, path: &str, button: &str) -> String {
    let page = visitor.get(path).expect(200).text();
    let form = form(&page, button);
    visitor.submit(&form.action, &form.pairs).expect(200).text()
}

#[track_caller]
fn assert_flash(page: &str, kind: &str, words: &str) {
    let (shown, text) = flash(page).unwrap_or_else(|| panic!("no flash in {page}"));
    assert_eq!(shown, kind, "{text}");
    assert!(text.to_lowercase().contains(words), "{text}");
}

#[test]
fn a_person_buys_and_sees_the_payment() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = pay(&host, &mut visitor, "/", "buy-mug", GOOD_CARD);
    assert_flash(&page, "notice", "thank you");
    assert_eq!(texts(&page, "payment-state"), ["Paid"]);
    let row = texts(&page, "payment-row").remove(0);
    assert!(row.contains("$16.50") && row.contains("4242") && row.contains("Weir mug"), "{row}");
    let charges = host.stripe.charges();
    assert_eq!(charges.len(), 1);
    assert_eq!((&charges[0]["amount"], &charges[0]["captured"]), (&json!(1650), &json!(true)));
    let record = &host.records("modules/payments/payment")[0]["properties"];
    assert_eq!(record["gateway_id"], charges[0]["id"]);
    assert_eq!(record["email"], "ada@example.com");
    host.stripe.ledger();
    // A flash is shown once.
    assert!(flash(&visitor.get("/payments").text()).is_none());
}

#[test]
fn a_payment_is_refunded_from_the_list() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    pay(&host, &mut visitor, "/", "buy-notebook", GOOD_CARD);
    let page = press(&mut visitor, "/payments", "refund");
    assert_flash(&page, "notice", "refunded");
    assert_eq!(texts(&page, "payment-state"), ["Refunded"]);
    assert!(forms(&page).is_empty(), "there is nothing left to refund");
    assert_eq!(host.stripe.charges()[0]["amount_refunded"], 900);
    let refund = &host.records("modules/payments/refund")[0]["properties"];
    assert_eq!(refund["amount_cents"], 900);
    host.stripe.ledger();
}

#[test]
fn two_steps_authorize_and_capture() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = pay(&host, &mut visitor, "/two-steps", "authorize", GOOD_CARD);
    assert_flash(&page, "notice", "promised");
    assert_eq!(texts(&page, "payment-state"), ["Authorized"]);
    assert_eq!(host.stripe.charges()[0]["captured"], false);
    let page = press(&mut visitor, "/two-steps", "capture");
    assert_flash(&page, "notice", "captured");
    assert_eq!(host.stripe.charges()[0]["captured"], true);
    let page = visitor.get("/payments").text();
    assert_eq!(texts(&page, "payment-state"), ["Paid"]);
    assert_eq!(host.records("modules/payments/payment").len(), 1, "one record, changed");
}

#[test]
fn a_declined_card_is_reported_and_stored_as_failed() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = pay(&host, &mut visitor, "/", "buy-tote", BAD_CARD);
    assert_flash(&page, "alert", "declined");
    let page = visitor.get("/payments").text();
    assert_eq!(texts(&page, "payment-state"), ["Failed"]);
    assert!(host.stripe.charges().iter().all(|charge| charge["paid"] != json!(true)));
    host.stripe.ledger();
}

#[test]
fn a_card_is_saved_and_pays_again() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = pay(&host, &mut visitor, "/customer", "save-card", GOOD_CARD);
    assert_flash(&page, "notice", "saved");
    assert!(texts(&page, "saved-card")[0].contains("4242"), "{page}");
    let page = press(&mut visitor, "/customer", "pay-saved");
    assert_flash(&page, "notice", "thank");
    let charge = &host.stripe.charges()[0];
    let customer = &host.records("modules/payments/customer")[0]["properties"];
    assert_eq!(charge["customer"], customer["gateway_id"]);
    assert_eq!(host.records("modules/payments/credit_card").len(), 1);
    let page = press(&mut visitor, "/customer", "remove-card");
    assert_flash(&page, "notice", "removed");
    assert!(texts(&page, "saved-card").is_empty());
    // Another visitor does not see this visitor's data.
    let stranger = host.visitor().get("/customer").text();
    assert!(!stranger.contains("data-test=\"saved-card\""));
}

#[test]
fn an_account_is_connected_and_paid() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    press(&mut visitor, "/connect", "add-funds");
    let page = press(&mut visitor, "/connect", "create-account");
    assert_flash(&page, "notice", "account");
    let account = host.records("modules/payments/account")[0]["properties"]["gateway_id"].clone();
    let page = press(&mut visitor, "/connect", "transfer");
    assert_flash(&page, "notice", "transfer");
    assert!(texts(&page, "transfer-row")[0].contains("$25"), "{page}");
    assert_eq!(host.stripe.balance(account.as_str().expect("an id")), 2_500);
    press(&mut visitor, "/connect", "refresh-account");
    let record = &host.records("modules/payments/account")[0]["properties"];
    assert_eq!(record["state"], "verified", "{record}");
}

#[test]
fn the_same_form_sent_twice_is_one_charge() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let form = form(&page, "buy-print");
    let source = form.field("source");
    let form = form.with(&source, &host.stripe.token(GOOD_CARD));
    let first = visitor.submit(&form.action, &form.pairs).expect(200).text();
    assert_flash(&first, "notice", "thank you");
    let again = visitor.submit(&form.action, &form.pairs).expect(200).text();
    assert_flash(&again, "notice", "thank you");
    assert_eq!(host.stripe.charges().len(), 1);
    assert_eq!(host.records("modules/payments/payment").len(), 1);
    // Another token in the same form is different data under the same key.
    let form = form.with(&source, &host.stripe.token(GOOD_CARD));
    let other = visitor.submit(&form.action, &form.pairs).expect(200).text();
    assert_flash(&other, "alert", "");
    assert_eq!(host.stripe.charges().len(), 1);
}

#[test]
fn a_double_click_is_one_charge() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200);
    let cookie =
        page.header("set-cookie").expect("a session").split(';').next().unwrap().to_owned();
    let form = form(&page.text(), "buy-print");
    let source = form.field("source");
    let form = form.with(&source, &host.stripe.token(GOOD_CARD));
    let body = crate::support::http::encode(&form.pairs);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let kind = ("Content-Type", "application/x-www-form-urlencoded");
                let headers = [kind, ("Cookie", cookie.as_str()), ("Accept", "text/html")];
                host.send("POST", &form.action, &headers, body.as_bytes()).expect(303);
            });
        }
    });
    assert_eq!(host.stripe.charges().len(), 1);
    assert_eq!(host.records("modules/payments/payment").len(), 1);
}

/// Submits a modified form, and checks that it is refused with a message.
#[track_caller]
fn refused(host: &TestHost, visitor: &mut Visitor, action: &str, pairs: &[(String, String)]) {
    let page = visitor.submit(action, pairs);
    let text = page.text();
    assert_flash(&text, "alert", "nothing was sent");
    assert_eq!(host.stripe.charges().len(), 0, "no money moves: {pairs:?}");
    assert!(host.records("modules/payments/payment").is_empty());
}

#[test]
fn tampered_forms_move_no_money() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let good = form(&page, "buy-mug");
    let source = good.field("source");
    let good = good.with(&source, &host.stripe.token(GOOD_CARD));
    let data = source.trim_end_matches("[source]").to_owned();
    let config = data.replace("[data]", "[config]");
    let signed = good.value("signed");

    let mut tries = Vec::new();
    // A changed value, an added one, and a renamed one.
    tries.push(good.clone().with(&format!("{data}[amount]"), "1"));
    tries.push(good.clone().with(&format!("{data}[currency]"), "jpy"));
    tries.push(good.clone().with(&format!("{data}[destination]"), "acct_thief"));
    tries.push(good.clone().with(&format!("{data}[idempotency_key]"), "again"));
    tries.push(good.clone().with(&format!("{data}[amount][]"), "1"));
    tries.push(good.clone().with(&format!("{config}[request_type]"), "create_transfer"));
    tries.push(good.clone().with(&format!("{config}[success_path]"), "https://evil.example"));
    // The envelope: missing, empty, cut, with a changed text or seal, or of another form.
    tries.push(good.clone().without("signed"));
    tries.push(good.clone().with("signed", ""));
    tries.push(good.clone().with("signed", &signed[..signed.len() - 2]));
    tries.push(good.clone().with("signed", &format!("A{}", &signed[1..])));
    let unsealed = signed.split('.').next().expect("a text");
    tries.push(good.clone().with("signed", unsealed));
    tries.push(good.clone().with("signed", &format!("{unsealed}.")));
    for form in tries {
        refused(&host, &mut visitor, &form.action.clone(), &form.pairs);
    }
    // The untouched form still works.
    let page = visitor.submit(&good.action, &good.pairs).text();
    assert_flash(&page, "notice", "thank you");
}

#[test]
fn an_envelope_of_another_product_counts_for_that_product_only() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let cheap = form(&page, "buy-notebook");
    let dear = form(&page, "buy-print");
    let source = dear.field("source");
    let form =
        dear.with("signed", &cheap.value("signed")).with(&source, &host.stripe.token(GOOD_CARD));
    visitor.submit(&form.action, &form.pairs);
    // It buys the notebook: only the envelope counts.
    assert_eq!(host.stripe.charges()[0]["amount"], 900);
    assert_eq!(host.stripe.charges()[0]["description"], "Towpath notebook");
}

#[test]
fn stale_and_foreign_envelopes_are_refused() {
    let host = Instance::new().variable("SLUICEGATE_SECRET_KEY", KEY).serve();
    let key = InstanceKey::from_hex("KEY", KEY).expect("a key");
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let good = form(&page, "buy-mug");
    let source = good.field("source");
    let good = good.with(&source, &host.stripe.token(GOOD_CARD));
    let now = jiff::Timestamp::now();
    let form_id = good.value("form_id");
    let made = Envelope::open(&good.value("signed"), &form_id, &key, now).expect("opens");
    let stale = Envelope { expires_at: now.as_second() - 1, ..made.clone() }.seal(&key);
    let page = visitor.submit(&good.action, &good.clone().with("signed", &stale).pairs).text();
    assert_flash(&page, "alert", "too old");
    let foreign = made.seal(&InstanceKey::random());
    refused(&host, &mut visitor, &good.action, &good.clone().with("signed", &foreign).pairs);
    let other_form =
        Envelope { form: "modules/payments/payment_form".to_owned(), ..made }.seal(&key);
    refused(&host, &mut visitor, &good.action, &good.clone().with("signed", &other_form).pairs);
}

#[test]
fn without_the_sessions_token_nothing_is_sent() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let good = form(&page, "buy-mug");
    let source = good.field("source");
    let good = good.with(&source, &host.stripe.token(GOOD_CARD));
    refused(&host, &mut visitor, &good.action, &good.clone().without("authenticity_token").pairs);
    refused(&host, &mut visitor, &good.action, &good.clone().with("authenticity_token", "x").pairs);
    // Another visitor's session does not accept this visitor's token.
    let mut stranger = host.visitor();
    stranger.get("/");
    refused(&host, &mut stranger, &good.action, &good.pairs);
    // A form that another site submits in this visitor's browser.
    let body = crate::support::http::encode(&good.pairs);
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    visitor.send("POST", &good.action, &[kind, ("Sec-Fetch-Site", "cross-site")], body.as_bytes());
    assert_eq!(host.stripe.charges().len(), 0);
}

#[test]
fn record_forms_that_are_not_for_visitors_are_closed() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let token = form(&page, "buy-mug").value("authenticity_token");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for name in
        ["modules/payments/create_payment_form", "modules/payments/payment_form", "nothing_form"]
    {
        let pairs = [
            pair("authenticity_token", &token),
            pair("form_id", name),
            pair("form[properties_attributes][state]", "paid"),
            pair("form[properties_attributes][gateway_id]", "ch_forged"),
            pair("form[properties_attributes][amount_cents]", "1"),
            pair("form[properties_attributes][currency]", "usd"),
        ];
        let answer = visitor.post("/api/customizations", &pairs);
        assert!(answer.status >= 400, "{name}: {}", answer.status);
    }
    assert!(host.records("modules/payments/payment").is_empty());
}

#[test]
fn a_visitor_is_never_sent_to_another_site() {
    let host = TestHost::start();
    let mut visitor = host.visitor();
    let page = visitor.get("/").expect(200).text();
    let good = form(&page, "buy-mug");
    for path in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let form = good.clone().without("signed").with("current_path", path);
        let answer = visitor.post(&form.action, &form.pairs);
        let to = answer.header("location").unwrap_or("/").to_owned();
        assert!(!to.contains("evil.example"), "{path} leads to {to}");
    }
}
