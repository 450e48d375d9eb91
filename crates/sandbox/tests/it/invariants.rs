//! The ledger under random operations: it balances, and balances match their transactions.

use super::client::{PLATFORM, Sandbox, id};
use super::issuing;
use proptest::prelude::*;
use serde_json::{Value, json};

/// One operation; indexes are taken modulo the number of objects.
#[derive(Debug, Clone)]
enum Operation {
    Charge { amount: i64, card: usize, capture: bool },
    Destination { amount: i64, fee: i64, account: usize },
    Direct { amount: i64, fee: i64, account: usize },
    Capture { which: usize, amount: i64 },
    Refund { which: usize, amount: i64, reverse: bool, fee: bool },
    Transfer { amount: i64, account: usize, linked: Option<usize> },
    Reverse { which: usize, amount: i64, fee: bool },
    FeeRefund { which: usize, amount: i64 },
    Payout { amount: i64, account: Option<usize> },
    Intent { amount: i64, method: usize, manual: bool, fee: Option<(i64, usize)> },
    CaptureIntent { which: usize, amount: i64, is_last: bool },
    CancelIntent { which: usize },
    RefundIntent { which: usize, amount: i64 },
    RaiseIntent { which: usize, amount: i64 },
    Spend { action: usize, which: usize, amount: i64 },
    Wait { hours: i64 },
}

/// What happens to an issued card: it is authorized, and then one of these; or a capture without
/// an authorization, or a refund.
const SPENDING: [&str; 7] =
    ["authorize", "capture", "increment", "reverse", "expire", "force", "refund"];

const METHODS: [&str; 6] = [
    "pm_card_visa",
    "pm_card_bypassPending",
    "pm_card_chargeDeclined",
    "pm_card_createDispute",
    "pm_card_pendingRefund",
    "pm_card_authenticationRequired",
];

const CARDS: [&str; 4] =
    ["tok_visa", "tok_bypassPending", "tok_chargeDeclined", "tok_createDispute"];

fn operation() -> impl Strategy<Value = Operation> {
    let amount = 50..20_000i64;
    let part = 1..12_000i64;
    prop_oneof![
        (amount.clone(), 0..4usize, any::<bool>())
            .prop_map(|(amount, card, capture)| Operation::Charge { amount, card, capture }),
        (amount.clone(), 1..3_000i64, 0..2usize)
            .prop_map(|(amount, fee, account)| Operation::Destination { amount, fee, account }),
        (amount.clone(), 1..3_000i64, 0..2usize)
            .prop_map(|(amount, fee, account)| Operation::Direct { amount, fee, account }),
        (any::<usize>(), part.clone())
            .prop_map(|(which, amount)| Operation::Capture { which, amount }),
        (any::<usize>(), part.clone(), any::<bool>(), any::<bool>()).prop_map(
            |(which, amount, reverse, fee)| Operation::Refund { which, amount, reverse, fee }
        ),
        (part.clone(), 0..2usize, prop::option::of(any::<usize>()))
            .prop_map(|(amount, account, linked)| Operation::Transfer { amount, account, linked }),
        (any::<usize>(), part.clone(), any::<bool>())
            .prop_map(|(which, amount, fee)| Operation::Reverse { which, amount, fee }),
        (any::<usize>(), part.clone())
            .prop_map(|(which, amount)| Operation::FeeRefund { which, amount }),
        (part, prop::option::of(0..2usize))
            .prop_map(|(amount, account)| Operation::Payout { amount, account }),
        (1..80i64).prop_map(|hours| Operation::Wait { hours }),
        (amount.clone(), 0..METHODS.len(), any::<bool>(), prop::option::of((1..40i64, 0..2usize)))
            .prop_map(|(amount, method, manual, fee)| Operation::Intent {
                amount,
                method,
                manual,
                fee
            }),
        (any::<usize>(), amount.clone(), any::<bool>()).prop_map(|(which, amount, is_last)| {
            Operation::CaptureIntent { which, amount, is_last }
        }),
        any::<usize>().prop_map(|which| Operation::CancelIntent { which }),
        (any::<usize>(), amount.clone())
            .prop_map(|(which, amount)| Operation::RefundIntent { which, amount }),
        (any::<usize>(), amount)
            .prop_map(|(which, amount)| Operation::RaiseIntent { which, amount }),
        (0..SPENDING.len(), any::<usize>(), 1..3_000i64)
            .prop_map(|(action, which, amount)| Operation::Spend { action, which, amount }),
    ]
}

/// Runs operations against a sandbox with two accounts.
struct Runner {
    sandbox: Sandbox,
    accounts: Vec<String>,
    card: String,
    done: u32,
}

impl Runner {
    async fn nth(&self, account: &str, path: &str, which: usize) -> Option<String> {
        let list = self.sandbox.get_as(account, path).await.ok();
        let data = list["data"].as_array().unwrap();
        (!data.is_empty()).then(|| id(&data[which % data.len()]))
    }

    /// Runs an operation, accepted or refused; only an error of the server fails the test.
    async fn run(&mut self, operation: &Operation) {
        if let Operation::Wait { hours } = operation {
            self.sandbox.control("/clock", json!({"hours": hours})).await.ok();
            return;
        }
        let Some((path, form, account)) = self.request(operation).await else { return };
        let answer = self.sandbox.post_with(&path, &form, &[("stripe-account", &account)]).await;
        assert!(answer.status < 500, "{operation:?}: {:#}", answer.body);
        self.done += u32::from(answer.status == 200);
    }

    /// The path, form and account of a request; `None` when the object it needs does not exist.
    async fn request(&self, operation: &Operation) -> Option<(String, String, String)> {
        let platform = PLATFORM.to_owned();
        Some(match operation {
            Operation::Wait { .. } => return None,
            Operation::Spend { .. } => return self.spend(operation).await,
            Operation::Intent { .. }
            | Operation::CaptureIntent { .. }
            | Operation::CancelIntent { .. }
            | Operation::RefundIntent { .. }
            | Operation::RaiseIntent { .. } => return self.intent(operation).await,
            Operation::Charge { .. } | Operation::Destination { .. } | Operation::Direct { .. } => {
                self.charge(operation)?
            }
            Operation::Capture { which, amount } => {
                let charge = self.nth(PLATFORM, "/v1/charges?limit=100", *which).await?;
                (format!("/v1/charges/{charge}/capture"), format!("amount={amount}"), platform)
            }
            Operation::Refund { which, amount, reverse, fee } => {
                let owner = if which % 3 == 0 { self.accounts[0].clone() } else { platform };
                let charge = self.nth(&owner, "/v1/charges?limit=100", *which / 3).await?;
                let form = format!("charge={charge}&amount={amount}&reverse_transfer={reverse}");
                ("/v1/refunds".into(), format!("{form}&refund_application_fee={fee}"), owner)
            }
            Operation::Transfer { amount, account, linked } => {
                let mut form =
                    format!("amount={amount}&currency=usd&destination={}", self.accounts[*account]);
                if let Some(which) = linked
                    && let Some(charge) = self.nth(PLATFORM, "/v1/charges?limit=100", *which).await
                {
                    form = format!("{form}&source_transaction={charge}");
                }
                ("/v1/transfers".into(), form, platform)
            }
            Operation::Reverse { which, amount, fee } => {
                let transfer = self.nth(PLATFORM, "/v1/transfers?limit=100", *which).await?;
                let form = format!("amount={amount}&refund_application_fee={fee}");
                (format!("/v1/transfers/{transfer}/reversals"), form, platform)
            }
            Operation::FeeRefund { which, amount } => {
                let fee = self.nth(PLATFORM, "/v1/application_fees?limit=100", *which).await?;
                let path = format!("/v1/application_fees/{fee}/refunds");
                (path, format!("amount={amount}"), platform)
            }
            Operation::Payout { amount, account } => {
                let owner = account.map_or(platform, |at| self.accounts[at].clone());
                ("/v1/payouts".into(), format!("amount={amount}&currency=usd"), owner)
            }
        })
    }

    async fn intent(&self, operation: &Operation) -> Option<(String, String, String)> {
        let path = "/v1/payment_intents";
        let nth = |which: usize| self.nth(PLATFORM, "/v1/payment_intents?limit=100", which);
        let (path, form) = match operation {
            Operation::Intent { amount, method, manual, fee } => {
                let capture = if *manual { "manual" } else { "automatic" };
                let shared = fee.map_or(String::new(), |(fee, account)| {
                    let destination = &self.accounts[account];
                    format!(
                        "&application_fee_amount={fee}&transfer_data[destination]={destination}"
                    )
                });
                let method = METHODS[*method];
                let form = format!(
                    "amount={amount}&currency=usd&confirm=true&payment_method={method}&\
                     capture_method={capture}{shared}"
                );
                (path.to_owned(), form)
            }
            Operation::CaptureIntent { which, amount, is_last } => {
                let form = format!("amount_to_capture={amount}&final_capture={is_last}");
                (format!("{path}/{}/capture", nth(*which).await?), form)
            }
            Operation::CancelIntent { which } => {
                (format!("{path}/{}/cancel", nth(*which).await?), String::new())
            }
            Operation::RefundIntent { which, amount } => {
                let form = format!("payment_intent={}&amount={amount}", nth(*which).await?);
                ("/v1/refunds".to_owned(), form)
            }
            Operation::RaiseIntent { which, amount } => {
                let path = format!("{path}/{}/increment_authorization", nth(*which).await?);
                (path, format!("amount={amount}"))
            }
            _ => return None,
        };
        Some((path, form, PLATFORM.to_owned()))
    }

    async fn spend(&self, operation: &Operation) -> Option<(String, String, String)> {
        let Operation::Spend { action, which, amount } = operation else { return None };
        let test = "/v1/test_helpers/issuing";
        let (path, form) = match SPENDING[*action] {
            "authorize" => {
                let form = format!("card={}&amount={amount}", self.card);
                (format!("{test}/authorizations"), form)
            }
            "force" => {
                let form = format!("card={}&amount={amount}&currency=usd", self.card);
                (format!("{test}/transactions/create_force_capture"), form)
            }
            "refund" => {
                let list = "/v1/issuing/transactions?limit=100&type=capture";
                let one = self.nth(PLATFORM, list, *which).await?;
                (format!("{test}/transactions/{one}/refund"), format!("refund_amount={amount}"))
            }
            action => {
                let list = "/v1/issuing/authorizations?limit=100";
                let one = self.nth(PLATFORM, list, *which).await?;
                let form = match action {
                    "capture" => {
                        format!("capture_amount={amount}&close_authorization={}", which % 2 == 0)
                    }
                    "expire" => String::new(),
                    action => format!("{action}_amount={amount}"),
                };
                (format!("{test}/authorizations/{one}/{action}"), form)
            }
        };
        Some((path, form, PLATFORM.to_owned()))
    }

    /// What is held for issued cards is what their authorizations say.
    async fn check_holds(&self) {
        let list = self.sandbox.get("/v1/issuing/authorizations?limit=100").await.ok();
        let sum = |items: &Value, name: &str| -> i64 {
            items.as_array().unwrap().iter().map(|one| one[name].as_i64().unwrap()).sum()
        };
        let mut held = 0;
        for kind in ["issuing_authorization_hold", "issuing_authorization_release"] {
            let path = format!("/v1/balance_transactions?limit=100&type={kind}");
            held -= sum(&self.sandbox.get(&path).await.ok()["data"], "net");
        }
        assert_eq!(held, sum(&list["data"], "amount"));
    }

    fn charge(&self, operation: &Operation) -> Option<(String, String, String)> {
        let (form, account) = match operation {
            Operation::Charge { amount, card, capture } => {
                let card = CARDS[*card];
                let form = format!("amount={amount}&source={card}&capture={capture}");
                (form, PLATFORM.to_owned())
            }
            Operation::Destination { amount, fee, account } => {
                let destination = &self.accounts[*account];
                let form = format!(
                    "amount={amount}&source=tok_visa&application_fee_amount={fee}\
                     &transfer_data[destination]={destination}"
                );
                (form, PLATFORM.to_owned())
            }
            Operation::Direct { amount, fee, account } => {
                let form = format!("amount={amount}&source=tok_visa&application_fee_amount={fee}");
                (form, self.accounts[*account].clone())
            }
            _ => return None,
        };
        Some(("/v1/charges".into(), format!("{form}&currency=usd"), account))
    }

    async fn check(&self, operation: &Operation) {
        let ledger = self.sandbox.ledger().await;
        assert_eq!(ledger["faults"], json!([]), "after {operation:?}: {ledger:#}");
        let of = |list: &Value, account: &str, field: &str| -> i64 {
            let mut entries = list.as_array().unwrap().iter();
            let entry = entries.find(|entry| entry["account"] == account);
            entry.map_or(0, |entry| entry[field].as_i64().unwrap())
        };
        if matches!(operation, Operation::Spend { .. }) {
            self.check_holds().await;
        }
        for account in self.accounts.iter().map(String::as_str).chain([PLATFORM]) {
            let (available, pending) = self.sandbox.balance(account).await;
            let net = of(&ledger["nets"], account, "net");
            assert_eq!(available + pending, net, "{account} after {operation:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_ledger_balances_after_every_operation(
        operations in prop::collection::vec(operation(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sandbox = Sandbox::start().await;
            let mut accounts = Vec::new();
            for _ in 0..2 {
                let account = sandbox.account().await;
                let path = format!("/v1/accounts/{account}/external_accounts");
                sandbox.post(&path, "external_account=btok_us_verified_noAccount").await.ok();
                accounts.push(account);
            }
            let card = issuing::active_card(&sandbox, "").await;
            let mut runner = Runner { sandbox, accounts, card, done: 0 };
            for operation in &operations {
                runner.run(operation).await;
                runner.check(operation).await;
            }
        });
    }
}
