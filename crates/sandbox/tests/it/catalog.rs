//! Products, prices, coupons, tax, links, top-ups, and the customer's balance.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::json;

#[tokio::test]
async fn products_have_prices() {
    let sandbox = Sandbox::start().await;
    let form = "name=Tea&default_price_data[currency]=usd&default_price_data[unit_amount]=500\
        &default_price_data[recurring][interval]=month&metadata[a]=1";
    let product = sandbox.post("/v1/products", form).await.ok();
    assert_eq!((&product["active"], &product["type"]), (&json!(true), &json!("service")));
    let path = format!("/v1/prices/{}", product["default_price"].as_str().unwrap());
    let price = sandbox.get(&path).await.ok();
    assert_eq!(price["recurring"]["interval_count"], 1);
    assert_eq!(
        (&price["type"], &price["unit_amount_decimal"]),
        (&json!("recurring"), &json!("500"))
    );
    let product_path = format!("/v1/products/{}", id(&product));
    let expanded = sandbox.get(&format!("{product_path}?expand[]=default_price")).await.ok();
    assert_eq!(expanded["default_price"]["id"], price["id"]);

    let changed = sandbox.post(&product_path, "name=Green&metadata[b]=2&metadata[a]=").await.ok();
    assert_eq!((&changed["name"], &changed["metadata"]), (&json!("Green"), &json!({"b": "2"})));
    let refused = sandbox.delete(&product_path).await.refused(400);
    assert!(refused["message"].as_str().unwrap().contains("user-created prices"));
    let other = sandbox.post("/v1/products", "name=Cup&id=cup").await.ok();
    assert_eq!(other["id"], "cup");
    let twice = sandbox.post("/v1/products", "name=Cup&id=cup").await.refused(400);
    assert_eq!(twice["code"], "resource_already_exists");
    let gone = sandbox.delete("/v1/products/cup").await.ok();
    assert_eq!(gone, json!({"id": "cup", "object": "product", "deleted": true}));
    sandbox.get("/v1/products/cup").await.refused(404);
    let told = sandbox.event_types(PLATFORM).await;
    let want = [
        "price.created",
        "product.created",
        "product.updated",
        "product.created",
        "product.deleted",
    ];
    assert_eq!(told, want);
}

#[tokio::test]
async fn prices_have_tiers_and_lookup_keys() {
    let sandbox = Sandbox::start().await;
    let form = "currency=usd&product_data[name]=Seats&billing_scheme=tiered&tiers_mode=graduated\
        &recurring[interval]=month&tiers[0][up_to]=5&tiers[0][unit_amount]=500&tiers[1][up_to]=inf\
        &tiers[1][unit_amount]=400&lookup_key=seats&expand[]=tiers";
    let tiered = sandbox.post("/v1/prices", form).await.ok();
    assert_eq!(tiered["tiers"][0]["up_to"], 5);
    assert_eq!(tiered["tiers"][1]["up_to"], json!(null));
    let product = tiered["product"].as_str().unwrap();
    let plain = sandbox.get(&format!("/v1/prices/{}", id(&tiered))).await.ok();
    assert_eq!(plain.get("tiers"), None, "tiers are expanded only");
    let again = format!("currency=usd&unit_amount=100&product={product}&lookup_key=seats");
    let refused = sandbox.post("/v1/prices", &again).await.refused(400);
    assert_eq!(refused["param"], "lookup_key");
    let moved = format!("{again}&transfer_lookup_key=true");
    let moved = sandbox.post("/v1/prices", &moved).await.ok();
    let found = sandbox.get("/v1/prices?lookup_keys[]=seats").await.ok();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(found["data"][0]["id"], moved["id"]);
    let recurring = sandbox.get("/v1/prices?type=recurring").await.ok();
    assert_eq!(recurring["data"][0]["id"], tiered["id"]);
    let by_interval = sandbox.get("/v1/prices?recurring[interval]=year").await.ok();
    assert_eq!(by_interval["data"], json!([]));
    let refused = sandbox.post("/v1/prices", "currency=usd&unit_amount=1").await.refused(400);
    assert_eq!(refused["message"], "Missing required param: product.");
    let wrong = format!("currency=usd&unit_amount=1&product={product}&recurring[interval]=hour");
    let refused = sandbox.post("/v1/prices", &wrong).await.refused(400);
    let said = "Invalid recurring[interval]: must be one of day, month, week, or year";
    assert_eq!(refused["message"], said);
}

#[tokio::test]
async fn coupons_have_codes() {
    let sandbox = Sandbox::start().await;
    let coupon = sandbox.post("/v1/coupons", "percent_off=12.5&id=TEA").await.ok();
    assert_eq!((&coupon["percent_off"], &coupon["duration"]), (&json!(12.5), &json!("once")));
    sandbox.post("/v1/coupons", "duration=once").await.refused(400);
    sandbox.post("/v1/coupons", "percent_off=101").await.refused(400);
    sandbox.post("/v1/coupons", "amount_off=100").await.refused(400);
    sandbox.post("/v1/coupons", "percent_off=5&duration=repeating").await.refused(400);
    let form = "promotion[type]=coupon&promotion[coupon]=TEA&code=SPRING";
    let code = sandbox.post("/v1/promotion_codes", form).await.ok();
    assert_eq!((&code["active"], &code["promotion"]["coupon"]), (&json!(true), &json!("TEA")));
    let taken = sandbox.post("/v1/promotion_codes", form).await.refused(400);
    assert_eq!(taken["code"], "resource_already_exists");
    let listed = sandbox.get("/v1/promotion_codes?code=SPRING").await.ok();
    assert_eq!(listed["data"][0]["id"], code["id"]);
    sandbox.delete("/v1/coupons/TEA").await.ok();
    sandbox.get("/v1/coupons/TEA").await.refused(404);
}

#[tokio::test]
async fn taxes_links_and_balances() {
    let sandbox = Sandbox::settling().await;
    let form = "display_name=VAT&percentage=19.5&inclusive=false&country=DE";
    let rate = sandbox.post("/v1/tax_rates", form).await.ok();
    assert_eq!(rate["percentage"], 19.5);
    sandbox
        .post("/v1/tax_rates", "display_name=x&inclusive=true&percentage=101")
        .await
        .refused(400);
    let form = "display_name=Ground&fixed_amount[amount]=500&fixed_amount[currency]=usd";
    let shipping = sandbox.post("/v1/shipping_rates", form).await.ok();
    assert_eq!(shipping["fixed_amount"]["amount"], 500);

    let customer = id(&sandbox.post("/v1/customers", "email=a@b.c").await.ok());
    let path = format!("/v1/customers/{customer}");
    let tax_id = format!("{path}/tax_ids");
    let tax = sandbox.post(&tax_id, "type=eu_vat&value=DE123456789").await.ok();
    assert_eq!(
        (&tax["country"], &tax["verification"]["status"]),
        (&json!("DE"), &json!("verified"))
    );
    let gone = sandbox.delete(&format!("{tax_id}/{}", id(&tax))).await.ok();
    assert_eq!(gone["deleted"], true);
    let entry = "amount=-500&currency=usd&description=gift";
    let entry = sandbox.post(&format!("{path}/balance_transactions"), entry).await.ok();
    assert_eq!((&entry["ending_balance"], &entry["type"]), (&json!(-500), &json!("adjustment")));
    assert_eq!(sandbox.get(&path).await.ok()["balance"], -500);
    let cash = sandbox.get(&format!("{path}/cash_balance")).await.ok();
    assert_eq!(cash["settings"]["reconciliation_mode"], "automatic");

    let price = "currency=usd&unit_amount=700&product_data[name]=Tea";
    let price = id(&sandbox.post("/v1/prices", price).await.ok());
    let form = format!("line_items[0][price]={price}&line_items[0][quantity]=2");
    let link = sandbox.post("/v1/payment_links", &form).await.ok();
    assert!(link["url"].as_str().unwrap().contains("/buy.stripe.com/test_"));
    let items = sandbox.get(&format!("/v1/payment_links/{}/line_items", id(&link))).await.ok();
    assert_eq!(items["data"][0]["amount_total"], 1_400);
    assert_eq!(items["data"][0]["description"], "Tea");
    sandbox.post("/v1/ephemeral_keys", "").await.refused(400);
    let key = sandbox.post("/v1/ephemeral_keys", &format!("customer={customer}")).await.ok();
    assert!(key["secret"].as_str().unwrap().starts_with("ek_test_"));
}

#[tokio::test]
async fn topups_arrive_or_are_canceled_and_payouts_are_reversed() {
    let sandbox = Sandbox::settling().await;
    let topup = sandbox.post("/v1/topups", "amount=5000&currency=usd").await.ok();
    assert_eq!(topup["status"], "pending");
    let other = sandbox.post("/v1/topups", "amount=100&currency=usd").await.ok();
    let canceled = sandbox.post(&format!("/v1/topups/{}/cancel", id(&other)), "").await.ok();
    assert_eq!(canceled["status"], "canceled");
    sandbox.control("/clock", json!({"hours": 1})).await.ok();
    assert_eq!(sandbox.balance(PLATFORM).await, (5_000, 0));
    let topup = sandbox.get(&format!("/v1/topups/{}", id(&topup))).await.ok();
    assert_eq!(topup["status"], "succeeded");
    let listed = sandbox.get("/v1/topups?status=canceled&amount[lt]=200").await.ok();
    assert_eq!(listed["data"][0]["id"], other["id"]);

    let payout = sandbox.post("/v1/payouts", "amount=2000&currency=usd").await.ok();
    let path = format!("/v1/payouts/{}", id(&payout));
    sandbox.post(&format!("{path}/reverse"), "").await.refused(400);
    sandbox.control("/clock", json!({"days": 3})).await.ok();
    let reversal = sandbox.post(&format!("{path}/reverse"), "metadata[a]=1").await.ok();
    assert_eq!((&reversal["amount"], &reversal["original_payout"]), (&json!(-2000), &payout["id"]));
    assert_eq!(sandbox.get(&path).await.ok()["reversed_by"], reversal["id"]);
    assert_eq!(sandbox.balance(PLATFORM).await, (5_000, 0));
    assert_eq!(sandbox.ledger().await["balanced"], true);
}
