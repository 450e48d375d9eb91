//! The dashboard at `/`: requests, balances, objects, events and their deliveries.

use super::call::money;
use super::control;
use super::reply::response;
use super::shared::Shared;
use super::state::Kind;
use super::tx::{number, text};
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use handlebars::{Handlebars, handlebars_helper};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// Lines of each table.
const LINES: usize = 25;

handlebars_helper!(print_money: |object: Json| {
    money(number(object, "amount"), text(object, "currency"))
});
handlebars_helper!(print_time: |seconds: i64| {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().strftime("%H:%M:%S").to_string()
});

static PAGES: LazyLock<Option<Handlebars<'static>>> = LazyLock::new(|| {
    let mut pages = Handlebars::new();
    pages.register_helper("money", Box::new(print_money));
    pages.register_helper("time", Box::new(print_time));
    let compiled = pages.register_template_string("dashboard", include_str!("dashboard.hbs"));
    compiled.ok().map(|()| pages)
});

/// `GET /`.
pub async fn page(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let data = {
        let state = shared.state();
        let mut data = control::summary(&state, LINES);
        let objects = [
            Kind::Charge,
            Kind::Refund,
            Kind::Transfer,
            Kind::Payout,
            Kind::Customer,
            Kind::Account,
        ];
        let mut recent: Vec<Value> =
            objects.into_iter().flat_map(|kind| control::newest(&state, kind, 8)).collect();
        recent.sort_by_key(|object| std::cmp::Reverse(number(object, "created")));
        recent.truncate(LINES);
        data["recent"] = json!(recent);
        data["version"] = json!(state.settings.default_version);
        data
    };
    let data = with_balances(with_deliveries(data));
    let page = PAGES.as_ref().and_then(|pages| pages.render("dashboard", &data).ok());
    match page {
        Some(page) => response(200, "text/html; charset=utf-8", page, &unframed()),
        None => response(500, "text/plain", "The page cannot be rendered.", &[]),
    }
}

/// No other page may show this one in a frame, and have its buttons clicked.
fn unframed() -> [(&'static str, String); 2] {
    let policy = "frame-ancestors 'none'; form-action 'none'; base-uri 'none'";
    [("content-security-policy", policy.to_owned()), ("x-frame-options", "DENY".to_owned())]
}

/// Puts each event's deliveries beside it.
fn with_deliveries(mut data: Value) -> Value {
    let deliveries = data["deliveries"].as_array().cloned().unwrap_or_default();
    for event in data["events"].as_array_mut().into_iter().flatten() {
        let own: Vec<&Value> = deliveries.iter().filter(|d| d["event"] == event["id"]).collect();
        event["deliveries"] = json!(own);
    }
    data
}

/// Formats balances.
fn with_balances(mut data: Value) -> Value {
    for balance in data["balances"].as_array_mut().into_iter().flatten() {
        let currency = text(balance, "currency").to_owned();
        for name in ["available", "pending"] {
            let amount = number(balance, name);
            let sign = if amount < 0 { "−" } else { "" };
            balance[name] = json!(format!("{sign}{}", money(amount.abs(), &currency)));
        }
    }
    data
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_template_compiles() {
        assert!(super::PAGES.is_some());
    }
}
