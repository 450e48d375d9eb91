//! Connected accounts: isolation, requirements, persons, external accounts, tokens.

use super::client::{Sandbox, id};
use serde_json::json;

#[tokio::test]
async fn accounts_are_isolated() {
    let sandbox = Sandbox::start().await;
    let (one, two) = (sandbox.account().await, sandbox.account().await);
    let at = [("stripe-account", one.as_str())];
    let customer = id(&sandbox.post_with("/v1/customers", "", &at).await.ok());
    let path = format!("/v1/customers/{customer}");
    sandbox.get_as(&one, &path).await.ok();
    sandbox.get_as(&two, &path).await.refused(404);
    sandbox.get(&path).await.refused(404);
    let error = sandbox.get_as("acct_nobody", "/v1/balance").await.refused(403);
    assert_eq!(error["code"], "account_invalid");
    assert!(!error["message"].as_str().unwrap().contains("sk_test_sandbox1234"));
    sandbox.get_as(&one, &format!("/v1/accounts/{one}")).await.ok();
    sandbox.get_as(&one, &format!("/v1/accounts/{two}")).await.refused(403);
}

const COMPLETE: &str = "type=custom&country=US&email=a@b.c&business_type=individual\
    &requested_capabilities[]=card_payments&requested_capabilities[]=transfers\
    &tos_acceptance[date]=1571234567&tos_acceptance[ip]=1.2.3.4&business_profile[mcc]=5941\
    &individual[first_name]=Ann&individual[last_name]=Lee&individual[dob][day]=1\
    &individual[dob][month]=1&individual[dob][year]=1901\
    &individual[address][line1]=address_full_match\
    &individual[address][city]=X&individual[address][postal_code]=1\
    &external_account=btok_us_verified";

#[tokio::test]
async fn requirements_decide_what_an_account_may_do() {
    let sandbox = Sandbox::start().await;
    let bare =
        sandbox.post("/v1/accounts", "type=custom&requested_capabilities[]=transfers").await.ok();
    assert_eq!(bare["payouts_enabled"], false);
    assert_eq!(bare["capabilities"], json!({"transfers": "inactive"}));
    let due = bare["requirements"]["currently_due"].as_array().unwrap();
    assert!(due.contains(&json!("external_account")) && due.contains(&json!("business_type")));
    let whole = sandbox.post("/v1/accounts", COMPLETE).await.ok();
    assert_eq!(whole["requirements"]["currently_due"], json!([]));
    assert_eq!(
        (&whole["charges_enabled"], &whole["payouts_enabled"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(whole["external_accounts"]["data"][0]["last4"], "6789");
    let path = format!("/v1/accounts/{}", id(&whole));
    let wrong = sandbox.post(&path, "individual[id_number]=111111111").await.ok();
    assert_eq!(wrong["charges_enabled"], false);
    assert_eq!(wrong["requirements"]["errors"][0]["requirement"], "individual.id_number");
    assert!(!wrong.to_string().contains("111111111"), "the number is never shown");
    assert_eq!(wrong["individual"]["id_number_provided"], true);
    let rejected = sandbox.post(&format!("{path}/reject"), "reason=fraud").await.ok();
    assert_eq!(rejected["requirements"]["disabled_reason"], "rejected.fraud");
    assert_eq!(sandbox.delete(&path).await.ok()["deleted"], true);
    assert_eq!(sandbox.get(&path).await.refused(403)["code"], "account_invalid");
    sandbox.get_as(&id(&whole), "/v1/balance").await.refused(403);
    assert_eq!(sandbox.get("/v1/accounts").await.ok()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn account_and_person_tokens_are_unwrapped_once() {
    let sandbox = Sandbox::start().await;
    let form = "account[business_type]=individual&account[individual][first_name]=Ann\
        &account[tos_shown_and_accepted]=true";
    let token = sandbox.post("/v1/tokens", form).await.ok();
    assert_eq!(token["type"], "account");
    assert!(!token.to_string().contains("Ann"));
    let form = format!("type=custom&account_token={}", id(&token));
    let account = sandbox.post("/v1/accounts", &form).await.ok();
    assert_eq!(account["individual"]["first_name"], "Ann");
    assert!(account["tos_acceptance"]["date"].is_number());
    sandbox.post("/v1/accounts", &form).await.refused(400);
    let token = sandbox
        .post("/v1/tokens", "person[first_name]=Bo&person[relationship][owner]=true")
        .await
        .ok();
    let persons = format!("/v1/accounts/{}/persons", id(&account));
    let at = [("stripe-account", account["id"].as_str().unwrap())];
    let person =
        sandbox.post_with(&persons, &format!("person_token={}", id(&token)), &at).await.ok();
    let all = sandbox.get(&persons).await.ok();
    assert_eq!(all["data"].as_array().unwrap().len(), 2, "the individual is a person, too");
    assert_eq!(
        (&person["first_name"], &person["relationship"]["owner"]),
        (&json!("Bo"), &json!(true))
    );
}

#[tokio::test]
async fn persons_are_stored() {
    let sandbox = Sandbox::start().await;
    let account = sandbox.account().await;
    let persons = format!("/v1/accounts/{account}/persons");
    let form = "first_name=Ann&last_name=Lee&dob[day]=1&dob[month]=2&dob[year]=1990\
        &relationship[representative]=true&relationship[percent_ownership]=25.5&ssn_last_4=0000&metadata[a]=b";
    let person = sandbox.post(&persons, form).await.ok();
    assert_eq!(person["dob"], json!({"day": 1, "month": 2, "year": 1990}));
    assert_eq!(person["ssn_last_4_provided"], true);
    let path = format!("{persons}/{}", id(&person));
    assert_eq!(sandbox.post(&path, "last_name=Ray").await.ok()["last_name"], "Ray");
    let list = sandbox.get(&format!("{persons}?relationship[representative]=true")).await.ok();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let list = sandbox.get(&format!("{persons}?relationship[owner]=true")).await.ok();
    assert_eq!(list["data"], json!([]));
    assert_eq!(sandbox.delete(&path).await.ok()["deleted"], true);
    sandbox.get(&path).await.refused(404);
    assert!(sandbox.event_types(&account).await.contains(&"person.created".into()));
}

#[tokio::test]
async fn external_accounts_have_one_default_a_currency() {
    let sandbox = Sandbox::start().await;
    let account = sandbox.account().await;
    let path = format!("/v1/accounts/{account}/external_accounts");
    let first = sandbox.post(&path, "external_account=btok_us_verified").await.ok();
    assert_eq!(first["default_for_currency"], true);
    let second = sandbox
        .post(&path, "external_account=btok_us_verified_noAccount&default_for_currency=true")
        .await
        .ok();
    let first = sandbox.get(&format!("{path}/{}", id(&first))).await.ok();
    assert_eq!(first["default_for_currency"], false);
    sandbox.delete(&format!("{path}/{}", id(&second))).await.refused(400);
    sandbox.delete(&format!("{path}/{}", id(&first))).await.ok();
    let credit = sandbox.post(&path, "external_account=tok_visa").await.refused(402);
    assert_eq!(credit["code"], "invalid_card_type");
    sandbox.post(&path, "external_account=tok_visa_debit").await.ok();
}

#[tokio::test]
async fn nothing_is_listed_below_an_object_of_another_account() {
    let sandbox = Sandbox::start().await;
    let account = sandbox.account().await;
    let customer = id(&sandbox.post("/v1/customers", "email=ann@example.com").await.ok());
    let below = format!("/v1/customers/{customer}");
    sandbox.post(&format!("{below}/tax_ids"), "type=eu_vat&value=DE123456789").await.ok();
    let form = "amount=-500&currency=usd";
    sandbox.post(&format!("{below}/balance_transactions"), form).await.ok();
    let form = format!("customer={customer}");
    sandbox.post("/v1/payment_methods/pm_card_visa/attach", &form).await.ok();
    sandbox.post(&format!("{below}/sources"), "source=tok_visa").await.ok();
    let form = format!("customer={customer}&confirm=true&payment_method=pm_card_visa");
    let setup = id(&sandbox.post("/v1/setup_intents", &form).await.ok());
    let product = id(&sandbox.post("/v1/products", "name=Box").await.ok());
    for path in [
        format!("{below}/tax_ids"),
        format!("{below}/balance_transactions"),
        format!("{below}/payment_methods"),
        format!("{below}/sources"),
        format!("{below}/cash_balance_transactions"),
        format!("/v1/payment_methods?customer={customer}"),
        format!("/v1/setup_attempts?setup_intent={setup}"),
        format!("/v1/products/{product}/features"),
    ] {
        sandbox.get(&path).await.ok();
        let answer = sandbox.get_as(&account, &path).await;
        let is_empty = answer.body["data"].as_array().is_none_or(Vec::is_empty);
        assert!(answer.status >= 400 || is_empty, "{path}: {:#}", answer.body);
        let unknown = path.replace(&customer, "cus_nope").replace(&product, "prod_nope");
        if !unknown.contains('?') {
            sandbox.get(&unknown).await.refused(404);
        }
    }
}
