//! The pages that the owner of an account sees: consent, onboarding, the Express dashboard. Those
//! of a customer are in `pages/`.
//! They need no script and load nothing but their own style sheet.

use crate::reply::response;
use axum::body::Body;
use axum::http::Response;
use handlebars::{Handlebars, handlebars_helper};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Templates by name; each is the content of the layout.
const TEMPLATES: [(&str, &str); 5] = [
    ("layout", include_str!("layout.hbs")),
    ("consent", include_str!("consent.hbs")),
    ("onboarding", include_str!("onboarding.hbs")),
    ("express", include_str!("express.hbs")),
    ("message", include_str!("message.hbs")),
];

/// Only our style sheet; nobody may show the pages in a frame and have their buttons clicked.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

handlebars_helper!(print_money: |amount: i64, currency: str| {
    let sign = if amount < 0 { "−" } else { "" };
    format!("{sign}{}", crate::call::money(amount.abs(), currency))
});
handlebars_helper!(print_date: |seconds: i64| {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().strftime("%Y-%m-%d").to_string()
});
handlebars_helper!(is_same: |one: Json, other: Json| one == other);

static PAGES: LazyLock<Option<Handlebars<'static>>> = LazyLock::new(|| {
    let mut pages = Handlebars::new();
    pages.register_helper("money", Box::new(print_money));
    pages.register_helper("date", Box::new(print_date));
    pages.register_helper("same", Box::new(is_same));
    let compiled =
        TEMPLATES.iter().try_for_each(|(name, text)| pages.register_template_string(name, text));
    compiled.ok().map(|()| pages)
});

/// What is said of a link or page that cannot be used any more.
pub const GONE: &str = "This page is not valid any more. Go back to where you came from.";

/// Shows a page.
pub fn show(title: &str, template: &str, data: &Value) -> Response<Body> {
    show_with(200, title, template, data)
}

/// A page that only says something.
pub fn message(status: u16, title: &str, text: &str) -> Response<Body> {
    show_with(status, title, "message", &json!({"text": text}))
}

fn show_with(status: u16, title: &str, template: &str, data: &Value) -> Response<Body> {
    let mut data = data.clone();
    data["title"] = json!(title);
    let page = PAGES.as_ref().and_then(|pages| pages.render(template, &data).ok());
    let headers = [
        ("content-security-policy", POLICY.to_owned()),
        ("x-frame-options", "DENY".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ];
    match page {
        Some(page) => response(status, "text/html; charset=utf-8", page, &headers),
        None => response(500, "text/plain", "The page cannot be rendered.", &headers),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_templates_compile() {
        assert!(super::PAGES.is_some());
    }
}
