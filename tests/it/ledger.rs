//! Balances: after operations of the request types that move money, changes made outside the runtime and
//! repeated calls, the records add up to what the ledger holds, to the smallest unit.

use crate::support::host::TestHost;
use crate::support::http::send;
use crate::support::wait::eventually;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const PLATFORM: &str = "acct_1SluicegatePlatform";
const CURRENCIES: [&str; 3] = ["usd", "eur", "jpy"];
/// Longer than the retry delay of a refused event.
const EVENTS_ARRIVE: Duration = Duration::from_secs(10);
/// The balances of accounts by currency.
type Balances = BTreeMap<(String, String), i64>;

/// The request types that run here: those whose records are in the books, and what they need.
const ALL: [&str; 17] = [
    "create_customer",
    "create_payment",
    "capture_payment",
    "create_refund",
    "create_account",
    "delete_account",
    "create_transfer",
    "create_credit_card",
    "delete_credit_card",
    "get_account",
    "get_payout",
    "get_persons",
    "get_webhook_endpoints",
    "create_webhook_endpoint",
    "create_person",
    "reverse_transfer",
    "refund_application_fee",
];

/// One operation; its meaning depends on which objects exist by then.
#[derive(Debug, Clone)]
struct Operation {
    /// The request type, or beyond them a change made at Stripe.
    kind: usize,
    /// Selects the object and the variant.
    pick: usize,
    amount: i64,
    /// Sent again afterwards with the same key.
    twice: bool,
    /// The answer is lost.
    lost: bool,
}

/// Changes made at Stripe: a reversal, a refunded fee, a payout.
const EXTERNAL: usize = 3;

fn deeds() -> impl Strategy<Value = Vec<Operation>> {
    let kinds = prop_oneof![
        2 => 0..ALL.len() + EXTERNAL,
        // Money first, because everything else needs it.
        3 => prop::sample::select(vec![1_usize, 1, 2, 3, 6, ALL.len(), ALL.len() + 1]),
    ];
    let lost = prop::bool::weighted(0.04);
    let deed = (kinds, 0..1000_usize, 1..90_000_i64, prop::bool::weighted(0.3), lost);
    let deed = deed.prop_map(|(kind, pick, amount, twice, lost)| Operation {
        kind,
        pick,
        amount,
        twice,
        lost,
    });
    prop::collection::vec(deed, 25..60)
}

/// A host, and the objects created on it so far.
struct Shop {
    host: TestHost,
    customers: Vec<String>,
    cards: Vec<(String, String, String)>,
    accounts: Vec<String>,
    /// Charges with their currency.
    charges: Vec<(String, String)>,
    held: Vec<(String, i64)>,
    payouts: Vec<String>,
    keys: u32,
    done: BTreeSet<&'static str>,
}

fn id(outcome: &Json) -> Option<String> {
    outcome["gateway"]["id"].as_str().map(str::to_owned)
}

fn any<T: Clone>(of: &[T], pick: usize) -> Option<T> {
    (!of.is_empty()).then(|| of[pick % of.len()].clone())
}

impl Shop {
    fn open() -> Self {
        let host = TestHost::start();
        // Stripe's own fees are not in our records.
        host.stripe.control("POST", "/settings", &json!({ "fee_basis_points": 0, "fee_fixed": 0 }));
        let mut shop = Self {
            host,
            customers: Vec::new(),
            cards: Vec::new(),
            accounts: Vec::new(),
            charges: Vec::new(),
            held: Vec::new(),
            payouts: Vec::new(),
            keys: 0,
            done: BTreeSet::new(),
        };
        let account =
            json!({ "email": "m@example.com", "country": "US", "business_type": "individual" });
        let account = shop.ask("create_account", account, false).expect("an answer");
        shop.accounts.extend(id(&account));
        shop
    }

    fn act(&mut self, deed: &Operation) -> Result<(), TestCaseError> {
        let Operation { kind, pick, amount, twice, lost } = deed.clone();
        let Some(&name) = ALL.get(kind) else {
            self.outside(kind - ALL.len(), pick, amount);
            return Ok(());
        };
        let Some(data) = self.data(name, pick, amount) else { return Ok(()) };
        if lost {
            self.host.stripe.breaks("/v1/*", "drop_after", 1);
        }
        let outcome = self.ask(name, data.clone(), twice)?;
        let state = outcome["state"].as_str().unwrap_or_default();
        prop_assert!(
            ["completed", "declined", "failed"].contains(&state),
            "{} {} became {}",
            name,
            data,
            outcome
        );
        if state == "completed" {
            self.done.insert(name);
            self.remember(name, &data, &outcome);
        }
        Ok(())
    }

    /// The call of a request type; `None` when an object that it needs does not exist.
    fn data(&self, name: &str, pick: usize, amount: i64) -> Option<Json> {
        let currency = CURRENCIES[pick % 7 % CURRENCIES.len()];
        Some(match name {
            "create_customer" => {
                json!({ "email": format!("c{pick}@example.com"), "source": "tok_visa" })
            }
            "create_payment" => self.payment(pick, amount, currency),
            "capture_payment" => {
                let (charge, whole) = any(&self.held, pick)?;
                let part = if pick.is_multiple_of(2) { whole } else { (whole / 2).max(50) };
                json!({ "gateway_id": charge, "amount": part })
            }
            "create_refund" => {
                let (charge, _) = any(&self.charges, pick)?;
                let mut data = json!({ "charge": charge });
                // Sometimes more than there is: refused, and nothing moves.
                if !pick.is_multiple_of(3) {
                    data["amount"] = json!(amount % 20_000 + 1);
                }
                if pick.is_multiple_of(2) {
                    data["reverse_transfer"] = json!(true);
                    data["refund_application_fee"] = json!(pick.is_multiple_of(4));
                }
                data
            }
            "create_account" => json!({ "email": format!("a{pick}@example.com"), "country": "US",
                "business_type": "individual" }),
            "create_transfer" => json!({ "amount": amount, "currency": currency,
                "destination": any(&self.accounts, pick)? }),
            "create_credit_card" => {
                json!({ "customer_id": any(&self.customers, pick)?, "source": "tok_mastercard" })
            }
            "delete_credit_card" => {
                let (customer, card, record) = any(&self.cards, pick)?;
                json!({ "customer_id": customer, "gateway_id": card, "id": record })
            }
            "get_payout" => json!({ "payout_id": any(&self.payouts, pick)? }),
            "get_webhook_endpoints" => json!({}),
            "create_webhook_endpoint" => {
                json!({ "url": format!("https://shop.example/hooks/{pick}"),
                "enabled_events": ["charge.refunded"] })
            }
            "create_person" => {
                json!({ "account_id": any(&self.accounts, pick)?, "first_name": "Ada",
                "last_name": "Potter" })
            }
            "reverse_transfer" => {
                json!({ "gateway_id": any(&self.listed("transfers"), pick)?, "amount": amount })
            }
            "refund_application_fee" => {
                let fee = any(&self.listed("application_fees"), pick)?;
                json!({ "fee": fee, "amount": amount % 1000 + 1 })
            }
            // get_account, get_persons, delete_account
            _ => json!({ "gateway_id": any(&self.accounts, pick)? }),
        })
    }

    /// The ids of a list at Stripe.
    fn listed(&self, path: &str) -> Vec<String> {
        let list = self.host.stripe.read(&format!("/v1/{path}?limit=100"));
        let all = list["data"].as_array().cloned().unwrap_or_default();
        all.iter().filter_map(|one| one["id"].as_str().map(str::to_owned)).collect()
    }

    fn payment(&self, pick: usize, amount: i64, currency: &str) -> Json {
        let amount = amount + 100;
        let mut data =
            json!({ "amount": amount, "currency": currency, "source": "tok_bypassPending" });
        match pick % 6 {
            0 => data["source"] = json!("tok_chargeDeclined"),
            1 => data["capture"] = json!(false),
            2 | 3 => {
                if let Some(account) = any(&self.accounts, pick) {
                    data["destination"] = json!(account);
                    data["application_fee"] = json!(amount / 10 + 1);
                }
            }
            _ => {}
        }
        data
    }

    /// Calls until the outcome is final; with `twice` once more, which changes nothing.
    fn ask(&mut self, name: &'static str, data: Json, twice: bool) -> Result<Json, TestCaseError> {
        self.keys += 1;
        let body = json!({ "data": data, "idempotency_key": format!("deed-{}", self.keys) });
        let ask = || {
            eventually("a settled answer", || {
                // Without an answer it is asked again with its key, as a client would.
                let kind = [("Content-Type", "application/json")];
                let path = format!("/api/request_types/{name}");
                let body = body.to_string();
                let answer = send(self.host.addr, "POST", &path, &kind, body.as_bytes())?;
                if answer.status == 202 { Err(answer.text()) } else { Ok(answer.json()) }
            })
        };
        let outcome = ask();
        if twice {
            let again = ask();
            prop_assert_eq!(&again["replayed"], &json!(true), "{}", again);
            for part in ["execution", "state", "gateway", "record"] {
                prop_assert_eq!(&again[part], &outcome[part], "{}", name);
            }
        }
        Ok(outcome)
    }

    fn remember(&mut self, name: &str, data: &Json, outcome: &Json) {
        let id = id(outcome).unwrap_or_default();
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        match name {
            "create_customer" => self.customers.push(id),
            "create_account" => self.accounts.push(id),
            "delete_account" => self.accounts.retain(|one| *one != text("gateway_id")),
            "create_credit_card" => {
                let record = outcome["record"]["id"].as_str().unwrap_or_default().to_owned();
                self.cards.push((text("customer_id"), id, record));
            }
            "delete_credit_card" => self.cards.retain(|(_, card, _)| *card != text("gateway_id")),
            "create_payment" if data["capture"] == false => {
                self.held.push((id, data["amount"].as_i64().unwrap_or(0)));
            }
            "create_payment" => self.charges.push((id, text("currency"))),
            "capture_payment" => {
                self.held.retain(|(charge, _)| *charge != id);
                self.charges.push((id, "usd".to_owned()));
            }
            _ => {}
        }
    }

    /// A change made in Stripe's dashboard, or by Stripe.
    fn outside(&mut self, kind: usize, pick: usize, amount: i64) {
        let stripe = &self.host.stripe;
        let list = |path: &str| stripe.read(path)["data"].as_array().cloned().unwrap_or_default();
        let part = (amount % 5_000 + 1).to_string();
        // Each may be refused when the balance is too low: then nothing moves.
        match kind {
            0 => {
                if let Some(transfer) = any(&list("/v1/transfers?limit=100"), pick) {
                    let path =
                        format!("/v1/transfers/{}/reversals", transfer["id"].as_str().unwrap());
                    stripe.api("POST", &path, &[("amount", &part)]);
                }
            }
            1 => {
                if let Some(fee) = any(&list("/v1/application_fees?limit=100"), pick) {
                    let path =
                        format!("/v1/application_fees/{}/refunds", fee["id"].as_str().unwrap());
                    stripe.api("POST", &path, &[("amount", &part)]);
                }
            }
            _ => {
                // The available balance; refused when it is zero.
                let body = json!({ "currency": CURRENCIES[pick % CURRENCIES.len()] }).to_string();
                let kind = [("Content-Type", "application/json")];
                let answer = send(stripe.addr, "POST", "/_sandbox/payouts", &kind, body.as_bytes());
                let made = answer.expect("an answer").json();
                self.payouts.extend(made["id"].as_str().map(str::to_owned));
            }
        }
    }

    /// Compares the balances, once the last events have arrived.
    fn balances(&self) -> Result<(), TestCaseError> {
        let begun = Instant::now();
        loop {
            let (ledger, records) = (self.ledger(), self.records());
            if ledger == records {
                return Ok(());
            }
            if begun.elapsed() > EVENTS_ARRIVE {
                let rows = self.moves();
                let why = format!(
                    "the ledger holds {ledger:#?}, our records say {records:#?}: {rows:#?}"
                );
                return Err(TestCaseError::fail(why));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The records that move money, for a message.
    fn moves(&self) -> Vec<String> {
        let tables = ["payment", "refund", "transfer", "payout"];
        let all = tables.into_iter().flat_map(|table| {
            let records = self.host.records(&format!("modules/payments/{table}"));
            records.into_iter().map(move |record| {
                let one = &record["properties"];
                let of = |name: &str| one[name].to_string();
                [
                    table.to_owned(),
                    of("gateway_id"),
                    of("state"),
                    of("amount_cents"),
                    of("currency"),
                ]
                .join(" ")
            })
        });
        all.collect()
    }

    /// The ledger's balances that are not zero.
    fn ledger(&self) -> Balances {
        let ledger = self.host.stripe.ledger();
        let all = ledger["balances"].as_array().expect("balances");
        let mut books = Balances::new();
        for one in all {
            let sum = one["available"].as_i64().unwrap_or(0) + one["pending"].as_i64().unwrap_or(0);
            add(&mut books, &one["account"], &one["currency"], sum);
        }
        books.retain(|_, sum| *sum != 0);
        books
    }

    /// The balances according to the records.
    fn records(&self) -> Balances {
        let path = self.host.instance.root().join("data/sluicegate.db");
        let database = Connection::open(path).expect("the database");
        let mut statement = database
            .prepare("SELECT table_name, properties FROM records WHERE table_name LIKE 'modules/payments/%'")
            .expect("a statement");
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
            .expect("rows");
        let (platform, mut books) = (json!(PLATFORM), Balances::new());
        for row in rows {
            let (table, properties) = row.expect("a row");
            let one: Json = serde_json::from_str(&properties).expect("JSON");
            let cents = |name: &str| one[name].as_i64().unwrap_or(0);
            let mut book =
                |account: &Json, sum: i64| add(&mut books, account, &one["currency"], sum);
            match table.rsplit('/').next() {
                Some("payment") if cents("amount_captured_cents") > 0 => {
                    book(&platform, cents("amount_captured_cents"));
                    let fee =
                        cents("application_fee_cents") - cents("application_fee_refunded_cents");
                    if !one["destination"].is_null() {
                        book(&platform, fee);
                        book(&one["destination"], -fee);
                    }
                }
                Some("refund") if one["state"] == "succeeded" => {
                    book(&platform, -cents("amount_cents"))
                }
                Some("transfer") => {
                    let moved = cents("amount_cents") - cents("amount_reversed_cents");
                    book(&platform, -moved);
                    book(&one["account_id"], moved);
                }
                Some("payout") if one["state"] != "failed" => {
                    let account = one["account_id"].as_str().unwrap_or(PLATFORM);
                    book(&json!(account), -cents("amount_cents"));
                }
                _ => {}
            }
        }
        books.retain(|_, sum| *sum != 0);
        books
    }
}

fn add(books: &mut Balances, account: &Json, currency: &Json, sum: i64) {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    *books.entry((text(account), text(currency))).or_default() += sum;
}

#[test]
fn balance_after_whatever_is_done() {
    let cases = std::env::var("BOOKS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 12, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let done = std::cell::RefCell::new(BTreeSet::new());
    let result = TestRunner::new_with_rng(config, rng).run(&deeds(), |deeds| {
        let mut shop = Shop::open();
        for deed in &deeds {
            shop.act(deed)?;
        }
        shop.balances()?;
        let printed = shop.host.process.printed();
        prop_assert!(!printed.contains("panicked"), "{}", printed);
        done.borrow_mut().extend(shop.done.iter().copied());
        Ok(())
    });
    if let Err(why) = result {
        panic!("{why}");
    }
    let missing: Vec<_> = ALL.iter().filter(|name| !done.borrow().contains(*name)).collect();
    assert!(missing.is_empty(), "these never went through: {missing:?}");
}
