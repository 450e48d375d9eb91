//! Every operation that moves money, at random: the books balance to the smallest unit, and what an
//! object says of its parts is their sum.

use super::client::{PLATFORM, Sandbox, id};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One operation: which of [`OPERATIONS`], on which object, with how much, and a choice.
type Step = (usize, usize, i64, bool);

const OPERATIONS: [&str; 21] = [
    "charge",
    "intent",
    "destination",
    "capture",
    "refund",
    "refund_intent",
    "cancel_intent",
    "close_dispute",
    "submit_evidence",
    "transfer",
    "reversal",
    "fee_refund",
    "payout",
    "cancel_payout",
    "reverse_payout",
    "topup",
    "cancel_topup",
    "invoice",
    "pay_invoice",
    "credit_note",
    "wait",
];

struct Runner {
    sandbox: Sandbox,
    account: String,
    customer: String,
    done: Vec<&'static str>,
}

impl Runner {
    async fn start() -> Self {
        let sandbox = Sandbox::start().await;
        let account = sandbox.account().await;
        let path = format!("/v1/accounts/{account}/external_accounts");
        sandbox.post(&path, "external_account=btok_us_verified_noAccount").await.ok();
        let customer = id(&sandbox.post("/v1/customers", "source=tok_visa").await.ok());
        Self { sandbox, account, customer, done: Vec::new() }
    }

    async fn all(&self, family: &str) -> Vec<Value> {
        let list = self.sandbox.get(&format!("/v1/{family}?limit=100")).await.ok();
        list["data"].as_array().unwrap().clone()
    }

    async fn nth(&self, family: &str, which: usize) -> Option<String> {
        let all = self.all(family).await;
        (!all.is_empty()).then(|| id(&all[which % all.len()]))
    }

    /// The path and the form of an operation; `None` without an object for it.
    async fn request(&self, step: &Step) -> Option<(String, String)> {
        let (operation, which, amount, flag) = *step;
        let (account, customer) = (&self.account, &self.customer);
        let new = |family: &str, form: String| Some((format!("/v1/{family}"), form));
        let card = ["tok_visa", "tok_bypassPending", "tok_createDispute"][which % 3];
        let method = ["pm_card_visa", "pm_card_createDispute", "pm_card_pendingRefund"][which % 3];
        let paid = format!("amount={amount}&currency=usd");
        match OPERATIONS[operation] {
            "charge" => new("charges", format!("{paid}&source={card}&capture={flag}")),
            "destination" => {
                let fee = amount / 10;
                let more =
                    format!("application_fee_amount={fee}&transfer_data[destination]={account}");
                new("charges", format!("{paid}&source=tok_visa&{more}"))
            }
            "intent" => {
                let capture = if flag { "manual" } else { "automatic" };
                let more = format!("confirm=true&payment_method={method}&capture_method={capture}");
                let never = "automatic_payment_methods[enabled]=true\
                             &automatic_payment_methods[allow_redirects]=never";
                new("payment_intents", format!("{paid}&{more}&{never}"))
            }
            "transfer" => new("transfers", format!("{paid}&destination={account}")),
            "payout" => new("payouts", paid),
            "topup" => new("topups", paid),
            "refund" => {
                let charge = self.nth("charges", which).await?;
                new("refunds", format!("charge={charge}&amount={amount}"))
            }
            "refund_intent" => {
                let intent = self.nth("payment_intents", which).await?;
                new("refunds", format!("payment_intent={intent}"))
            }
            "invoice" => {
                let item = format!("customer={customer}&{paid}");
                self.sandbox.post("/v1/invoiceitems", &item).await.ok();
                let include = "pending_invoice_items_behavior=include&auto_advance=false";
                new("invoices", format!("customer={customer}&{include}"))
            }
            "credit_note" => {
                let invoice = self.nth("invoices", which).await?;
                let to = if flag { "refund_amount" } else { "credit_amount" };
                let path = format!("/v1/invoices/{invoice}");
                let is_paid = self.sandbox.get(&path).await.ok()["status"] == "paid";
                let more = if is_paid { format!("&{to}={amount}") } else { String::new() };
                new("credit_notes", format!("invoice={invoice}&amount={amount}{more}"))
            }
            other => self.action(other, which, amount).await,
        }
    }

    /// An operation on an object that is there.
    async fn action(&self, name: &str, which: usize, amount: i64) -> Option<(String, String)> {
        let (family, action, form) = match name {
            "capture" => ("charges", "/capture", format!("amount={amount}")),
            "cancel_intent" => ("payment_intents", "/cancel", String::new()),
            "close_dispute" => ("disputes", "/close", String::new()),
            "submit_evidence" => {
                let text =
                    if which.is_multiple_of(2) { "winning_evidence" } else { "losing_evidence" };
                ("disputes", "", format!("evidence[uncategorized_text]={text}&submit=true"))
            }
            "reversal" => ("transfers", "/reversals", format!("amount={amount}")),
            "fee_refund" => ("application_fees", "/refunds", format!("amount={}", amount / 20)),
            "cancel_payout" => ("payouts", "/cancel", String::new()),
            "reverse_payout" => ("payouts", "/reverse", String::new()),
            "cancel_topup" => ("topups", "/cancel", String::new()),
            "pay_invoice" => ("invoices", "/pay", String::new()),
            _ => return None,
        };
        let one = self.nth(family, which).await?;
        Some((format!("/v1/{family}/{one}{action}"), form))
    }

    async fn run(&mut self, step: &Step) {
        let name = OPERATIONS[step.0];
        if name == "wait" {
            self.sandbox.control("/clock", json!({"hours": step.2 / 100})).await.ok();
            return;
        }
        let Some((path, form)) = self.request(step).await else { return };
        let answer = self.sandbox.post(&path, &form).await;
        assert!(answer.status < 500, "{name} {form}: {:#}", answer.body);
        if answer.status == 200 {
            self.done.push(name);
        }
    }

    async fn check(&self, step: &Step) {
        let ledger = self.sandbox.ledger().await;
        assert_eq!(ledger["faults"], json!([]), "after {step:?}: {ledger:#}");
        for account in [PLATFORM, &self.account] {
            let (available, pending) = self.sandbox.balance(account).await;
            let nets = ledger["nets"].as_array().unwrap().iter();
            let net: i64 = nets
                .filter(|one| one["account"] == account && one["currency"] == "usd")
                .map(|one| one["net"].as_i64().unwrap())
                .sum();
            assert_eq!(available + pending, net, "{account} after {step:?}");
        }
    }

    /// What charges, transfers, fees and the customer say is the sum of their parts.
    async fn check_sums(&self) {
        // An authorization that is released counts as refunded, without a refund.
        let captured = |charge: &Value| charge["captured"] == true;
        for charge in self.all("charges").await.into_iter().filter(captured) {
            let path = format!("refunds?charge={}", id(&charge));
            let refunds = self.sandbox.get(&format!("/v1/{path}&limit=100")).await.ok();
            let refunds = refunds["data"].as_array().unwrap().iter();
            let counted =
                refunds.filter(|one| one["status"] != "failed" && one["status"] != "canceled");
            assert_eq!(charge["amount_refunded"], sum(counted, "amount"), "{charge:#}");
            assert!(charge["amount_refunded"].as_i64() <= charge["amount"].as_i64());
        }
        for (family, parts, said) in [
            ("transfers", "reversals", "amount_reversed"),
            ("application_fees", "refunds", "amount_refunded"),
        ] {
            for whole in self.all(family).await {
                let path = format!("/v1/{family}/{}/{parts}?limit=100", id(&whole));
                let list = self.sandbox.get(&path).await.ok();
                assert_eq!(whole[said], sum(list["data"].as_array().unwrap().iter(), "amount"));
                assert!(whole[said].as_i64() <= whole["amount"].as_i64());
            }
        }
        for invoice in self.all("invoices").await {
            let of = |name: &str| invoice[name].as_i64().unwrap();
            if invoice["status"] != "draft" {
                assert_eq!(
                    of("amount_due"),
                    of("amount_paid") + of("amount_remaining"),
                    "{invoice:#}"
                );
            }
        }
        let path = format!("/v1/customers/{}", self.customer);
        let customer = self.sandbox.get(&path).await.ok();
        let rows = self.sandbox.get(&format!("{path}/balance_transactions?limit=100")).await.ok();
        assert_eq!(customer["balance"], sum(rows["data"].as_array().unwrap().iter(), "amount"));
    }
}

fn sum<'v>(objects: impl Iterator<Item = &'v Value>, field: &str) -> i64 {
    objects.map(|one| one[field].as_i64().unwrap()).sum()
}

/// Runs steps; returns what was done.
async fn run(steps: &[Step]) -> Vec<&'static str> {
    let mut runner = Runner::start().await;
    for step in steps {
        runner.run(step).await;
        runner.check(step).await;
    }
    runner.check_sums().await;
    runner.done
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_books_balance_whatever_happens(
        steps in prop::collection::vec(
            (0..OPERATIONS.len(), 0..50usize, 50..9_000i64, any::<bool>()), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(&steps));
    }
}

#[tokio::test]
async fn every_operation_is_done_at_least_once() {
    let mut steps: Vec<Step> = Vec::new();
    let mut add = |name: &str, which: usize, amount: i64, flag: bool| {
        let at = OPERATIONS.iter().position(|one| *one == name).unwrap();
        steps.push((at, which, amount, flag));
    };
    add("charge", 1, 9_000, true);
    add("refund", 0, 100, true);
    add("charge", 0, 500, false);
    add("capture", 0, 500, true);
    add("intent", 0, 800, false);
    add("refund_intent", 0, 800, false);
    add("intent", 0, 700, true);
    add("cancel_intent", 0, 700, true);
    add("charge", 2, 600, true);
    add("submit_evidence", 0, 600, true);
    add("charge", 2, 650, true);
    add("close_dispute", 0, 650, true);
    add("destination", 0, 2_000, true);
    add("fee_refund", 0, 400, true);
    add("transfer", 0, 300, true);
    add("reversal", 0, 100, true);
    add("topup", 0, 4_000, true);
    add("cancel_topup", 0, 4_000, true);
    add("payout", 0, 200, true);
    add("cancel_payout", 0, 200, true);
    add("payout", 0, 200, true);
    add("wait", 0, 7_200, true);
    add("reverse_payout", 0, 200, true);
    add("invoice", 0, 1_500, true);
    add("pay_invoice", 0, 1_500, true);
    add("credit_note", 0, 500, true);
    add("invoice", 0, 1_200, true);
    let done = run(&steps).await;
    let missing: Vec<_> =
        OPERATIONS.iter().filter(|name| **name != "wait" && !done.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
