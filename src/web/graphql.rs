//! `POST /graphql`, and the explorer page in development.

use crate::app::backend::GraphqlBackend;
use crate::app::runtime::Runtime;
use crate::graphql::limits::Limits;
use crate::web::api::scope;
use crate::web::error::HttpError;
use crate::web::platform_request::PlatformRequest;
use crate::web::platform_request::{is_development, user_id};
use crate::web::{access, extract};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::{Value as Json, json};
use std::sync::Arc;

const EXPLORER: &str = include_str!("pages/explorer.hbs");
/// The maximum length of a query with its variables, in bytes.
const BYTES_MAX: usize = 256 * 1024;

/// Runs a query for a program with the token, a signed-in visitor, or a local program in
/// development.
pub async fn run(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    let dev = is_development(&runtime);
    let visit = match extract::read(&runtime, request, BYTES_MAX).await {
        Ok(visit) => visit,
        Err(fault) => return fault.json(dev),
    };
    let user = user_id(&visit);
    if user.is_none()
        && let Err(fault) = access::check(&runtime, &visit)
    {
        return fault.json(dev);
    }
    let ours = Arc::clone(&runtime);
    let answer = tokio::task::spawn_blocking(move || {
        let text = |name: &str| visit.params.get(name).and_then(Json::as_str).map(str::to_owned);
        let Some(query) = text("query") else { return missing(&visit, dev) };
        let variables = visit.params.get("variables").cloned().unwrap_or_else(|| json!({}));
        let operation = text("operationName");
        let mut scope = scope(&ours, visit);
        scope.user_id = user;
        let limits = if dev { Limits::OUTSIDE.with_introspection() } else { Limits::OUTSIDE };
        let backend = GraphqlBackend::new(ours.host(scope));
        let answer = backend.run(&query, operation.as_deref(), &variables, limits);
        axum::Json(answer).into_response()
    });
    answer.await.unwrap_or_else(|e| HttpError::internal("Something went wrong here.", e).json(dev))
}

fn missing(_visit: &PlatformRequest, dev: bool) -> Response {
    HttpError::bad("The body needs a `query`, as JSON with Content-Type: application/json.")
        .json(dev)
}

/// The explorer page, which loads no external resources.
pub async fn explorer(State(runtime): State<Arc<Runtime>>) -> Response {
    if !is_development(&runtime) {
        let message = "Queries are posted here. The explorer is there in development.";
        return HttpError::new(StatusCode::METHOD_NOT_ALLOWED, message).page(false);
    }
    Html(EXPLORER).into_response()
}
