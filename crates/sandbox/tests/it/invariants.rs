//! The books under random operations: they always balance, and every balance is the sum of its rows.

use super::client::{PLATFORM, Sandbox, id};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One thing somebody does; numbers are taken modulo what is there.
#[derive(Debug, Clone)]
enum Deed {
    Charge { amount: i64, card: usize, capture: bool },
    Destination { amount: i64, fee: i64, account: usize },
    Direct { amount: i64, fee: i64, account: usize },
    Capture { which: usize, amount: i64 },
    Refund { which: usize, amount: i64, reverse: bool, fee: bool },
    Transfer { amount: i64, account: usize, linked: Option<usize> },
    Reverse { which: usize, amount: i64, fee: bool },
    FeeRefund { which: usize, amount: i64 },
    Payout { amount: i64, account: Option<usize> },
    Wait { hours: i64 },
}

const CARDS: [&str; 4] =
    ["tok_visa", "tok_bypassPending", "tok_chargeDeclined", "tok_createDispute"];

fn deed() -> impl Strategy<Value = Deed> {
    let amount = 50..20_000i64;
    let part = 1..12_000i64;
    prop_oneof![
        (amount.clone(), 0..4usize, any::<bool>())
            .prop_map(|(amount, card, capture)| Deed::Charge { amount, card, capture }),
        (amount.clone(), 1..3_000i64, 0..2usize)
            .prop_map(|(amount, fee, account)| Deed::Destination { amount, fee, account }),
        (amount.clone(), 1..3_000i64, 0..2usize).prop_map(|(amount, fee, account)| Deed::Direct {
            amount,
            fee,
            account
        }),
        (any::<usize>(), part.clone()).prop_map(|(which, amount)| Deed::Capture { which, amount }),
        (any::<usize>(), part.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(which, amount, reverse, fee)| Deed::Refund { which, amount, reverse, fee }),
        (part.clone(), 0..2usize, prop::option::of(any::<usize>()))
            .prop_map(|(amount, account, linked)| Deed::Transfer { amount, account, linked }),
        (any::<usize>(), part.clone(), any::<bool>())
            .prop_map(|(which, amount, fee)| Deed::Reverse { which, amount, fee }),
        (any::<usize>(), part.clone())
            .prop_map(|(which, amount)| Deed::FeeRefund { which, amount }),
        (part, prop::option::of(0..2usize))
            .prop_map(|(amount, account)| Deed::Payout { amount, account }),
        (1..80i64).prop_map(|hours| Deed::Wait { hours }),
    ]
}

/// Remembers ids, so that deeds can name things.
struct Player {
    sandbox: Sandbox,
    accounts: Vec<String>,
    done: u32,
}

impl Player {
    async fn nth(&self, account: &str, path: &str, which: usize) -> Option<String> {
        let list = self.sandbox.get_as(account, path).await.ok();
        let data = list["data"].as_array().unwrap();
        (!data.is_empty()).then(|| id(&data[which % data.len()]))
    }

    /// Does it, allowed or not; only a broken server is an error.
    async fn play(&mut self, deed: &Deed) {
        let (path, form, account) = match deed {
            Deed::Charge { amount, card, capture } => (
                "/v1/charges".into(),
                format!("amount={amount}&currency=usd&source={}&capture={capture}", CARDS[*card]),
                PLATFORM.to_owned(),
            ),
            Deed::Destination { amount, fee, account } => (
                "/v1/charges".into(),
                format!(
                    "amount={amount}&currency=usd&source=tok_visa&application_fee_amount={fee}&transfer_data[destination]={}",
                    self.accounts[*account]
                ),
                PLATFORM.to_owned(),
            ),
            Deed::Direct { amount, fee, account } => (
                "/v1/charges".into(),
                format!(
                    "amount={amount}&currency=usd&source=tok_visa&application_fee_amount={fee}"
                ),
                self.accounts[*account].clone(),
            ),
            Deed::Capture { which, amount } => {
                let Some(charge) = self.nth(PLATFORM, "/v1/charges?limit=100", *which).await else {
                    return;
                };
                (
                    format!("/v1/charges/{charge}/capture"),
                    format!("amount={amount}"),
                    PLATFORM.to_owned(),
                )
            }
            Deed::Refund { which, amount, reverse, fee } => {
                let owner = match which % 3 {
                    0 => self.accounts[0].clone(),
                    _ => PLATFORM.to_owned(),
                };
                let Some(charge) = self.nth(&owner, "/v1/charges?limit=100", *which / 3).await
                else {
                    return;
                };
                let form = format!(
                    "charge={charge}&amount={amount}&reverse_transfer={reverse}&refund_application_fee={fee}"
                );
                ("/v1/refunds".into(), form, owner)
            }
            Deed::Transfer { amount, account, linked } => {
                let mut form =
                    format!("amount={amount}&currency=usd&destination={}", self.accounts[*account]);
                if let Some(which) = linked
                    && let Some(charge) = self.nth(PLATFORM, "/v1/charges?limit=100", *which).await
                {
                    form = format!("{form}&source_transaction={charge}");
                }
                ("/v1/transfers".into(), form, PLATFORM.to_owned())
            }
            Deed::Reverse { which, amount, fee } => {
                let Some(transfer) = self.nth(PLATFORM, "/v1/transfers?limit=100", *which).await
                else {
                    return;
                };
                (
                    format!("/v1/transfers/{transfer}/reversals"),
                    format!("amount={amount}&refund_application_fee={fee}"),
                    PLATFORM.to_owned(),
                )
            }
            Deed::FeeRefund { which, amount } => {
                let Some(fee) = self.nth(PLATFORM, "/v1/application_fees?limit=100", *which).await
                else {
                    return;
                };
                (
                    format!("/v1/application_fees/{fee}/refunds"),
                    format!("amount={amount}"),
                    PLATFORM.to_owned(),
                )
            }
            Deed::Payout { amount, account } => {
                let owner = account.map_or(PLATFORM.to_owned(), |at| self.accounts[at].clone());
                ("/v1/payouts".into(), format!("amount={amount}&currency=usd"), owner)
            }
            Deed::Wait { hours } => {
                self.sandbox.control("/clock", json!({"hours": hours})).await.ok();
                return;
            }
        };
        let answer = self.sandbox.post_with(&path, &form, &[("stripe-account", &account)]).await;
        assert!(answer.status < 500, "{deed:?}: {:#}", answer.body);
        self.done += u32::from(answer.status == 200);
    }

    async fn check(&self, deed: &Deed) {
        let ledger = self.sandbox.ledger().await;
        assert_eq!(ledger["faults"], json!([]), "after {deed:?}: {ledger:#}");
        let of = |list: &Value, account: &str, field: &str| -> i64 {
            let mut entries = list.as_array().unwrap().iter();
            let entry = entries.find(|entry| entry["account"] == account);
            entry.map_or(0, |entry| entry[field].as_i64().unwrap())
        };
        for account in self.accounts.iter().map(String::as_str).chain([PLATFORM]) {
            let (available, pending) = self.sandbox.balance(account).await;
            let net = of(&ledger["nets"], account, "net");
            assert_eq!(available + pending, net, "{account} after {deed:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_balance_after_every_deed(deeds in prop::collection::vec(deed(), 1..40)) {
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
            let mut player = Player { sandbox, accounts, done: 0 };
            for deed in &deeds {
                player.play(deed).await;
                player.check(deed).await;
            }
        });
    }
}
