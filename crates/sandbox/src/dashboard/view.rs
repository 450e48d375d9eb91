//! What the pages of the dashboard show, and how they are rendered.

use crate::call::money;
use crate::control;
use crate::reply::response;
use crate::state::{Kind, PLATFORM, SandboxState};
use crate::tx::{Tx, number, text};
use crate::{render, snapshot, version};
use axum::body::Body;
use axum::http::Response;
use handlebars::{Handlebars, handlebars_helper};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::sync::{Arc, LazyLock};

/// Pages by address.
const PAGES: [(&str, &str); 3] = [
    ("/", "What happened"),
    ("/_dashboard/objects", "Objects"),
    ("/_dashboard/settings", "Settings"),
];
const TEMPLATES: [(&str, &str); 6] = [
    ("layout", include_str!("layout.hbs")),
    ("overview", include_str!("overview.hbs")),
    ("objects", include_str!("objects.hbs")),
    ("object", include_str!("object.hbs")),
    ("request", include_str!("request.hbs")),
    ("settings", include_str!("settings.hbs")),
];
/// Kinds that have pages of their own.
const LOGS: [Kind; 2] = [Kind::Event, Kind::Delivery];
/// Objects of each kind among the recent ones.
const OF_EACH: usize = 25;
/// Events about one object.
const ABOUT: usize = 50;

handlebars_helper!(print_money: |object: Json| {
    money(number(object, "amount"), text(object, "currency"))
});
// Some objects have no time: old cards.
handlebars_helper!(print_time: |seconds: Json| {
    let at = seconds.as_i64().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    at.map(|at| at.strftime("%H:%M:%S").to_string()).unwrap_or_default()
});

static RENDERER: LazyLock<Option<Handlebars<'static>>> = LazyLock::new(|| {
    let mut pages = Handlebars::new();
    pages.register_helper("money", Box::new(print_money));
    pages.register_helper("time", Box::new(print_time));
    let compiled =
        TEMPLATES.iter().try_for_each(|(name, text)| pages.register_template_string(name, text));
    compiled.ok().map(|()| pages)
});

/// Shows a page; `data` is an overview of the control interface with what the page adds.
pub fn show(title: &str, template: &str, data: Value) -> Response<Body> {
    show_with(200, title, template, data)
}

/// A page that says what is not there.
pub fn missing(mut data: Value, why: &str) -> Response<Body> {
    data["json"] = json!(why);
    show_with(404, "Not found", "object", data)
}

fn show_with(status: u16, title: &str, template: &str, mut data: Value) -> Response<Body> {
    let pages =
        PAGES.map(|(path, name)| json!({"path": path, "name": name, "here": name == title}));
    data["title"] = json!(title);
    data["pages"] = json!(pages);
    data["version"] = data["settings"]["default_version"].clone();
    let page = RENDERER.as_ref().and_then(|pages| pages.render(template, &data).ok());
    match page {
        Some(page) => response(status, "text/html; charset=utf-8", page, &headers()),
        None => response(500, "text/plain", "The page cannot be rendered.", &headers()),
    }
}

/// Only its own files, and no other page may show it in a frame and have its buttons clicked.
fn headers() -> [(&'static str, String); 4] {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                  form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    [
        ("content-security-policy", policy.to_owned()),
        ("x-frame-options", "DENY".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
    ]
}

/// The newest objects of all kinds but events and deliveries.
pub fn recent(state: &SandboxState, most: usize) -> Vec<Value> {
    let kinds = state.counts().into_keys().filter(|kind| !LOGS.contains(kind));
    let mut all: Vec<Value> =
        kinds.flat_map(|kind| control::newest(state, kind, OF_EACH)).collect();
    all.sort_by_key(|object| Reverse(number(object, "created")));
    all.truncate(most);
    all
}

/// An object as the API shows it in the default version, without secrets.
pub fn object(state: &SandboxState, id: &str) -> Option<Value> {
    let tx = Tx::new(state, Arc::from(PLATFORM));
    let mut found = render::full(&tx, state.stored(id)?.value());
    version::shape(&mut found, &state.settings.default_version, &[]);
    snapshot::present_all(&mut found);
    if let Some(fields) = found.as_object_mut() {
        fields.shift_remove("secret");
        if fields.get("object").and_then(Value::as_str) == Some("oauth_token") {
            fields.shift_remove("id");
        }
    }
    Some(found)
}

/// The name of a kind: `charge`, `subscription`.
pub fn kind_name(kind: Kind) -> String {
    match json!(kind) {
        Value::Object(named) => {
            named.values().next().and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        name => name.as_str().unwrap_or_default().to_owned(),
    }
}

/// The deliveries of an event, newest first.
pub fn deliveries(state: &SandboxState, event: &str) -> Vec<Value> {
    let ids = state.children(Kind::Delivery, event);
    ids.filter_map(|id| Some(state.stored(id)?.value())).collect()
}

/// The newest events about an object.
pub fn events_about(state: &SandboxState, id: &str) -> Vec<Value> {
    let all = state.ids_everywhere(Kind::Event).filter_map(|event| state.stored(event));
    // A cheap test first: most events are about other objects.
    let mut mentioned: Vec<_> = all.filter(|event| event.json.contains(id)).collect();
    mentioned.sort_unstable_by_key(|event| Reverse(event.seq));
    let events = mentioned.into_iter().map(|event| event.value());
    events.filter(|event| event["data"]["object"]["id"] == id).take(ABOUT).collect()
}

/// Puts each event's deliveries beside it.
pub fn with_deliveries(mut data: Value) -> Value {
    let deliveries = data["deliveries"].as_array().cloned().unwrap_or_default();
    for event in data["events"].as_array_mut().into_iter().flatten() {
        let own: Vec<&Value> = deliveries.iter().filter(|d| d["event"] == event["id"]).collect();
        event["deliveries"] = json!(own);
    }
    data
}

/// Formats balances.
pub fn with_balances(mut data: Value) -> Value {
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
    fn the_templates_compile() {
        assert!(super::RENDERER.is_some());
    }
}
