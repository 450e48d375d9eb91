//! Webhook endpoints; only the answer that creates one contains its secret.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::listing;
use super::super::state::Kind;
use super::super::tx::Tx;
use crate::event_type::event_types;
use serde_json::{Value, json};

/// Endpoints an account may have.
pub const ENDPOINTS_MAX: usize = 16;

/// Paths below `/v1/webhook_endpoints`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => listing::page(tx, call, tx.ids(Kind::Endpoint), &|_| true),
        ("GET", [id]) => of(tx, id),
        ("POST", [id]) => update(call, tx, id),
        ("DELETE", [id]) => of(tx, id).map(|_| {
            tx.remove(id);
            json!({"id": id, "object": "webhook_endpoint", "deleted": true})
        }),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(Kind::Endpoint, id).ok_or_else(|| ApiError::not_found("webhook endpoint", id))
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let url = params.required("url")?;
    if !params.has("enabled_events") {
        return Err(ApiError::missing("enabled_events"));
    }
    if tx.ids(Kind::Endpoint).len() >= ENDPOINTS_MAX {
        let message =
            format!("You have reached the maximum of {ENDPOINTS_MAX} test webhook endpoints.");
        return Err(ApiError::invalid(message));
    }
    let version = params.filled("api_version")?;
    let secret = tx.id("whsec_");
    let mut endpoint = json!({
        "id": tx.id("we_"), "object": "webhook_endpoint", "api_version": version,
        "application": null, "created": tx.now, "description": null,
        "enabled_events": enabled_events(call)?, "livemode": false, "metadata": {},
        "status": "enabled", "url": address(tx, url)?,
        "_connect": params.boolean("connect")?.unwrap_or(false), "_secret": secret,
    });
    params.patch(&mut endpoint, &["description"])?;
    params.patch_metadata(&mut endpoint)?;
    tx.insert(Kind::Endpoint, None, &endpoint);
    endpoint["secret"] = json!(secret);
    Ok(endpoint)
}

/// An address webhooks can be sent to; plain http is fine in test mode.
pub fn address<'a>(tx: &Tx<'_>, url: &'a str) -> Result<&'a str, ApiError> {
    let url = url.trim();
    let parsed = reqwest::Url::parse(url).ok();
    let parsed = parsed.filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
    let Some(parsed) = parsed.filter(|_| url.len() <= 5_000) else {
        let message = "Invalid URL: An explicit scheme (such as https) must be provided.";
        return Err(ApiError::parameter("url_invalid", "url", message));
    };
    if tx.state.webhook_ports.allow(&parsed) {
        return Ok(url);
    }
    let port = parsed.port_or_known_default().unwrap_or_default();
    let message = format!(
        "Invalid URL: this sandbox sends no webhooks to port {port} of its own machine. Start it \
         with --allow-webhook-port {port}."
    );
    Err(ApiError::parameter("url_invalid", "url", message))
}

fn enabled_events(call: &Call) -> Result<Value, ApiError> {
    let names = call.params.list("enabled_events");
    if names.is_empty() {
        return Err(ApiError::missing("enabled_events"));
    }
    for (at, name) in names.iter().enumerate() {
        if *name != "*" && !event_types().any(|known| known == *name) {
            let param = format!("enabled_events[{at}]");
            let message = format!("Invalid {param}: '{name}' is not an event type of this API.");
            return Err(ApiError { saved: false, ..ApiError::invalid(message) }.param(&param));
        }
    }
    Ok(json!(names))
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let mut endpoint = of(tx, id)?;
    if let Some(url) = call.params.filled("url")? {
        endpoint["url"] = json!(address(tx, url)?);
    }
    if call.params.has("enabled_events") {
        endpoint["enabled_events"] = enabled_events(call)?;
    }
    if let Some(disabled) = call.params.boolean("disabled")? {
        endpoint["status"] = json!(if disabled { "disabled" } else { "enabled" });
    }
    call.params.patch(&mut endpoint, &["description"])?;
    call.params.patch_metadata(&mut endpoint)?;
    tx.update(&endpoint);
    Ok(endpoint)
}
