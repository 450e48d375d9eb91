//! Security headers, and the replacement of Stripe's script URLs when another server replaces
//! Stripe.

use crate::gateway::contract::Gateway;
use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The headers of every response. `stand_in` is the URL that replaces the gateway's, if any.
pub fn headers(gateway: &dyn Gateway, stand_in: Option<&str>, secure: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(HeaderName::from_static("strict-transport-security"), year);
    }
    if let Ok(policy) = HeaderValue::from_str(&content_policy(gateway, stand_in, Scripts::Own)) {
        headers.insert(HeaderName::from_static("content-security-policy"), policy);
    }
    headers
}

/// The scripts that a page may run beside its own files and the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scripts<'a> {
    /// None: the host's own pages.
    Own,
    /// Those of its text that carry this nonce.
    Nonce(&'a str),
    /// All of its text, for modules that were written without a policy in mind.
    Inline,
}

/// A nonce for one response.
pub fn nonce() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
}

/// Stripe.js cannot be pinned by a hash: Stripe changes it under the same URL. Styles of a page's
/// text are allowed, because Stripe's scripts and modules use them.
pub fn content_policy(
    gateway: &dyn Gateway,
    stand_in: Option<&str>,
    scripts: Scripts<'_>,
) -> String {
    let hosts = stand_in.map_or_else(|| gateway.page_hosts().join(" "), str::to_owned);
    let inline = match scripts {
        Scripts::Own => String::new(),
        Scripts::Nonce(nonce) => format!("'nonce-{nonce}' "),
        Scripts::Inline => "'unsafe-inline' ".to_owned(),
    };
    format!(
        "default-src 'self'; script-src 'self' {inline}{hosts}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: https:; frame-src 'self' {hosts}; connect-src 'self' {hosts}; \
         object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
}

/// Rewrites Stripe's script URLs, in pages and scripts, to the server that replaces Stripe:
/// `https://js.stripe.com/v3/` and `//js.stripe.com/v3/` become
/// `http://127.0.0.1:12111/js.stripe.com/v3/`.
pub fn rewrite(text: String, gateway: &dyn Gateway, stand_in: Option<&str>) -> String {
    let Some(base) = stand_in else { return text };
    gateway.script_hosts().iter().fold(text, |text, host| {
        let name = host.trim_start_matches("https://");
        if text.contains(name) { moved(&text, name, base) } else { text }
    })
}

/// A text with the URLs of one host moved below `base`.
fn moved(text: &str, name: &str, base: &str) -> String {
    let address = format!("//{name}");
    let mut moved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&address) {
        let (before, after) = (&rest[..at], &rest[at + address.len()..]);
        // `js.stripe.com.example` is the name of somebody else.
        let is_whole =
            !after.starts_with(|c: char| c.is_ascii_alphanumeric() || "-._:".contains(c));
        let kept = before.strip_suffix("https:").or_else(|| {
            // Without a scheme only where a URL begins: `//js.stripe.com` may be a comment.
            before.ends_with(['"', '\'', '`', '=', '(']).then_some(before)
        });
        match kept.filter(|_| is_whole) {
            Some(kept) => moved.extend([kept, base, "/", name]),
            None => moved.extend([before, address.as_str()]),
        }
        rest = after;
    }
    moved.push_str(rest);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::stripe::Stripe;

    #[test]
    fn scripts_come_from_the_stand_in() {
        let html = r#"<script src="https://checkout.stripe.com/checkout.js"></script>"#.to_owned();
        assert_eq!(rewrite(html.clone(), &Stripe, None), html);
        let moved = rewrite(html, &Stripe, Some("http://127.0.0.1:9"));
        assert_eq!(
            moved,
            r#"<script src="http://127.0.0.1:9/checkout.stripe.com/checkout.js"></script>"#
        );
    }

    #[test]
    fn every_way_to_write_the_address_is_moved() {
        let at = |text: &str| rewrite(text.to_owned(), &Stripe, Some("http://127.0.0.1:9"));
        let here = "http://127.0.0.1:9/js.stripe.com";
        assert_eq!(at("<script src=//js.stripe.com/v3/>"), format!("<script src={here}/v3/>"));
        assert_eq!(at("var ORIGIN = 'https://js.stripe.com';"), format!("var ORIGIN = '{here}';"));
        assert_eq!(at("f(\"//js.stripe.com/v3\")"), format!("f(\"{here}/v3\")"));
        for same in [
            "// https is better\n //js.stripe.com is the host",
            "'https://js.stripe.com.evil.example/'",
            "'https://m.js.stripe.com/'",
            "'http://js.stripe.com/'",
        ] {
            assert_eq!(at(same), same);
        }
    }

    #[test]
    fn other_sites_cannot_frame_our_pages() {
        let headers = headers(&Stripe, Some("http://127.0.0.1:9"), false);
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("http://127.0.0.1:9"));
        assert!(!policy.contains("js.stripe.com"));
    }
}
