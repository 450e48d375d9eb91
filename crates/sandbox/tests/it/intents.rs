//! Payment intents: payment, declines, 3-D Secure, capture, cancellation, money.

use super::client::{Answer, PLATFORM, Sandbox, id, send};
use reqwest::Method;
use serde_json::{Value, json};

const INTENTS: &str = "/v1/payment_intents";
const CARD: &str = "amount=2000&currency=usd&payment_method_types[]=card";

fn confirmed(method: &str) -> String {
    format!("{CARD}&confirm=true&payment_method={method}")
}

fn of(intent: &Value, operation: &str) -> String {
    let path = format!("{INTENTS}/{}/{operation}", id(intent));
    path.trim_end_matches('/').to_owned()
}

/// Answers the page of a 3-D Secure or redirect, as the customer does.
async fn act(url: &str, outcome: &str) -> Answer {
    let secret = url.split("client_secret=").nth(1).unwrap();
    let body = format!("client_secret={secret}&outcome={outcome}");
    let form = "application/x-www-form-urlencoded";
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.no_proxy().build().unwrap();
    send(client.post(url).header("content-type", form).body(body)).await
}

#[tokio::test]
async fn a_card_pays_at_once() {
    let sandbox = Sandbox::old(false).await;
    let form = confirmed("pm_card_visa") + "&metadata[order]=7&description=Tea&receipt_email=a@b.c";
    let intent = sandbox.post(INTENTS, &form).await.ok();
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(intent["amount_received"], 2000);
    assert_eq!(intent["charges"]["data"][0]["id"], intent["latest_charge"], "an old version");
    let charge = intent["latest_charge"].as_str().unwrap();
    let path = format!("/v1/charges/{charge}?expand[]=balance_transaction");
    let charge = sandbox.get(&path).await.ok();
    assert_eq!(charge["payment_intent"], intent["id"]);
    assert_eq!(charge["metadata"], json!({"order": "7"}));
    assert_eq!(charge["payment_method_details"]["card"]["last4"], "4242");
    assert_eq!(charge["balance_transaction"]["net"], 1912);
    assert!(!charge.to_string().contains("\"_"), "hidden fields stay hidden");
    let told = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"];
    assert_eq!(sandbox.event_types(PLATFORM).await, told);
    let newest = [("stripe-version", "2026-08-26.dahlia")];
    let intent = sandbox.post_with(INTENTS, &confirmed("pm_card_visa"), &newest).await.ok();
    assert!(intent.get("charges").is_none() && intent.get("invoice").is_none());
    assert_eq!(intent["capture_method"], "automatic_async");
}

#[tokio::test]
async fn an_intent_goes_through_its_states() {
    let sandbox = Sandbox::old(false).await;
    let intent = sandbox.post(INTENTS, CARD).await.ok();
    assert_eq!(intent["status"], "requires_payment_method");
    let early = sandbox.post(&of(&intent, "confirm"), "").await.refused(400);
    assert_eq!(early["code"], "payment_intent_unexpected_state");
    assert_eq!(early["payment_intent"]["id"], intent["id"]);
    let form = "payment_method=pm_card_mastercard&amount=2500";
    let updated = sandbox.post(&of(&intent, ""), form).await.ok();
    assert_eq!(
        (&updated["status"], &updated["amount"]),
        (&json!("requires_confirmation"), &json!(2500))
    );
    let paid = sandbox.post(&of(&intent, "confirm"), "").await.ok();
    assert_eq!((&paid["status"], &paid["amount_received"]), (&json!("succeeded"), &json!(2500)));
    for (operation, form, words) in [
        ("confirm", "", "because it has already succeeded"),
        ("capture", "", "has already been captured"),
        ("cancel", "", "because it has a status of succeeded"),
        ("", "amount=700", "amount could not be updated"),
        ("increment_authorization", "amount=9000", "cannot be incremented"),
    ] {
        let refused = sandbox.post(&of(&intent, operation), form).await.refused(400);
        assert_eq!(refused["code"], "payment_intent_unexpected_state", "{operation}");
        assert!(refused["message"].as_str().unwrap().contains(words), "{}", refused["message"]);
        assert_eq!(refused["payment_intent"]["status"], "succeeded");
    }
    let list = sandbox.get(INTENTS).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_decline_shows_the_intent() {
    let sandbox = Sandbox::old(false).await;
    for (name, code, decline_code) in [
        ("pm_card_visa_chargeDeclined", "card_declined", json!("generic_decline")),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            json!("insufficient_funds"),
        ),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", json!(null)),
        ("pm_card_chargeCustomerFail", "card_declined", json!("generic_decline")),
        ("pm_card_radarBlock", "card_declined", json!("fraudulent")),
    ] {
        let error = sandbox.post(INTENTS, &confirmed(name)).await.refused(402);
        assert_eq!(
            (&error["code"], &error["decline_code"]),
            (&json!(code), &decline_code),
            "{name}"
        );
        let intent = &error["payment_intent"];
        assert_eq!(intent["status"], "requires_payment_method");
        assert_eq!(intent["payment_method"], json!(null));
        assert_eq!(intent["last_payment_error"]["code"], code);
        assert_eq!(
            intent["last_payment_error"]["payment_method"]["id"],
            error["payment_method"]["id"]
        );
        assert_eq!(intent["latest_charge"], error["charge"]);
        assert!(!error.to_string().contains("\"_"), "{error:#}");
        let charge = error["charge"].as_str().unwrap();
        let charge = sandbox.get(&format!("/v1/charges/{charge}")).await.ok();
        assert_eq!((&charge["status"], &charge["failure_code"]), (&json!("failed"), &json!(code)));
        let again = format!("{INTENTS}/{}/confirm", id(intent));
        let paid = sandbox.post(&again, "payment_method=pm_card_visa").await.ok();
        assert_eq!(
            (&paid["status"], &paid["last_payment_error"]),
            (&json!("succeeded"), &json!(null))
        );
    }
    let told = sandbox.event_types(PLATFORM).await;
    assert_eq!(
        told[..3],
        ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    );
}

#[tokio::test]
async fn an_authorization_is_captured_in_full_in_part_and_in_parts() {
    let sandbox = Sandbox::old(true).await;
    let held = confirmed("pm_card_visa") + "&capture_method=manual";
    let intent = sandbox.post(INTENTS, &held).await.ok();
    assert_eq!(
        (&intent["status"], &intent["amount_capturable"], &intent["amount_received"]),
        (&json!("requires_capture"), &json!(2000), &json!(0))
    );
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 0));
    let over = sandbox.post(&of(&intent, "capture"), "amount_to_capture=2001").await.refused(400);
    assert_eq!(over["code"], "amount_too_large");
    let part = sandbox.post(&of(&intent, "capture"), "amount_to_capture=1200").await.ok();
    assert_eq!(
        (&part["status"], &part["amount_capturable"], &part["amount_received"]),
        (&json!("succeeded"), &json!(0), &json!(1200))
    );
    assert_eq!(sandbox.balance(PLATFORM).await, (1200 - 65, 0));
    let charge = part["latest_charge"].as_str().unwrap();
    let charge = sandbox.get(&format!("/v1/charges/{charge}")).await.ok();
    assert_eq!(
        (&charge["amount_captured"], &charge["amount_refunded"]),
        (&json!(1200), &json!(800)),
        "the rest is released"
    );
    let intent = sandbox.post(INTENTS, &held).await.ok();
    let held_charge = intent["latest_charge"].as_str().unwrap();
    let capture = sandbox.post(&format!("/v1/charges/{held_charge}/capture"), "").await;
    assert!(
        capture.refused(400)["message"].as_str().unwrap().contains("capture the PaymentIntent")
    );
    let refund = sandbox.post("/v1/refunds", &format!("charge={held_charge}")).await;
    assert_eq!(refund.refused(400)["code"], "charge_not_refundable");
    let form = "amount_to_capture=500&final_capture=false";
    let first = sandbox.post(&of(&intent, "capture"), form).await.ok();
    assert_eq!(
        (&first["status"], &first["amount_capturable"], &first["amount_received"]),
        (&json!("requires_capture"), &json!(1500), &json!(500))
    );
    let last = sandbox.post(&of(&intent, "capture"), "").await.ok();
    assert_eq!(
        (&last["status"], &last["amount_capturable"], &last["amount_received"]),
        (&json!("succeeded"), &json!(0), &json!(2000))
    );
    let fees = (500 * 29 + 500) / 1000 + 30 + (1500 * 29 + 500) / 1000 + 30;
    assert_eq!(sandbox.balance(PLATFORM).await, (1200 - 65 + 2000 - fees, 0));
}

#[tokio::test]
async fn an_authorization_is_raised_canceled_or_expires() {
    let sandbox = Sandbox::old(false).await;
    let held = confirmed("pm_card_visa") + "&capture_method=manual";
    let intent = sandbox.post(INTENTS, &held).await.ok();
    let raised = sandbox.post(&of(&intent, "increment_authorization"), "amount=2600").await.ok();
    assert_eq!((&raised["amount"], &raised["amount_capturable"]), (&json!(2600), &json!(2600)));
    let form = "cancellation_reason=duplicate";
    let canceled = sandbox.post(&of(&intent, "cancel"), form).await.ok();
    assert_eq!(
        (&canceled["status"], &canceled["cancellation_reason"], &canceled["amount_capturable"]),
        (&json!("canceled"), &json!("duplicate"), &json!(0))
    );
    let charge = canceled["latest_charge"].as_str().unwrap();
    let charge = sandbox.get(&format!("/v1/charges/{charge}")).await.ok();
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&json!(true), &json!(2600)));
    assert_eq!(sandbox.balance(PLATFORM).await, (0, 0));
    let refused =
        sandbox.post(&of(&intent, "cancel"), "cancellation_reason=abandoned").await.refused(400);
    assert_eq!(refused["code"], "payment_intent_unexpected_state");
    let intent = sandbox.post(INTENTS, &held).await.ok();
    sandbox.control("/clock", json!({"days": 8})).await.ok();
    let expired = sandbox.get(&of(&intent, "")).await.ok();
    assert_eq!(
        (&expired["status"], &expired["cancellation_reason"]),
        (&json!("canceled"), &json!("automatic"))
    );
    let told = sandbox.event_types(PLATFORM).await;
    assert!(
        told.ends_with(&["charge.expired".into(), "payment_intent.canceled".into()]),
        "{told:?}"
    );
}

#[tokio::test]
async fn three_d_secure_by_redirect() {
    let sandbox = Sandbox::old(false).await;
    for name in ["authenticationRequired", "threeDSecure2Required", "authenticationRequiredOnSetup"]
    {
        let form =
            confirmed(&format!("pm_card_{name}")) + "&return_url=https://shop.example/back?x=1";
        let intent = sandbox.post(INTENTS, &form).await.ok();
        assert_eq!(intent["status"], "requires_action", "{name}");
        let redirect = &intent["next_action"]["redirect_to_url"];
        assert_eq!(redirect["return_url"], "https://shop.example/back?x=1");
        let url = redirect["url"].as_str().unwrap();
        let page = send(sandbox.http.get(url)).await;
        assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
        assert!(page.body.as_str().unwrap().contains("Complete authentication"));
        send(sandbox.http.get(url.replace("_secret_", "_secret_x"))).await.refused_page(404);
        let answer = act(url, "complete").await;
        assert_eq!(answer.status, 303);
        let back = answer.header("location").unwrap();
        assert!(back.starts_with("https://shop.example/back?x=1&payment_intent=pi_"), "{back}");
        assert!(back.ends_with("&redirect_status=succeeded"), "{back}");
        let paid = sandbox.get(&of(&intent, "")).await.ok();
        assert_eq!((&paid["status"], &paid["next_action"]), (&json!("succeeded"), &json!(null)));
        let secure = &paid["charges"]["data"][0]["payment_method_details"]["card"];
        assert_eq!(secure["three_d_secure"]["result"], "authenticated");
    }
    let form = confirmed("pm_card_authenticationRequired") + "&use_stripe_sdk=true";
    let intent = sandbox.post(INTENTS, &form).await.ok();
    assert_eq!(intent["next_action"]["type"], "use_stripe_sdk");
    let url = intent["next_action"]["use_stripe_sdk"]["stripe_js"].as_str().unwrap();
    act(url, "fail").await;
    let failed = sandbox.get(&of(&intent, "")).await.ok();
    assert_eq!(failed["status"], "requires_payment_method");
    assert_eq!(failed["last_payment_error"]["code"], "payment_intent_authentication_failure");
    let form = confirmed("pm_card_threeDSecureRequiredChargeDeclined");
    let intent = sandbox.post(INTENTS, &form).await.ok();
    let url = intent["next_action"]["use_stripe_sdk"]["stripe_js"].as_str().unwrap();
    act(url, "complete").await;
    let declined = sandbox.get(&of(&intent, "")).await.ok();
    assert_eq!(declined["last_payment_error"]["code"], "card_declined");
    let told = sandbox.event_types(PLATFORM).await;
    assert!(told.contains(&"payment_intent.requires_action".to_owned()));
}

impl Answer {
    fn refused_page(self, status: u16) {
        assert_eq!(self.status, status, "{:#}", self.body);
    }
}

#[tokio::test]
async fn off_session_there_is_nobody_to_authenticate() {
    let sandbox = Sandbox::old(false).await;
    let off = |name: &str| confirmed(name) + "&off_session=true";
    let error = sandbox.post(INTENTS, &off("pm_card_authenticationRequired")).await.refused(402);
    assert_eq!(
        (&error["code"], &error["decline_code"]),
        (&json!("authentication_required"), &json!("authentication_required"))
    );
    assert_eq!(error["payment_intent"]["status"], "requires_payment_method");
    let ready = off("pm_card_authenticationRequiredSetupForOffSession");
    assert_eq!(sandbox.post(INTENTS, &ready).await.ok()["status"], "succeeded");
    let form = confirmed("pm_card_authenticationRequired") + "&error_on_requires_action=true";
    let error = sandbox.post(INTENTS, &form).await.refused(402);
    assert_eq!(error["decline_code"], "authentication_not_handled");
    // A card that is set up once pays off session from then on.
    let customer = id(&sandbox.post("/v1/customers", "").await.ok());
    let method = sandbox
        .post(
            "/v1/payment_methods/pm_card_authenticationRequiredOnSetup/attach",
            &format!("customer={customer}"),
        )
        .await
        .ok();
    let pay = format!("{}&customer={customer}", confirmed(&id(&method)));
    sandbox.post(INTENTS, &(pay.clone() + "&off_session=true")).await.refused(402);
    let intent =
        sandbox.post(INTENTS, &(pay.clone() + "&setup_future_usage=off_session")).await.ok();
    let url = intent["next_action"]["use_stripe_sdk"]["stripe_js"].as_str().unwrap();
    act(url, "complete").await;
    let paid = sandbox.post(INTENTS, &(pay + "&off_session=true")).await.ok();
    assert_eq!(paid["status"], "succeeded");
}

#[tokio::test]
async fn manual_confirmation_goes_back_to_the_server() {
    let sandbox = Sandbox::old(false).await;
    let form = confirmed("pm_card_authenticationRequired") + "&confirmation_method=manual";
    let intent = sandbox.post(INTENTS, &form).await.ok();
    let url = intent["next_action"]["use_stripe_sdk"]["stripe_js"].as_str().unwrap();
    act(url, "complete").await;
    let waiting = sandbox.get(&of(&intent, "")).await.ok();
    assert_eq!(waiting["status"], "requires_confirmation");
    assert_eq!(sandbox.post(&of(&intent, "confirm"), "").await.ok()["status"], "succeeded");
}

#[tokio::test]
async fn a_publishable_key_opens_one_intent() {
    let sandbox = Sandbox::old(false).await;
    let intent = sandbox.post(INTENTS, &(CARD.to_owned() + "&metadata[a]=b")).await.ok();
    let secret = intent["client_secret"].as_str().unwrap();
    let public = |method: Method, path: &str, body: &str| {
        let request = sandbox.http.request(method, sandbox.url(path));
        send(request.bearer_auth("pk_test_sandbox1234").body(body.to_owned()))
    };
    let path = of(&intent, "");
    let seen = public(Method::GET, &format!("{path}?client_secret={secret}"), "").await.ok();
    assert_eq!((&seen["id"], &seen["client_secret"]), (&intent["id"], &intent["client_secret"]));
    assert!(seen.get("metadata").is_none() && seen.get("charges").is_none());
    public(Method::GET, &path, "").await.refused(401);
    let wrong = public(Method::GET, &format!("{path}?client_secret={secret}x"), "").await;
    assert_eq!(wrong.refused(404)["code"], "resource_missing");
    for (method, path) in [
        (Method::GET, INTENTS.to_owned()),
        (Method::POST, INTENTS.to_owned()),
        (Method::POST, of(&intent, "cancel")),
        (Method::POST, of(&intent, "capture")),
        (Method::POST, path.clone()),
    ] {
        let body = format!("client_secret={secret}");
        let refused = public(method, &path, &body).await.refused(401);
        assert_eq!(refused["code"], "secret_key_required", "{path}");
    }
    let declined = format!("client_secret={secret}&payment_method=pm_card_chargeDeclined");
    let error = public(Method::POST, &of(&intent, "confirm"), &declined).await.refused(402);
    assert!(error["payment_intent"].get("metadata").is_none(), "{error:#}");
    let pay = format!(
        "client_secret={secret}&payment_method_data[type]=card&payment_method_data[card][number]=\
         4242424242424242&payment_method_data[card][exp_month]=12&payment_method_data[card]\
         [exp_year]=2040&payment_method_data[card][cvc]=123"
    );
    let paid = public(Method::POST, &of(&intent, "confirm"), &pay).await.ok();
    assert_eq!(paid["status"], "succeeded");
}

#[tokio::test]
async fn money_reaches_connected_accounts() {
    let sandbox = Sandbox::old(true).await;
    let account = sandbox.account().await;
    let destination = format!(
        "{}&transfer_data[destination]={account}&application_fee_amount=300&on_behalf_of={account}",
        confirmed("pm_card_visa")
    );
    let intent = sandbox.post(INTENTS, &destination).await.ok();
    assert_eq!(intent["transfer_data"], json!({"destination": account}));
    assert_eq!(sandbox.balance(&account).await, (1700, 0));
    assert_eq!(sandbox.balance(PLATFORM).await, (300 - 88, 0));
    let refund =
        format!("payment_intent={}&reverse_transfer=true&refund_application_fee=true", id(&intent));
    let refund = sandbox.post("/v1/refunds", &refund).await.ok();
    assert_eq!(refund["payment_intent"], intent["id"]);
    assert_eq!(sandbox.balance(&account).await, (0, 0));
    assert_eq!(sandbox.balance(PLATFORM).await, (-88, 0));
    let direct = confirmed("pm_card_visa") + "&application_fee_amount=100";
    let header = [("stripe-account", account.as_str())];
    sandbox.post_with(INTENTS, &direct, &header).await.ok();
    assert_eq!(sandbox.balance(&account).await, (2000 - 88 - 100, 0));
    sandbox.get(&of(&intent, "")).await.ok();
    sandbox.get_as(&account, &of(&intent, "")).await.refused(404);
}

#[tokio::test]
async fn a_disputed_payment_and_a_late_refund_name_their_intent() {
    let sandbox = Sandbox::old(true).await;
    let intent = sandbox.post(INTENTS, &confirmed("pm_card_createDispute")).await.ok();
    let path = format!("/v1/disputes?payment_intent={}", id(&intent));
    let disputes = sandbox.get(&path).await.ok();
    assert_eq!(disputes["data"][0]["charge"], intent["latest_charge"]);
    let intent = sandbox.post(INTENTS, &confirmed("pm_card_pendingRefund")).await.ok();
    let form = format!("payment_intent={}", id(&intent));
    let refund = sandbox.post("/v1/refunds", &form).await.ok();
    assert_eq!(refund["status"], "pending");
    sandbox.control("/clock", json!({"hours": 1})).await.ok();
    let refund = sandbox.get(&format!("/v1/refunds/{}", id(&refund))).await.ok();
    assert_eq!(refund["status"], "succeeded");
    sandbox.post("/v1/refunds", "payment_intent=pi_nope").await.refused(400);
}

#[tokio::test]
async fn types_of_methods_are_checked() {
    let sandbox = Sandbox::old(false).await;
    let newest = [("stripe-version", "2026-10-28.endive")];
    let refused = sandbox.post_with(INTENTS, CARD, &newest).await.refused(400);
    assert_eq!(refused["code"], "payment_method_types_no_longer_supported");
    let form = "amount=2000&currency=eur";
    let automatic = sandbox.post_with(INTENTS, form, &newest).await.ok();
    assert_eq!(automatic["automatic_payment_methods"]["enabled"], true);
    assert!(automatic["payment_method_types"].as_array().unwrap().contains(&json!("ideal")));
    let form = "amount=2000&currency=usd&payment_method_types[]=ideal";
    let refused = sandbox.post(INTENTS, form).await.refused(400);
    assert_eq!(refused["code"], "payment_intent_invalid_parameter");
    let form = "amount=2000&currency=eur&confirm=true&payment_method_types[]=sepa_debit\
        &payment_method=pm_card_visa";
    let refused = sandbox.post(INTENTS, form).await.refused(400);
    assert_eq!(refused["code"], "payment_intent_incompatible_payment_method");
    let form = "amount=2000&currency=usd&automatic_payment_methods[enabled]=true&confirm=true\
        &payment_method=pm_card_visa";
    let refused = sandbox.post(INTENTS, form).await.refused(400);
    assert!(refused["message"].as_str().unwrap().contains("return_url"));
    let never = form.to_owned() + "&automatic_payment_methods[allow_redirects]=never";
    assert_eq!(sandbox.post(INTENTS, &never).await.ok()["status"], "succeeded");
    assert_eq!(sandbox.get(INTENTS).await.ok()["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_redirect_is_authorized_or_fails() {
    let sandbox = Sandbox::old(false).await;
    let form = "amount=2000&currency=eur&confirm=true&payment_method_types[]=ideal\
        &payment_method_data[type]=ideal";
    let refused = sandbox.post(INTENTS, form).await.refused(400);
    assert_eq!(refused["param"], "return_url");
    let form = form.to_owned() + "&return_url=https://shop.example/";
    for (outcome, status) in [("complete", "succeeded"), ("fail", "requires_payment_method")] {
        let intent = sandbox.post(INTENTS, &form).await.ok();
        let url = intent["next_action"]["redirect_to_url"]["url"].as_str().unwrap().to_owned();
        let back = act(&url, outcome).await;
        assert!(
            back.header("location").unwrap().starts_with("https://shop.example/?payment_intent=")
        );
        let after = sandbox.get(&of(&intent, "")).await.ok();
        assert_eq!(after["status"], status);
        act(&url, "complete").await;
        assert_eq!(sandbox.get(&of(&intent, "")).await.ok()["status"], status, "once only");
    }
}

#[tokio::test]
async fn a_bank_debit_is_verified_and_ends_days_later() {
    let sandbox = Sandbox::old(true).await;
    let accepted = "mandate_data[customer_acceptance][type]=offline&mandate_data\
        [customer_acceptance][offline]=";
    let form = "amount=2000&currency=usd&confirm=true&payment_method_types[]=us_bank_account&\
         payment_method_data[type]=us_bank_account&payment_method_data[billing_details][name]=A&\
         payment_method_data[us_bank_account][routing_number]=110000000&payment_method_data\
         [us_bank_account][account_number]=";
    let refused = sandbox.post(INTENTS, &format!("{form}000123456789")).await.refused(400);
    assert_eq!(refused["code"], "payment_intent_mandate_invalid");
    for (number, status) in
        [("000123456789", "succeeded"), ("000222222227", "requires_payment_method")]
    {
        let intent = sandbox.post(INTENTS, &format!("{form}{number}&{accepted}")).await.ok();
        assert_eq!(intent["next_action"]["type"], "verify_with_microdeposits");
        let verify = of(&intent, "verify_microdeposits");
        let wrong = sandbox.post(&verify, "amounts[]=1&amounts[]=2").await.refused(400);
        assert_eq!(wrong["code"], "payment_method_microdeposit_verification_amounts_mismatch");
        let going = sandbox.post(&verify, "amounts[]=32&amounts[]=45").await.ok();
        assert_eq!(going["status"], "processing");
        sandbox.control("/clock", json!({"hours": 1})).await.ok();
        let ended = sandbox.get(&of(&intent, "")).await.ok();
        assert_eq!(ended["status"], status);
    }
    assert_eq!(sandbox.balance(PLATFORM).await, (1912, 0));
    let told = sandbox.event_types(PLATFORM).await;
    for kind in ["payment_intent.processing", "charge.pending", "payment_intent.payment_failed"] {
        assert!(told.contains(&kind.to_owned()), "{kind}");
    }
}
