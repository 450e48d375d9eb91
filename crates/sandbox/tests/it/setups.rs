//! Setup intents, payment methods, mandates and confirmation tokens.

use super::client::{PLATFORM, Sandbox, id, send};
use serde_json::{Value, json};

const SETUPS: &str = "/v1/setup_intents";
const METHODS: &str = "/v1/payment_methods";
const BANK: &str = "type=us_bank_account&billing_details[name]=Ann&us_bank_account[routing_number]=\
    110000000&us_bank_account[account_number]=000123456789";
const ACCEPTED: &str = "mandate_data[customer_acceptance][type]=offline";

async fn customer(sandbox: &Sandbox) -> String {
    id(&sandbox.post("/v1/customers", "").await.ok())
}

#[tokio::test]
async fn a_card_is_set_up_and_pays_later() {
    let sandbox = Sandbox::old(false).await;
    let customer = customer(&sandbox).await;
    let form = format!("customer={customer}&payment_method_types[]=card&metadata[a]=b");
    let setup = sandbox.post(SETUPS, &form).await.ok();
    assert_eq!(setup["status"], "requires_payment_method");
    let path = format!("{SETUPS}/{}", id(&setup));
    let early = sandbox.post(&format!("{path}/confirm"), "").await.refused(400);
    assert_eq!(early["code"], "setup_intent_unexpected_state");
    let error = sandbox
        .post(&format!("{path}/confirm"), "payment_method=pm_card_chargeDeclined")
        .await
        .refused(402);
    assert_eq!(error["setup_intent"]["last_setup_error"]["code"], "card_declined");
    let done = sandbox.post(&format!("{path}/confirm"), "payment_method=pm_card_visa").await.ok();
    assert_eq!(done["status"], "succeeded");
    let method = done["payment_method"].as_str().unwrap();
    let list =
        sandbox.get(&format!("/v1/customers/{customer}/payment_methods?type=card")).await.ok();
    assert_eq!(list["data"][0]["id"], method);
    let pay = format!(
        "amount=900&currency=usd&customer={customer}&payment_method={method}&off_session=true&\
         confirm=true"
    );
    assert_eq!(sandbox.post("/v1/payment_intents", &pay).await.ok()["status"], "succeeded");
    let attempts =
        sandbox.get(&format!("/v1/setup_attempts?setup_intent={}", id(&setup))).await.ok();
    let states: Vec<&Value> =
        attempts["data"].as_array().unwrap().iter().map(|attempt| &attempt["status"]).collect();
    assert_eq!(states, ["succeeded", "failed"]);
    for operation in ["confirm", "cancel"] {
        let refused = sandbox.post(&format!("{path}/{operation}"), "").await.refused(400);
        assert_eq!(refused["code"], "setup_intent_unexpected_state");
    }
    let told = sandbox.event_types(PLATFORM).await;
    for kind in ["created", "setup_failed", "succeeded"] {
        assert!(told.contains(&format!("setup_intent.{kind}")), "{kind}");
    }
}

#[tokio::test]
async fn a_setup_asks_for_authentication_or_is_canceled() {
    let sandbox = Sandbox::old(false).await;
    let form = "confirm=true&payment_method=pm_card_authenticationRequired&payment_method_types[]\
        =card&return_url=https://shop.example/";
    for (outcome, status) in [("complete", "succeeded"), ("fail", "requires_payment_method")] {
        let setup = sandbox.post(SETUPS, form).await.ok();
        let url = setup["next_action"]["redirect_to_url"]["url"].as_str().unwrap();
        let secret = setup["client_secret"].as_str().unwrap();
        let body = format!("client_secret={secret}&outcome={outcome}&frame=1");
        let page = send(sandbox.http.post(url).body(body)).await;
        assert_eq!(page.status, 200);
        assert!(page.body.as_str().unwrap().contains("/js.stripe.com/v3/challenge.js"));
        let after = sandbox.get(&format!("{SETUPS}/{}", id(&setup))).await.ok();
        assert_eq!(after["status"], status);
        assert_eq!(after["last_setup_error"].is_null(), status == "succeeded");
    }
    let setup = sandbox.post(SETUPS, "").await.ok();
    let cancel = format!("{SETUPS}/{}/cancel", id(&setup));
    let canceled = sandbox.post(&cancel, "cancellation_reason=abandoned").await.ok();
    assert_eq!(
        (&canceled["status"], &canceled["cancellation_reason"]),
        (&json!("canceled"), &json!("abandoned"))
    );
}

#[tokio::test]
async fn a_bank_account_is_set_up_with_a_mandate() {
    let sandbox = Sandbox::old(false).await;
    let customer = customer(&sandbox).await;
    let method = sandbox.post(METHODS, BANK).await.ok();
    assert_eq!(method["us_bank_account"]["last4"], "6789");
    let form = format!(
        "customer={customer}&payment_method={}&payment_method_types[]=us_bank_account&confirm=true",
        id(&method)
    );
    let refused = sandbox.post(SETUPS, &form).await.refused(400);
    assert_eq!(refused["code"], "setup_intent_mandate_invalid");
    let setup = sandbox.post(SETUPS, &format!("{form}&{ACCEPTED}")).await.ok();
    assert_eq!(setup["next_action"]["type"], "verify_with_microdeposits");
    let verify = format!("{SETUPS}/{}/verify_microdeposits", id(&setup));
    sandbox.post(&verify, "descriptor_code=SM99ZZ").await.refused(400);
    let done = sandbox.post(&verify, "descriptor_code=SM11AA").await.ok();
    assert_eq!(done["status"], "succeeded");
    let mandate =
        sandbox.get(&format!("/v1/mandates/{}", done["mandate"].as_str().unwrap())).await.ok();
    assert_eq!((&mandate["status"], &mandate["type"]), (&json!("active"), &json!("multi_use")));
    let pay = format!(
        "amount=900&currency=usd&customer={customer}&payment_method={}&off_session=true&\
         confirm=true&payment_method_types[]=us_bank_account",
        id(&method)
    );
    assert_eq!(sandbox.post("/v1/payment_intents", &pay).await.ok()["status"], "processing");
}

#[tokio::test]
async fn sepa_debits_succeed_and_fail_late() {
    let sandbox = Sandbox::old(false).await;
    for (name, early, status) in [
        ("pm_success_de", "succeeded", "succeeded"),
        ("pm_failed_at", "requires_payment_method", "requires_payment_method"),
        ("pm_successDelayed_at", "processing", "succeeded"),
        ("pm_failedDelayed_de", "processing", "requires_payment_method"),
    ] {
        let form = format!(
            "amount=900&currency=eur&confirm=true&payment_method={name}&{ACCEPTED}&\
             payment_method_types[]=sepa_debit"
        );
        let intent = sandbox.post("/v1/payment_intents", &form).await.ok();
        assert_eq!(intent["status"], "processing");
        let path = format!("/v1/payment_intents/{}", id(&intent));
        sandbox.control("/clock", json!({"seconds": 60})).await.ok();
        assert_eq!(sandbox.get(&path).await.ok()["status"], early, "{name}");
        sandbox.control("/clock", json!({"seconds": 180})).await.ok();
        assert_eq!(sandbox.get(&path).await.ok()["status"], status, "{name}");
    }
    let bad = "type=sepa_debit&billing_details[name]=A&sepa_debit[iban]=DE00370400440532013000";
    assert_eq!(sandbox.post(METHODS, bad).await.refused(400)["param"], "sepa_debit[iban]");
    sandbox
        .post(METHODS, "type=sepa_debit&sepa_debit[iban]=DE89370400440532013000")
        .await
        .refused(400);
}

#[tokio::test]
async fn methods_are_attached_updated_and_detached_for_good() {
    let sandbox = Sandbox::old(false).await;
    let (one, other) = (customer(&sandbox).await, customer(&sandbox).await);
    let method = sandbox.post(METHODS, "type=card&card[token]=tok_mastercard").await.ok();
    let path = format!("{METHODS}/{}", id(&method));
    let attached = sandbox.post(&format!("{path}/attach"), &format!("customer={one}")).await.ok();
    assert_eq!(attached["customer"], one);
    let refused = sandbox.post(&format!("{path}/attach"), &format!("customer={other}")).await;
    assert!(refused.refused(400)["message"].as_str().unwrap().contains("already been attached"));
    let form = "card[exp_year]=2041&billing_details[email]=a@b.c&metadata[x]=1";
    let changed = sandbox.post(&path, form).await.ok();
    assert_eq!(
        (&changed["card"]["exp_year"], &changed["billing_details"]["email"]),
        (&json!(2041), &json!("a@b.c"))
    );
    let pay = "amount=900&currency=usd&confirm=true&payment_method_types[]=card";
    let stranger = format!("{pay}&payment_method={}&customer={other}", id(&method));
    let refused = sandbox.post("/v1/payment_intents", &stranger).await.refused(400);
    assert_eq!(refused["code"], "resource_missing");
    let of = format!("/v1/customers/{one}/payment_methods/{}", id(&method));
    assert_eq!(sandbox.get(&of).await.ok()["id"], method["id"]);
    let detached = sandbox.post(&format!("{path}/detach"), "").await.ok();
    assert_eq!(detached["customer"], json!(null));
    sandbox.get(&of).await.refused(404);
    sandbox.post(&format!("{path}/attach"), &format!("customer={one}")).await.refused(400);
    let again = format!("{pay}&payment_method={}", id(&method));
    let refused = sandbox.post("/v1/payment_intents", &again).await.refused(400);
    assert!(refused["message"].as_str().unwrap().contains("previously used"));
    let form = "payment_method=pm_card_amex&invoice_settings[custom_fields]=";
    let rich = id(&sandbox.post("/v1/customers", form).await.ok());
    let list = sandbox.get(&format!("{METHODS}?customer={rich}&type=card")).await.ok();
    assert_eq!(list["data"][0]["card"]["brand"], "amex");
    let told = sandbox.event_types(PLATFORM).await;
    for kind in ["attached", "updated", "detached"] {
        assert!(told.contains(&format!("payment_method.{kind}")), "{kind}");
    }
}

#[tokio::test]
async fn a_method_is_cloned_to_a_connected_account() {
    let sandbox = Sandbox::old(false).await;
    let owner = customer(&sandbox).await;
    let account = sandbox.account().await;
    let path = format!("{METHODS}/pm_card_visa/attach");
    let method = sandbox.post(&path, &format!("customer={owner}")).await.ok();
    let form = format!("customer={owner}&payment_method={}", id(&method));
    sandbox.post(METHODS, &form).await.refused(400);
    let header = [("stripe-account", account.as_str())];
    let clone = sandbox.post_with(METHODS, &form, &header).await.ok();
    assert_eq!(
        (&clone["card"]["fingerprint"], &clone["customer"]),
        (&method["card"]["fingerprint"], &json!(null))
    );
    assert_ne!(clone["id"], method["id"]);
    let pay = format!("amount=900&currency=usd&confirm=true&payment_method={}", id(&clone));
    sandbox.post_with("/v1/payment_intents", &pay, &header).await.ok();
}

#[tokio::test]
async fn a_confirmation_token_confirms_once() {
    let sandbox = Sandbox::old(false).await;
    let form = "payment_method=pm_card_visa&return_url=https://shop.example/\
        &setup_future_usage=off_session";
    let token = sandbox.post("/v1/test_helpers/confirmation_tokens", form).await.ok();
    assert_eq!(token["payment_method_preview"]["card"]["last4"], "4242");
    assert!(!token.to_string().contains("\"_"), "{token:#}");
    let pay = format!("amount=900&currency=usd&confirm=true&confirmation_token={}", id(&token));
    let paid = sandbox.post("/v1/payment_intents", &pay).await.ok();
    assert_eq!(
        (&paid["status"], &paid["setup_future_usage"]),
        (&json!("succeeded"), &json!("off_session"))
    );
    sandbox.post("/v1/payment_intents", &pay).await.refused(400);
}

#[tokio::test]
async fn a_default_method_belongs_to_its_customer() {
    let sandbox = Sandbox::start().await;
    let form = "payment_method=pm_card_visa&invoice_settings[default_payment_method]=pm_card_visa";
    let rich = sandbox.post("/v1/customers", form).await.ok();
    let default = rich["invoice_settings"]["default_payment_method"].as_str().unwrap();
    let path = format!("{METHODS}/{default}");
    assert_eq!(sandbox.get(&path).await.ok()["customer"], rich["id"]);
    let poor = customer(&sandbox).await;
    let form = format!("invoice_settings[default_payment_method]={default}");
    let refused = sandbox.post(&format!("/v1/customers/{poor}"), &form).await.refused(400);
    assert_eq!(refused["param"], "invoice_settings[default_payment_method]");
}

#[tokio::test]
async fn a_configuration_turns_methods_off() {
    let sandbox = Sandbox::start().await;
    let list = sandbox.get("/v1/payment_method_configurations").await.ok();
    let default = &list["data"][0];
    assert_eq!(
        (&default["is_default"], &default["card"]["available"]),
        (&json!(true), &json!(true))
    );
    let path = format!("/v1/payment_method_configurations/{}", id(default));
    let form = "cashapp[display_preference][preference]=off";
    let changed = sandbox.post(&path, form).await.ok();
    assert_eq!(changed["cashapp"]["display_preference"]["value"], "off");
    let form = "amount=900&currency=usd&automatic_payment_methods[enabled]=true";
    let intent = sandbox.post("/v1/payment_intents", form).await.ok();
    let types = intent["payment_method_types"].as_array().unwrap();
    assert!(types.contains(&json!("card")) && !types.contains(&json!("cashapp")), "{types:?}");
    let form = "domain_name=shop.example";
    let domain = sandbox.post("/v1/payment_method_domains", form).await.ok();
    assert_eq!(domain["apple_pay"]["status"], "active");
    let validate = format!("/v1/payment_method_domains/{}/validate", id(&domain));
    assert_eq!(sandbox.post(&validate, "").await.ok()["id"], domain["id"]);
}

#[tokio::test]
async fn a_source_of_a_card_is_consumed() {
    let sandbox = Sandbox::start().await;
    let form = "type=card&token=tok_visa&owner[email]=a@b.c";
    let source = sandbox.post("/v1/sources", form).await.ok();
    assert_eq!(
        (&source["status"], &source["card"]["last4"]),
        (&json!("chargeable"), &json!("4242"))
    );
    assert!(!source.to_string().contains("\"_"), "{source:#}");
    let form = format!("amount=900&currency=usd&source={}", id(&source));
    assert_eq!(sandbox.post("/v1/charges", &form).await.ok()["status"], "succeeded");
    let used = sandbox.get(&format!("/v1/sources/{}", id(&source))).await.ok();
    assert_eq!(used["status"], "consumed");
    assert_eq!(
        sandbox.post("/v1/charges", &form).await.refused(400)["code"],
        "invalid_source_usage"
    );
    assert_eq!(sandbox.post("/v1/sources", "type=ideal").await.refused(400)["param"], "type");
}

#[tokio::test]
async fn every_published_name_makes_a_method() {
    let sandbox = Sandbox::old(false).await;
    let owner = customer(&sandbox).await;
    for (name, brand, country) in [
        ("visa", "visa", "US"),
        ("visa_debit", "visa", "US"),
        ("mastercard_prepaid", "mastercard", "US"),
        ("amex", "amex", "US"),
        ("discover", "discover", "US"),
        ("diners", "diners", "US"),
        ("unionpay", "unionpay", "US"),
        ("jcb", "jcb", "US"),
        ("br", "visa", "BR"),
        ("gb_debit", "visa", "GB"),
        ("jp", "visa", "JP"),
    ] {
        let path = format!("{METHODS}/pm_card_{name}/attach");
        let method = sandbox.post(&path, &format!("customer={owner}")).await.ok();
        assert_eq!(
            (&method["card"]["brand"], &method["card"]["country"]),
            (&json!(brand), &json!(country)),
            "{name}"
        );
    }
}
