//! Tax calculations and transactions, and the lists that are Stripe's own.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

const GERMANY: &str = "currency=eur&customer_details[address][country]=DE\
    &line_items[0][amount]=1000&line_items[0][reference]=tea\
    &line_items[1][amount]=1190&line_items[1][tax_behavior]=inclusive\
    &shipping_cost[amount]=100";

#[tokio::test]
async fn tax_is_collected_where_the_account_is_registered() {
    let sandbox = Sandbox::start().await;
    let path = "/v1/tax/calculations";
    let before = sandbox.post(path, GERMANY).await.ok();
    assert_eq!(before["tax_amount_exclusive"], 0);
    assert_eq!(before["tax_breakdown"][0]["taxability_reason"], "not_collecting");
    let form = "active_from=now&country=DE&country_options[de][type]=oss_union";
    sandbox.post("/v1/tax/registrations", form).await.ok();
    let made = sandbox.post(path, GERMANY).await.ok();
    assert_eq!(
        (&made["tax_amount_exclusive"], &made["tax_amount_inclusive"]),
        (&json!(209), &json!(190))
    );
    assert_eq!(made["amount_total"], 1_000 + 1_190 + 100 + 209);
    assert_eq!(made["shipping_cost"]["amount_tax"], 19);
    let one = format!("{path}/{}", id(&made));
    assert_eq!(sandbox.get(&one).await.ok()["id"], made["id"]);
    let items = sandbox.get(&format!("{one}/line_items")).await.ok();
    assert_eq!(items["data"][0]["reference"], "tea");
    assert_eq!(
        items["data"][0]["tax_breakdown"][0]["tax_rate_details"]["percentage_decimal"],
        "19"
    );
    let nontaxable = format!("{GERMANY}&line_items[0][tax_code]=txcd_00000000");
    assert_eq!(sandbox.post(path, &nontaxable).await.ok()["tax_amount_exclusive"], 19);
    let exempt = format!("{GERMANY}&customer_details[taxability_override]=reverse_charge");
    assert_eq!(sandbox.post(path, &exempt).await.ok()["tax_amount_exclusive"], 0);
    let nowhere = "currency=eur&line_items[0][amount]=1000&line_items[0][reference]=a";
    let refused = sandbox.post(path, nowhere).await.refused(400);
    assert_eq!(refused["code"], "customer_tax_location_invalid");
    let wrong = format!("{GERMANY}&line_items[0][tax_code]=txcd_1");
    assert_eq!(sandbox.post(path, &wrong).await.refused(400)["param"], "line_items[0][tax_code]");
}

#[tokio::test]
async fn a_calculation_becomes_a_transaction_which_is_reversed() {
    let sandbox = Sandbox::start().await;
    let form = "active_from=now&country=US&country_options[us][type]=state_sales_tax\
        &country_options[us][state]=CA";
    sandbox.post("/v1/tax/registrations", form).await.ok();
    let form = "currency=usd&customer_details[address][country]=US\
        &customer_details[address][state]=CA&line_items[0][amount]=10000";
    let calculation = sandbox.post("/v1/tax/calculations", form).await.ok();
    assert_eq!(calculation["tax_amount_exclusive"], 725);
    let path = "/v1/tax/transactions";
    let form = format!("calculation={}&reference=order1", id(&calculation));
    let made = sandbox.post(&format!("{path}/create_from_calculation"), &form).await.ok();
    assert_eq!((&made["type"], &made["reference"]), (&json!("transaction"), &json!("order1")));
    let refused = sandbox.post(&format!("{path}/create_from_calculation"), &form).await;
    assert_eq!(refused.refused(400)["param"], "reference");
    let items = sandbox.get(&format!("{path}/{}/line_items", id(&made))).await.ok();
    let item = id(&items["data"][0]);
    let form = format!("mode=full&original_transaction={}&reference=back1", id(&made));
    let back = sandbox.post(&format!("{path}/create_reversal"), &form).await.ok();
    assert_eq!(back["reversal"]["original_transaction"], made["id"]);
    let reversed = sandbox.get(&format!("{path}/{}/line_items", id(&back))).await.ok();
    assert_eq!(
        (&reversed["data"][0]["amount"], &reversed["data"][0]["amount_tax"]),
        (&json!(-10_000), &json!(-725))
    );
    let form = format!(
        "mode=partial&original_transaction={}&reference=back2&line_items[0][amount]=-100\
         &line_items[0][amount_tax]=-7&line_items[0][reference]=r\
         &line_items[0][original_line_item]={item}",
        id(&made)
    );
    sandbox.post(&format!("{path}/create_reversal"), &form).await.ok();
    let much = form.replace("amount]=-100", "amount]=-10001").replace("back2", "back3");
    let refused = sandbox.post(&format!("{path}/create_reversal"), &much).await.refused(400);
    assert_eq!(refused["param"], "line_items[0][amount]");
}

#[tokio::test]
async fn lists_that_are_stripes_own_can_be_read() {
    let sandbox = Sandbox::start().await;
    for (path, one) in [
        ("country_specs", "US"),
        ("exchange_rates", "eur"),
        ("tax_codes", "txcd_99999999"),
        ("reporting/report_types", "balance.summary.1"),
        ("climate/products", "climsku_sandbox_2030"),
        ("climate/suppliers", "climsup_sandbox_air"),
    ] {
        let list = sandbox.get(&format!("/v1/{path}")).await.ok();
        assert_eq!(list["object"], "list", "{path}");
        assert_eq!(sandbox.get(&format!("/v1/{path}/{one}")).await.ok()["id"], one);
        sandbox.get(&format!("/v1/{path}/none")).await.refused(404);
    }
    let templates = sandbox.get("/v1/invoice_rendering_templates").await.ok();
    let path = format!("/v1/invoice_rendering_templates/{}", id(&templates["data"][0]));
    assert_eq!(sandbox.post(&format!("{path}/archive"), "").await.ok()["status"], "archived");
    sandbox.post(&format!("{path}/archive"), "").await.refused(400);
    sandbox.get(&format!("{path}?version=9")).await.refused(400);
}

#[tokio::test]
async fn cards_that_radar_knows_make_warnings_and_reviews() {
    let sandbox = Sandbox::start().await;
    let pay = |number: &str| {
        format!("amount=500&currency=usd&card[number]={number}&card[exp_month]=1&card[exp_year]=40")
    };
    let warned = sandbox.post("/v1/charges", &pay("4000000000005423")).await.ok();
    let path = format!("/v1/radar/early_fraud_warnings?charge={}", id(&warned));
    let list = sandbox.get(&path).await.ok();
    assert_eq!(list["data"][0]["charge"], warned["id"]);
    let path = format!("/v1/radar/early_fraud_warnings/{}", id(&list["data"][0]));
    assert_eq!(sandbox.get(&path).await.ok()["actionable"], true);
    let risky = sandbox.post("/v1/charges", &pay("4000000000009235")).await.ok();
    let review = sandbox.get("/v1/reviews").await.ok()["data"][0].clone();
    assert_eq!((&review["charge"], &review["open"]), (&risky["id"], &json!(true)));
    let path = format!("/v1/reviews/{}/approve", id(&review));
    assert_eq!(sandbox.post(&path, "").await.ok()["closed_reason"], "approved");
    sandbox.post(&path, "").await.refused(400);
    let told = sandbox.event_types(PLATFORM).await;
    for kind in ["radar.early_fraud_warning.created", "review.opened", "review.closed"] {
        assert_eq!(told.iter().filter(|told| *told == kind).count(), 1, "{kind}");
    }
}
