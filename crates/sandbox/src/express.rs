//! The dashboard of an Express account: its balance and its payouts, by a login link.

use crate::account_page;
use crate::due_work;
use crate::endpoint::{account_link, balance};
use crate::shared::Shared;
use crate::state::{Kind, PLATFORM};
use crate::tx::{Tx, number};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use axum::routing::get;
use serde_json::{Value, json};
use std::sync::Arc;

const TITLE: &str = "Your account";
/// Payouts that it shows.
const PAYOUTS_MAX: usize = 20;

/// The route that a login link names.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/express/{account}/{token}", get(show))
}

/// The dashboard of an Express account, by a login link that works once.
async fn show(
    State(shared): State<Arc<Shared>>,
    Path((account, token)): Path<(String, String)>,
) -> Response<Body> {
    let mut state = shared.state();
    due_work::run(&mut state);
    let mut tx = Tx::new(&state, Arc::from(PLATFORM));
    let opened = account_link::find(&tx, &account, &token, "login_link");
    let opened = opened.filter(|link| link["used"] == false && number(link, "expires_at") > tx.now);
    let (Some(mut link), Some(owner)) = (opened, tx.find(Kind::Account, PLATFORM, &account)) else {
        return account_page::message(404, TITLE, account_page::GONE);
    };
    link["used"] = json!(true);
    tx.update(&link);
    let payouts = tx.ids_of(Kind::Payout, &account);
    let payouts: Vec<Value> = payouts
        .iter()
        .take(PAYOUTS_MAX)
        .filter_map(|id| tx.find(Kind::Payout, &account, id))
        .collect();
    let balance = balance::object(&tx, &account);
    let amount = |side: &str, currency: &Value| {
        let all = balance[side].as_array().into_iter().flatten();
        all.filter(|one| one["currency"] == *currency).map(|one| number(one, "amount")).sum::<i64>()
    };
    let currencies = balance["available"].as_array().into_iter().flatten();
    let balances: Vec<Value> = currencies
        .map(|one| &one["currency"])
        .map(|currency| {
            json!({"currency": currency, "available": amount("available", currency),
            "pending": amount("pending", currency)})
        })
        .collect();
    let data = json!({"account": account, "balances": balances, "payouts": payouts,
        "due": owner["requirements"]["currently_due"]});
    let changes = tx.into_changes();
    state.apply(changes);
    account_page::show(TITLE, "express", &data)
}
