//! All routes of the host, and what their responses have in common.

use crate::app::runtime::Runtime;
use crate::web::error::HttpError;
use crate::web::extract::BODY_BYTES_MAX;
use crate::web::responder::{Responder, ResponseFormat};
use crate::web::security;
use crate::web::{
    api, assets, console, console_sign_in, form, graphql, health, metrics, page, source, webhook,
};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum::routing::{any, get, post};
use percent_encoding::percent_decode_str;
use serde_json::Value as Json;
use sluicegate_module::page::Method;
use std::any::Any;
use std::sync::Arc;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

/// The router of one runtime.
pub fn router(runtime: Arc<Runtime>) -> Router {
    let secure = runtime.public_url().starts_with("https://");
    let everywhere = Arc::new(security::headers(
        runtime.transport.gateway(),
        runtime.stripe_url.as_deref(),
        secure,
    ));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/graphql", post(graphql::run).get(graphql::explorer))
        .route("/api/request_types/{name}", post(api::request_type))
        .route("/api/executions/{id}", get(api::execution))
        .route("/api/customizations", any(form::submit))
        .route("/api/customizations/{id}", any(form::submit_to))
        .route("/api/records", any(form::submit))
        .route("/api/records/{id}", any(form::submit_to))
        .route("/api/models", any(form::submit))
        .route("/api/models/{id}", any(form::submit_to))
        .route("/assets/{*path}", get(assets::asset))
        .route("/_sluicegate/{*path}", get(assets::own))
        .route("/console", get(console::index))
        .route("/console/sign-in", get(console_sign_in::page).post(console_sign_in::submit))
        .route("/console/sign-out", post(console_sign_in::sign_out))
        .route(
            "/console/request_types/{name}",
            get(console::request_type).post(console::try_request_type),
        )
        .route("/console/executions/{id}", get(console::execution))
        .route("/console/source/{*path}", get(source::file))
        .fallback(fallback)
        // One layer instead of three, because each layer boxes the service below it for every
        // request.
        .layer(
            ServiceBuilder::new()
                .map_response(move |response: Response<_>| common(&everywhere, response))
                .layer(CatchPanicLayer::custom(panicked))
                .layer(DefaultBodyLimit::max(BODY_BYTES_MAX)),
        )
        .with_state(runtime)
}

/// The router of the address for those who watch the process: no token, and nothing else.
pub fn metrics_router(runtime: Arc<Runtime>) -> Router {
    Router::new()
        .route("/healthz", get(health::alive_in_full))
        .route("/readyz", get(health::ready_in_full))
        .route("/metrics", get(metrics::to_anyone))
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(runtime)
}

/// Handles URLs that are not the host's own: a webhook's, or a page's.
async fn fallback(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    match webhook_of(&runtime, &request) {
        Some(gateway) => webhook::receive(runtime, gateway, request).await,
        None => page::any(runtime, request).await,
    }
}

/// The gateway whose webhooks arrive at this URL; `None` for most.
fn webhook_of(runtime: &Runtime, request: &Request) -> Option<String> {
    let instance = runtime.instance();
    let method = Method::from_name(request.method().as_str())?;
    let path = percent_decode_str(request.uri().path()).decode_utf8().ok()?;
    let page = instance.catalog.route(method, &path, None)?.page;
    page.metadata.pointer("/webhook/gateway").and_then(Json::as_str).map(str::to_owned)
}

/// Adds security headers, and disables caching unless the response sets it.
fn common<B>(everywhere: &HeaderMap, mut response: Response<B>) -> Response<B> {
    let headers = response.headers_mut();
    headers.reserve(everywhere.len() + 1);
    for (name, value) in everywhere {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Turns a panic into an error page, so that a bug affects only its own request.
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    let error = HttpError::panicked(format!("a request panicked: {text}"));
    Responder::without_details(ResponseFormat::Html).error(error)
}
