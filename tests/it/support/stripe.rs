//! Requests of the tests to the sandbox, outside the runtime: tokens, charges, the ledger, faults.

use super::http::{Answer, encode, send};
use serde_json::{Value as Json, json};
use std::net::SocketAddr;

/// The sandbox of a running instance.
#[derive(Debug, Clone, Copy)]
pub struct Stripe {
    pub addr: SocketAddr,
}

impl Stripe {
    /// Sends an API call with the sandbox's secret key.
    #[track_caller]
    pub fn api(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let pairs: Vec<_> = form.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let headers = [
            ("Authorization", "Bearer sk_test_sluicegate_sandbox"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Stripe-Version", "2020-03-02"),
        ];
        send(self.addr, method, path, &headers, encode(&pairs).as_bytes()).expect("an answer")
    }

    /// Retrieves an object.
    #[track_caller]
    pub fn read(&self, path: &str) -> Json {
        self.api("GET", path, &[]).expect(200).json()
    }

    /// Creates a card's token, as the popup does.
    #[track_caller]
    pub fn token(&self, number: &str) -> String {
        let card = [
            ("card[number]", number),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2040"),
            ("card[cvc]", "123"),
        ];
        let token = self.api("POST", "/v1/tokens", &card).expect(200).json();
        token["id"].as_str().expect("an id").to_owned()
    }

    /// Every charge, newest first.
    #[track_caller]
    pub fn charges(&self) -> Vec<Json> {
        let list = self.read("/v1/charges?limit=100");
        list["data"].as_array().expect("a list").clone()
    }

    /// Calls the control API.
    #[track_caller]
    pub fn control(&self, method: &str, path: &str, body: &Json) -> Json {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let kind = [("Content-Type", "application/json")];
        let answer = send(self.addr, method, &format!("/_sandbox{path}"), &kind, text.as_bytes());
        answer.expect("an answer").expect(200).json()
    }

    /// The ledger; checks that it balances.
    #[track_caller]
    pub fn ledger(&self) -> Json {
        let ledger = self.control("GET", "/ledger", &Json::Null);
        assert_eq!(ledger["balanced"], json!(true), "{ledger:#}");
        ledger
    }

    /// An account's balance in US dollars, available and pending.
    #[track_caller]
    pub fn balance(&self, account: &str) -> i64 {
        let ledger = self.ledger();
        let all = ledger["balances"].as_array().expect("balances");
        let mine = all.iter().filter(|b| b["account"] == account && b["currency"] == "usd");
        mine.map(|b| b["available"].as_i64().unwrap_or(0) + b["pending"].as_i64().unwrap_or(0))
            .sum()
    }

    /// Answers the bank's question on its page, as its button does: `complete` or `fail`.
    #[track_caller]
    pub fn answers_challenge(&self, page: &str, outcome: &str) {
        let (path, query) = page
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .and_then(|(_, path)| path.split_once('?'))
            .expect("a path and a query");
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = format!("{query}&outcome={outcome}");
        let back = send(self.addr, "POST", &format!("/{path}"), &form, body.as_bytes());
        assert_eq!(back.expect("an answer").status, 303);
    }

    /// Fails the next `times` requests to a path.
    #[track_caller]
    pub fn breaks(&self, path: &str, fault: &str, times: u64) {
        let rule = json!({ "path": path, "times": times, "fault": fault });
        self.control("POST", "/faults", &rule);
    }
}
