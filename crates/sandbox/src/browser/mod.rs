//! Stripe's scripts for the browser: Stripe.js, checkout.js and the pages of their frames.
//!
//! `stripe.js` and `checkout.js` run in the shop's page; the card is typed into pages of ours
//! (`field.html`, `popup.html`) in an iframe, which ask the API of the sandbox for the token. Where
//! the sandbox is, the scripts read from their own address, so nothing here knows a port.

use axum::Router;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;
use axum::routing::get;

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const PAGE: &str = "text/html; charset=utf-8";

/// The frames run only our scripts and call only our API. Any page may embed them, as with Stripe.
const FRAME_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src http: https: data:; base-uri 'none'; form-action 'none'";

const STRIPE: &str = include_str!("stripe.js");

/// Addresses, content types and files.
const ASSETS: [(&str, &str, &str); 18] = [
    ("/js.stripe.com/v3", SCRIPT, STRIPE),
    ("/js.stripe.com/v3/", SCRIPT, STRIPE),
    ("/js.stripe.com/{release}/stripe.js", SCRIPT, STRIPE),
    ("/js.stripe.com/v3/api.js", SCRIPT, include_str!("api.js")),
    ("/js.stripe.com/v3/card.js", SCRIPT, include_str!("card.js")),
    ("/js.stripe.com/v3/challenge.js", SCRIPT, include_str!("challenge.js")),
    ("/js.stripe.com/v3/channel.js", SCRIPT, include_str!("channel.js")),
    ("/js.stripe.com/v3/typing.js", SCRIPT, include_str!("typing.js")),
    ("/js.stripe.com/v3/field.html", PAGE, include_str!("field.html")),
    ("/js.stripe.com/v3/field.js", SCRIPT, include_str!("field.js")),
    ("/js.stripe.com/v3/field.css", STYLE, include_str!("field.css")),
    ("/checkout.stripe.com/checkout.js", SCRIPT, include_str!("checkout.js")),
    ("/checkout.stripe.com/v2/checkout.js", SCRIPT, include_str!("checkout.js")),
    ("/checkout.stripe.com/popup.html", PAGE, include_str!("popup.html")),
    ("/checkout.stripe.com/popup.js", SCRIPT, include_str!("popup.js")),
    ("/checkout.stripe.com/pages.css", STYLE, include_str!("pages.css")),
    ("/checkout.stripe.com/popup.css", STYLE, include_str!("popup.css")),
    ("/checkout.stripe.com/money.js", SCRIPT, include_str!("money.js")),
];

/// The scripts, styles and frames; they keep no state and fit under any router's root.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    ASSETS.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(move || async move { answer(kind, text) }))
    })
}

/// Any page may load these: the shop is always at another port than the sandbox.
fn answer(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-cache"),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, FRAME_POLICY),
    ];
    (headers, text)
}

#[cfg(test)]
mod tests {
    use super::{ASSETS, PAGE, SCRIPT, STYLE, routes};
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    /// The names of our files in a text: `./card.js`, `/js.stripe.com/v3/api.js`, `popup.css`.
    fn named_files(text: &str) -> Vec<&str> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "._/".contains(c)));
        let files = words.map(|word| word.rsplit('/').next().unwrap_or_default());
        let is_ours = |file: &&str| {
            let (name, ending) = file.rsplit_once('.').unwrap_or_default();
            let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
            is_name && ["js", "css", "html"].contains(&ending)
        };
        files.filter(is_ours).collect()
    }

    #[test]
    fn every_file_that_a_file_names_is_served() {
        let mut count = 0;
        for (path, _, text) in ASSETS {
            for file in named_files(text) {
                let served = ASSETS.iter().any(|(other, ..)| other.ends_with(&format!("/{file}")));
                assert!(served, "{path} names {file}");
                count += 1;
            }
        }
        assert!(count > 20, "only {count} names were found");
    }

    #[test]
    fn every_file_says_what_it_is() {
        for (path, kind, text) in ASSETS {
            let opening = match kind {
                SCRIPT => "// ",
                STYLE => "/* ",
                PAGE => "<!doctype html>\n<!-- ",
                _ => panic!("{path} is {kind}"),
            };
            assert!(text.starts_with(opening), "{path}");
        }
    }

    #[tokio::test]
    async fn any_page_may_load_them_and_frame_them() {
        for path in ["/js.stripe.com/v3", "/js.stripe.com/v3/", "/js.stripe.com/basil/stripe.js"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = routes::<()>().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(response.headers()["access-control-allow-origin"], "*");
            assert!(!response.headers().contains_key("x-frame-options"));
        }
    }
}
