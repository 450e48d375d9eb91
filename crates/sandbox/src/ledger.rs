//! The ledger: double entry in minor units, by account and currency, available and pending.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Whose money an entry moves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Book {
    /// An account's balance.
    Account(Arc<str>),
    /// Stripe's own fees.
    Fees,
    /// Card holders' banks and payout banks.
    Outside,
    /// Money on its way from one account to another; empty between operations.
    Between,
}

/// The ledger entry of one balance transaction.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Whose balance it changes.
    pub account: Arc<str>,
    /// Three letters, lower case.
    pub currency: Arc<str>,
    /// Gross, signed.
    pub amount: i64,
    /// Stripe's fee.
    pub stripe_fee: i64,
    /// The platform's fee.
    pub application_fee: i64,
    /// Whether it is between two accounts, as opposed to the outside.
    pub internal: bool,
    /// When the net becomes available.
    pub available_on: i64,
}

impl Posting {
    /// What reaches the balance.
    pub fn net(&self) -> i64 {
        self.amount - self.stripe_fee - self.application_fee
    }
}

/// Available and pending money of one account in one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    /// Can be transferred and paid out.
    pub available: i64,
    /// Not yet settled.
    pub pending: i64,
}

/// All books and balances.
#[derive(Debug, Default)]
pub struct Ledger {
    books: BTreeMap<(Book, Arc<str>), i64>,
    balances: BTreeMap<(Arc<str>, Arc<str>), Balance>,
    /// Nets that are still pending, by the time they become available.
    pending: BTreeMap<i64, Vec<Pending>>,
}

/// Account, currency and net of money not yet available.
type Pending = (Arc<str>, Arc<str>, i64);

/// Whether balance transactions of a type are between two accounts.
pub fn is_internal(kind: &str) -> bool {
    matches!(
        kind,
        "transfer"
            | "transfer_refund"
            | "payment"
            | "payment_refund"
            | "application_fee"
            | "application_fee_refund"
    )
}

impl Ledger {
    /// Books one balance transaction.
    pub fn post(&mut self, posting: &Posting, now: i64) {
        let Posting { account, currency, amount, stripe_fee, application_fee, .. } = posting;
        let against = if posting.internal { Book::Between } else { Book::Outside };
        for (book, value) in [
            (Book::Account(account.clone()), posting.net()),
            (Book::Fees, *stripe_fee),
            (Book::Between, *application_fee),
            (against, -amount),
        ] {
            *self.books.entry((book, currency.clone())).or_default() += value;
        }
        let balance = self.balances.entry((account.clone(), currency.clone())).or_default();
        if posting.available_on <= now {
            balance.available += posting.net();
        } else {
            balance.pending += posting.net();
            let due = self.pending.entry(posting.available_on).or_default();
            due.push((account.clone(), currency.clone(), posting.net()));
        }
    }

    /// Makes available what is due; returns the accounts whose balance changed.
    pub fn settle(&mut self, now: i64) -> Vec<Arc<str>> {
        let mut changed = Vec::new();
        while let Some(first) = self.pending.first_entry() {
            if *first.key() > now {
                break;
            }
            for (account, currency, net) in first.remove() {
                let balance = self.balances.entry((account.clone(), currency)).or_default();
                balance.pending -= net;
                balance.available += net;
                if !changed.contains(&account) {
                    changed.push(account);
                }
            }
        }
        changed
    }

    /// One account's money in one currency.
    pub fn balance(&self, account: &str, currency: &str) -> Balance {
        self.balances.get(&(account.into(), currency.into())).copied().unwrap_or_default()
    }

    /// One account's money in every currency it ever had.
    pub fn balances(&self, account: &str) -> Vec<(Arc<str>, Balance)> {
        let mine = self.balances.iter().filter(|((owner, _), _)| &**owner == account);
        mine.map(|((_, currency), balance)| (currency.clone(), *balance)).collect()
    }

    /// All books and balances, as the control interface returns them.
    pub fn dump(&self) -> Value {
        let mut books = Vec::new();
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for ((book, currency), value) in &self.books {
            *sums.entry(currency).or_default() += value;
            let name = match book {
                Book::Account(account) => account.to_string(),
                Book::Fees => "stripe_fees".into(),
                Book::Outside => "outside".into(),
                Book::Between => "between".into(),
            };
            books.push(json!({"book": name, "currency": &**currency, "amount": value}));
        }
        let balances: Vec<Value> = self
            .balances
            .iter()
            .map(|((account, currency), balance)| {
                json!({"account": &**account, "currency": &**currency,
                    "available": balance.available, "pending": balance.pending})
            })
            .collect();
        json!({"balanced": self.faults().is_empty(), "faults": self.faults(), "sums": sums,
            "books": books, "balances": balances})
    }

    /// Every invariant that does not hold.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for ((book, currency), value) in &self.books {
            *sums.entry(currency).or_default() += value;
            if *book == Book::Between && *value != 0 {
                faults.push(format!("{value} {currency} is neither here nor there"));
            }
            if let Book::Account(account) = book {
                let Balance { available, pending } = self.balance(account, currency);
                if available + pending != *value {
                    faults.push(format!(
                        "{account} {currency}: {available} + {pending} is not {value}"
                    ));
                }
            }
        }
        let uneven = sums.into_iter().filter(|(_, sum)| *sum != 0);
        faults.extend(uneven.map(|(currency, sum)| format!("{currency} sums to {sum}")));
        faults
    }
}
