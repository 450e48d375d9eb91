//! The pages that a customer sees: 3-D Secure, redirects, micro-deposits, hosted Checkout, payment
//! links, invoices, the customer portal. Those of an account's owner are in `account_page/`.

use super::reply::response;
use super::shared::Shared;
use axum::Router;
use axum::body::Body;
use axum::http::Response;
use axum::routing::get;
use handlebars::Handlebars;
use serde_json::Value;
use std::sync::{Arc, LazyLock};

pub mod challenge;
pub mod checkout;
pub mod checkout_form;
pub mod invoice;
pub mod payment_link;
pub mod portal;

static PAGES: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut pages = Handlebars::new();
    for (name, template) in [
        ("card_fields", include_str!("card_fields.hbs")),
        ("challenge", include_str!("challenge.hbs")),
        ("checkout", include_str!("checkout.hbs")),
        ("checkout_done", include_str!("checkout_done.hbs")),
        ("invoice", include_str!("invoice.hbs")),
        ("portal", include_str!("portal.hbs")),
    ] {
        if let Err(fault) = pages.register_template_string(name, template) {
            tracing::error!(name, %fault, "a page of the sandbox is broken");
        }
    }
    pages
});

/// The routes of all pages.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/hooks.stripe.com/redirect/authenticate/{id}",
            get(challenge::show).post(challenge::answer),
        )
        .route("/checkout.stripe.com/c/pay/{id}", get(checkout::show).post(checkout::pay))
        .route("/buy.stripe.com/{code}", get(payment_link::show))
        .route("/invoice.stripe.com/i/{account}/{code}", get(invoice::show).post(invoice::pay))
        .route("/billing.stripe.com/p/session/{code}", get(portal::show).post(portal::act))
}

/// No script but ours, nothing from elsewhere. A form's answer may lead back to any shop.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self' http: https:";

/// A rendered page; `framed` ones may be shown by any page.
fn page(name: &str, data: &Value, status: u16, framed: bool) -> Response<Body> {
    let ancestors = if framed { "*" } else { "'none'" };
    let headers = [
        ("content-security-policy", format!("{POLICY}; frame-ancestors {ancestors}")),
        ("cache-control", "no-store".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    match PAGES.render(name, data) {
        Ok(text) => response(status, "text/html; charset=utf-8", text, &headers),
        Err(fault) => response(500, "text/plain", fault.to_string(), &headers),
    }
}

/// Adds query parameters to a URL that may have some.
fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    let (base, fragment) = match url.split_once('#') {
        Some((base, fragment)) => (base, format!("#{fragment}")),
        None => (url, String::new()),
    };
    let query: String =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let joint = if base.contains('?') { '&' } else { '?' };
    format!("{base}{joint}{query}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_added_before_the_fragment() {
        let added = |url| with_query(url, &[("a", "1 2")]);
        assert_eq!(added("http://x/y"), "http://x/y?a=1+2");
        assert_eq!(added("http://x/y?b=1#c"), "http://x/y?b=1&a=1+2#c");
    }
}
