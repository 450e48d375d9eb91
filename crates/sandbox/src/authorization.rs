//! Checks the API key: secret test keys may call all, publishable ones little, live ones nothing.

use super::api_error::{ApiError, masked};
use axum::http::HeaderMap;
use base64::Engine;

const SECRET_KEY_REQUIRED: &str = "secret_key_required";

/// Whether a publishable key may do this, so any page.
pub fn is_open(method: &str, path: &str) -> bool {
    let made = ["/v1/payment_methods", "/v1/files"].contains(&path);
    path == "/v1/tokens"
        || path.starts_with("/v1/tokens/")
        || (method == "POST" && made)
        || is_of_customer(method, path)
}

/// What a customer's browser does with one intent, token or session, each named by its id; the
/// endpoint asks for the secret.
fn is_of_customer(method: &str, path: &str) -> bool {
    let below = path.strip_prefix("/v1/").unwrap_or_default();
    let path: Vec<&str> = below.split('/').collect();
    match (method, path.as_slice()) {
        ("GET", ["payment_intents" | "setup_intents", id]) => *id != "search",
        ("POST", ["payment_intents" | "setup_intents", _, "confirm" | "verify_microdeposits"])
        | ("POST", ["confirmation_tokens" | "sources"])
        | ("GET", ["confirmation_tokens" | "sources" | "payment_pages", _])
        | ("POST", ["payment_pages", _, "confirm"]) => true,
        _ => false,
    }
}

/// Whether this is the refusal of a publishable key, which the page that sent it may read.
pub fn is_of_publishable_key(refusal: &ApiError) -> bool {
    refusal.code == Some(SECRET_KEY_REQUIRED)
}

/// The API key, when it may do this.
pub fn authorize(
    headers: &HeaderMap,
    form_key: Option<String>,
    method: &str,
    path: &str,
) -> Result<String, ApiError> {
    let refuse =
        |message: String| Err(ApiError { saved: false, ..ApiError::invalid(message).status(401) });
    let given =
        headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, value) = given.trim().split_once(' ').unwrap_or((given.trim(), ""));
    let key = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => value.trim().to_owned(),
        "basic" => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(value.trim());
            let text = String::from_utf8(bytes.unwrap_or_default()).unwrap_or_default();
            text.split(':').next().unwrap_or_default().to_owned()
        }
        _ => String::new(),
    };
    let key = if key.is_empty() { form_key.unwrap_or_default() } else { key };
    if key.is_empty() {
        return refuse(
            "You did not provide an API key. You need to provide your API key in the \
             Authorization header, using Bearer auth (e.g. 'Authorization: Bearer \
             YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we \
             can help at https://support.stripe.com/."
                .into(),
        );
    }
    if ["sk_live_", "rk_live_", "pk_live_"].iter().any(|kind| key.starts_with(kind)) {
        return refuse(format!(
            "This is a sandbox: it refuses live keys. Provided: {}",
            masked(&key)
        ));
    }
    if key.starts_with("pk_test_") && key.len() > 8 {
        if is_open(method, path) {
            return Ok(key);
        }
        return refuse(
            "This API call cannot be made with a publishable API key. Please use a secret API \
             key. You can find a list of your API keys at \
             https://dashboard.stripe.com/account/apikeys."
                .into(),
        )
        .map_err(|refusal: ApiError| refusal.code(SECRET_KEY_REQUIRED));
    }
    let secret = ["sk_test_", "rk_test_"].iter().any(|kind| key.starts_with(kind) && key.len() > 8);
    if secret { Ok(key) } else { refuse(format!("Invalid API Key provided: {}", masked(&key))) }
}
