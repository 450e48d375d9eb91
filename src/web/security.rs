//! Security headers, and the replacement of Stripe's script URLs when another server replaces
//! Stripe.

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue};

/// Stripe's script hosts, which pages load from by absolute URL.
const SCRIPT_HOSTS: [&str; 2] = ["https://js.stripe.com", "https://checkout.stripe.com"];

/// The headers of every response. `stripe` is the URL that replaces Stripe's, if any.
pub fn headers(stripe: Option<&str>, secure: bool) -> HeaderMap {
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
    if let Ok(policy) = HeaderValue::from_str(&content_policy(stripe)) {
        headers.insert(HeaderName::from_static("content-security-policy"), policy);
    }
    headers
}

/// Allows own scripts and Stripe's; inline styles and scripts because module pages use them.
/// Stripe.js cannot be pinned by a hash: Stripe changes it under the same URL.
fn content_policy(stripe: Option<&str>) -> String {
    let hosts = stripe.map_or_else(
        || {
            "https://js.stripe.com https://*.js.stripe.com https://checkout.stripe.com \
             https://hooks.stripe.com https://api.stripe.com https://uploads.stripe.com"
                .to_owned()
        },
        str::to_owned,
    );
    format!(
        "default-src 'self'; script-src 'self' 'unsafe-inline' {hosts}; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data: https:; frame-src 'self' {hosts}; connect-src 'self' {hosts}; \
         object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
}

/// Rewrites Stripe's script URLs to the server that replaces Stripe: `https://js.stripe.com/v3/` →
/// `http://127.0.0.1:12111/js.stripe.com/v3/`.
pub fn rewrite(html: String, stripe: Option<&str>) -> String {
    let Some(base) = stripe else { return html };
    SCRIPT_HOSTS.iter().fold(html, |html, host| {
        if !html.contains(host) {
            return html;
        }
        let name = host.trim_start_matches("https://");
        html.replace(&format!("{host}/"), &format!("{base}/{name}/"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_come_from_the_stand_in() {
        let html = r#"<script src="https://checkout.stripe.com/checkout.js"></script>"#.to_owned();
        assert_eq!(rewrite(html.clone(), None), html);
        let moved = rewrite(html, Some("http://127.0.0.1:9"));
        assert_eq!(
            moved,
            r#"<script src="http://127.0.0.1:9/checkout.stripe.com/checkout.js"></script>"#
        );
    }

    #[test]
    fn nobody_frames_us() {
        let headers = headers(Some("http://127.0.0.1:9"), false);
        let policy = headers["content-security-policy"].to_str().expect("text");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("http://127.0.0.1:9"));
        assert!(!policy.contains("js.stripe.com"));
    }
}
