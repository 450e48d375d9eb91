//! A list that is read is read to its end.

use super::{SECRET, host, run, settled};
use crate::support::host::Instance;
use crate::support::signature::{header, now};
use serde_json::json;

#[test]
fn persons_and_payouts_beyond_the_first_page() {
    let host = host();
    let account =
        run(&host, "create_account", &json!({ "country": "US", "email": "m@example.com" }));
    let account = account["gateway"]["id"].as_str().expect("an id").to_owned();
    for n in 0..135 {
        let name = format!("Person {n}");
        let path = format!("/v1/accounts/{account}/persons");
        host.stripe.api("POST", &path, &[("first_name", &name)]).expect(200);
    }
    let read = run(&host, "get_persons", &json!({ "gateway_id": account }));
    assert_eq!(read["gateway"]["body"]["data"].as_array().map(Vec::len), Some(135));
    assert_eq!(read["gateway"]["body"]["has_more"], false);
    let count =
        "{ records(filter: { table: { value: \"modules/payments/person\" } }) { total_entries } }";
    assert_eq!(host.graphql(count, &json!({}))["records"]["total_entries"], 135);
    run(&host, "get_persons", &json!({ "gateway_id": account }));
    assert_eq!(host.graphql(count, &json!({}))["records"]["total_entries"], 135, "each once");

    for _ in 0..105 {
        let charge = [("amount", "100"), ("currency", "usd"), ("source", "tok_bypassPending")];
        host.stripe.api("POST", "/v1/charges", &charge).expect(200);
    }
    let payout = host.stripe.control("POST", "/payouts", &json!({ "currency": "usd" }));
    let read = run(&host, "get_payout", &json!({ "payout_id": payout["id"] }));
    let count = read["record"]["properties"]["transactions_count"].as_i64();
    assert!(count >= Some(106), "{count:?}");
    settled(&host);
}

#[test]
fn the_secret_of_every_endpoint_verifies() {
    // Only request types write endpoints: the one that makes them adds 120 more.
    let instance = Instance::new();
    let path =
        "modules/stripe/public/views/partials/response_mapper/create_webhook_endpoint.liquid";
    let mapper = std::fs::read_to_string(instance.root().join(path)).expect("the mapper");
    let more = format!(
        "connect: data.connect %}}, \"records\": [{{% for n in (0..119) %}}{{ \"action\": \"create\", \
        \"table\": \"modules/payments/webhook_endpoint\", \"properties\": {{ \"gateway_id\": \"we_{{{{ n }}}}\", \
        \"secret\": \"{SECRET}_{{{{ n }}}}\" }} }}{{% unless forloop.last %}},{{% endunless %}}{{% endfor %}}]"
    );
    instance.write(path, &mapper.replace("connect: data.connect %}", &more));
    let host = instance.serve();
    for n in [0, 60, 119] {
        let body = json!({ "id": format!("evt_{n}"), "object": "event", "type": "charge.refunded",
            "livemode": false, "created": now(), "data": { "object": { "id": "ch_1" } } });
        let body = body.to_string().into_bytes();
        let signature = header(&body, &format!("{SECRET}_{n}"), now());
        let headers = [("Content-Type", "application/json"), ("Stripe-Signature", &signature)];
        assert_eq!(host.send("POST", "/webhooks/listen", &headers, &body).status, 200, "{n}");
    }
}
