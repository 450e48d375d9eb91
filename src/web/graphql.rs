//! `POST /graphql`, and the explorer page in development.

use crate::app::backend::GraphqlBackend;
use crate::app::runtime::Runtime;
use crate::graphql::limits::Limits;
use crate::web::error::HttpError;
use crate::web::platform_request::PlatformRequest;
use crate::web::responder::{Responder, ResponseFormat, awaiting};
use crate::web::{access, api, extract};
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
    let responder = Responder::new(&runtime, ResponseFormat::Json);
    let answer = async {
        let visit = extract::read(&runtime, request, BYTES_MAX).await?;
        if visit.user_id().is_none() {
            access::check(&runtime, &visit)?;
        }
        awaiting(async move { execute(&runtime, visit).await }).await
    };
    responder.answer(answer).await
}

async fn execute(runtime: &Arc<Runtime>, visit: PlatformRequest) -> Result<Response, HttpError> {
    let text = |name: &str| visit.params.get(name).and_then(Json::as_str).map(str::to_owned);
    let Some(query) = text("query") else {
        let message = "The body needs a `query`, as JSON with Content-Type: application/json.";
        return Err(HttpError::bad(message));
    };
    let variables = visit.params.get("variables").cloned().unwrap_or_else(|| json!({}));
    let operation = text("operationName");
    let user_id = visit.user_id();
    let mut scope = api::scope(runtime, visit);
    scope.user_id = user_id;
    let mut limits = Limits::EXTERNAL;
    limits.introspection = runtime.is_development();
    let backend = GraphqlBackend::new(runtime.host(scope));
    let answer = backend.run(&query, operation.as_deref(), &variables, limits).await;
    Ok(axum::Json(answer).into_response())
}

/// The explorer page, which loads no external resources.
pub async fn explorer(State(runtime): State<Arc<Runtime>>) -> Response {
    if !runtime.is_development() {
        let message = "Queries are posted here. The explorer is there in development.";
        let error = HttpError::new(StatusCode::METHOD_NOT_ALLOWED, message);
        return Responder::new(&runtime, ResponseFormat::Html).error(error);
    }
    Html(EXPLORER).into_response()
}
