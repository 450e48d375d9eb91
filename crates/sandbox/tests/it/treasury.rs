//! Treasury: financial accounts, and the flows that tests move.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::{Value, json};

const TEST: &str = "/v1/test_helpers/treasury";

async fn account(sandbox: &Sandbox) -> String {
    let form = "supported_currencies[]=usd&features[card_issuing][requested]=true\
        &features[outbound_payments][ach][requested]=true";
    let made = sandbox.post("/v1/treasury/financial_accounts", form).await.ok();
    assert_eq!((&made["status"], &made["balance"]["cash"]["usd"]), (&json!("open"), &json!(0)));
    assert_eq!(made["active_features"], json!(["card_issuing", "outbound_payments.ach"]));
    id(&made)
}

async fn receive(sandbox: &Sandbox, account: &str, what: &str, amount: i64) -> Value {
    let form = format!("financial_account={account}&amount={amount}&currency=usd&network=ach");
    sandbox.post(&format!("{TEST}/{what}"), &form).await.ok()
}

/// Cash, and what is on its way in and out; it must be the sum of the entries.
async fn balance(sandbox: &Sandbox, account: &str) -> [i64; 3] {
    let found = sandbox.get(&format!("/v1/treasury/financial_accounts/{account}")).await.ok();
    let parts = ["cash", "inbound_pending", "outbound_pending"];
    let shown = parts.map(|part| found["balance"][part]["usd"].as_i64().unwrap());
    let path = format!("/v1/treasury/transaction_entries?financial_account={account}&limit=100");
    let entries = sandbox.get(&path).await.ok();
    let entries = entries["data"].as_array().unwrap().clone();
    let sums = parts.map(|part| {
        entries.iter().map(|entry| entry["balance_impact"][part].as_i64().unwrap()).sum::<i64>()
    });
    assert_eq!(shown, sums);
    shown
}

#[tokio::test]
async fn outbound_money_is_posted_returned_failed_and_canceled() {
    let sandbox = Sandbox::start().await;
    let account = account(&sandbox).await;
    receive(&sandbox, &account, "received_credits", 5_000).await;
    for (family, key) in [("outbound_payments", "obp"), ("outbound_transfers", "obt")] {
        let form = format!(
            "financial_account={account}&amount=1000&currency=usd\
             &destination_payment_method_data[type]=us_bank_account\
             &destination_payment_method_data[us_bank_account][account_number]=000123456789"
        );
        let form = match family {
            "outbound_payments" => form,
            _ => format!(
                "financial_account={account}&amount=1000&currency=usd&destination_payment_method=pm_1"
            ),
        };
        let path = format!("/v1/treasury/{family}");
        let before = balance(&sandbox, &account).await;
        let made = sandbox.post(&path, &form).await.ok();
        assert!(id(&made).starts_with(key));
        assert_eq!(balance(&sandbox, &account).await, [before[0] - 1_000, 0, 1_000]);
        let test = format!("{TEST}/{family}/{}", id(&made));
        sandbox.post(&format!("{test}/return"), "").await.refused(400);
        let tracking = "tracking_details[type]=ach&tracking_details[ach][trace_id]=123";
        let tracked = sandbox.post(&test, tracking).await.ok();
        assert_eq!(tracked["tracking_details"]["ach"]["trace_id"], "123");
        assert_eq!(sandbox.post(&format!("{test}/post"), "").await.ok()["status"], "posted");
        assert_eq!(balance(&sandbox, &account).await, [before[0] - 1_000, 0, 0]);
        let back = sandbox.post(&format!("{test}/return"), "").await.ok();
        assert_eq!(back["returned_details"]["code"], "declined");
        assert_eq!(balance(&sandbox, &account).await, before);
        for (action, status) in [("fail", "failed"), ("cancel", "canceled")] {
            let made = sandbox.post(&path, &form).await.ok();
            let at = if action == "cancel" { path.clone() } else { format!("{TEST}/{family}") };
            let ended = sandbox.post(&format!("{at}/{}/{action}", id(&made)), "").await.ok();
            assert_eq!(ended["status"], status);
            assert_eq!(balance(&sandbox, &account).await, before);
        }
    }
    let much = format!(
        "financial_account={account}&amount=6000&currency=usd&destination_payment_method=pm_1"
    );
    let refused = sandbox.post("/v1/treasury/outbound_payments", &much).await.refused(400);
    assert_eq!(refused["code"], "insufficient_funds");
    let told = sandbox.event_types(PLATFORM).await;
    for status in ["created", "posted", "returned", "failed", "canceled"] {
        let kind = format!("treasury.outbound_payment.{status}");
        assert!(told.contains(&kind), "{kind} in {told:?}");
    }
}

#[tokio::test]
async fn inbound_money_succeeds_and_is_returned_or_fails() {
    let sandbox = Sandbox::start().await;
    let account = account(&sandbox).await;
    let form =
        format!("financial_account={account}&amount=700&currency=usd&origin_payment_method=pm_1");
    let path = "/v1/treasury/inbound_transfers";
    let made = sandbox.post(path, &form).await.ok();
    assert_eq!(balance(&sandbox, &account).await, [0, 700, 0]);
    let test = format!("{TEST}/inbound_transfers/{}", id(&made));
    assert_eq!(sandbox.post(&format!("{test}/succeed"), "").await.ok()["status"], "succeeded");
    assert_eq!(balance(&sandbox, &account).await, [700, 0, 0]);
    sandbox.post(&format!("{test}/fail"), "").await.refused(400);
    assert_eq!(sandbox.post(&format!("{test}/return"), "").await.ok()["returned"], true);
    assert_eq!(balance(&sandbox, &account).await, [0, 0, 0]);
    let made = sandbox.post(path, &form).await.ok();
    let test = format!("{TEST}/inbound_transfers/{}", id(&made));
    let failed = sandbox.post(&format!("{test}/fail"), "").await.ok();
    assert_eq!(failed["failure_details"]["code"], "other");
    let made = sandbox.post(path, &form).await.ok();
    let canceled = sandbox.post(&format!("{path}/{}/cancel", id(&made)), "").await.ok();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(balance(&sandbox, &account).await, [0, 0, 0]);
    let close = format!("/v1/treasury/financial_accounts/{account}/close");
    assert_eq!(sandbox.post(&close, "").await.ok()["status"], "closed");
    let refused = sandbox.post(path, &form).await.refused(400);
    assert_eq!(refused["param"], "financial_account");
}

#[tokio::test]
async fn credits_and_debits_are_received_and_reversed() {
    let sandbox = Sandbox::start().await;
    let account = account(&sandbox).await;
    let credit = receive(&sandbox, &account, "received_credits", 900).await;
    let debit = receive(&sandbox, &account, "received_debits", 400).await;
    let failed = receive(&sandbox, &account, "received_debits", 501).await;
    assert_eq!(
        (&failed["status"], &failed["failure_code"]),
        (&json!("failed"), &json!("insufficient_funds"))
    );
    assert_eq!(balance(&sandbox, &account).await[0], 500);
    let form = format!("received_debit={}", id(&debit));
    let back = sandbox.post("/v1/treasury/debit_reversals", &form).await.ok();
    assert_eq!(back["status"], "succeeded");
    assert_eq!(balance(&sandbox, &account).await[0], 900);
    let form = format!("received_credit={}", id(&credit));
    let back = sandbox.post("/v1/treasury/credit_reversals", &form).await.ok();
    assert_eq!(back["status"], "posted");
    sandbox.post("/v1/treasury/credit_reversals", &form).await.refused(400);
    assert_eq!(balance(&sandbox, &account).await[0], 0);
    let path = format!("/v1/treasury/transactions?financial_account={account}&status=posted");
    let posted = sandbox.get(&path).await.ok();
    assert_eq!(posted["data"].as_array().map(Vec::len), Some(4));
    let features = format!("/v1/treasury/financial_accounts/{account}/features");
    let set = sandbox.post(&features, "deposit_insurance[requested]=true").await.ok();
    assert_eq!(set["deposit_insurance"]["status"], "active");
    assert_eq!(sandbox.get(&features).await.ok()["card_issuing"]["requested"], true);
}
