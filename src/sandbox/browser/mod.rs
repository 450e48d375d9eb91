//! Stripe's scripts for the browser, as the sandbox serves them: Stripe.js, checkout.js and their frames.
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

/// What our frames may do: run our scripts and ask our API. Any page may frame them, as with Stripe.
const FRAME_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src http: https: data:; base-uri 'none'; form-action 'none'";

const STRIPE: &str = include_str!("stripe.js");

/// Addresses, content types and files.
const ASSETS: [(&str, &str, &str); 16] = [
    ("/js.stripe.com/v3", SCRIPT, STRIPE),
    ("/js.stripe.com/v3/", SCRIPT, STRIPE),
    ("/js.stripe.com/{release}/stripe.js", SCRIPT, STRIPE),
    ("/js.stripe.com/v3/api.js", SCRIPT, include_str!("api.js")),
    ("/js.stripe.com/v3/card.js", SCRIPT, include_str!("card.js")),
    ("/js.stripe.com/v3/channel.js", SCRIPT, include_str!("channel.js")),
    ("/js.stripe.com/v3/typing.js", SCRIPT, include_str!("typing.js")),
    ("/js.stripe.com/v3/field.html", PAGE, include_str!("field.html")),
    ("/js.stripe.com/v3/field.js", SCRIPT, include_str!("field.js")),
    ("/js.stripe.com/v3/field.css", STYLE, include_str!("field.css")),
    ("/checkout.stripe.com/checkout.js", SCRIPT, include_str!("checkout.js")),
    ("/checkout.stripe.com/v2/checkout.js", SCRIPT, include_str!("checkout.js")),
    ("/checkout.stripe.com/popup.html", PAGE, include_str!("popup.html")),
    ("/checkout.stripe.com/popup.js", SCRIPT, include_str!("popup.js")),
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
    use super::{ASSETS, routes};
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    #[tokio::test]
    async fn everything_that_our_files_name_is_served() {
        let names = |text: &str| -> Vec<String> {
            let quoted = text
                .split(['"', '\'', '`'])
                .filter(|part| [".js", ".css", ".html"].iter().any(|end| part.ends_with(end)));
            quoted.map(str::to_owned).collect()
        };
        let mut asked = 0;
        for (path, _, text) in ASSETS {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            for name in names(text).iter().filter(|name| !name.contains("stripe.com")) {
                let file = name.rsplit('/').next().unwrap_or_default();
                // stripe.js writes a file's name after a folder that it names once.
                let folder =
                    if file == name && path == "/js.stripe.com/v3" { path } else { folder };
                let target = format!("{}/{file}", folder.replace("{release}", "v3"));
                let request = Request::get(&target).body(Body::empty()).expect("a request");
                let response = routes::<()>().oneshot(request).await.expect("an answer");
                assert_eq!(
                    response.status(),
                    200,
                    "{path} names {name}, and {target} is not served"
                );
                asked += 1;
            }
        }
        assert!(asked > 5, "only {asked} names were found");
    }

    #[test]
    fn every_script_says_what_it_is() {
        for (path, kind, text) in ASSETS {
            let opens = if kind == super::SCRIPT {
                "// "
            } else if kind == super::STYLE {
                "/* "
            } else {
                "<!doctype"
            };
            assert!(text.starts_with(opens), "{path}");
        }
    }
}
