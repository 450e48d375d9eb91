//! `POST /graphql`, and the explorer page in development.

use crate::app::backend::GraphqlBackend;
use crate::app::runtime::Runtime;
use crate::graphql::limits::Limits;
use crate::graphql::permission::{Caller, FORBIDDEN, UNAVAILABLE};
use crate::graphql::schema::ExternalDocument;
use crate::web::error::HttpError;
use crate::web::platform_request::PlatformRequest;
use crate::web::responder::{Responder, ResponseFormat, awaiting};
use crate::web::{access, api, extract};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::{Value as Json, json};
use sluicegate_secret::redaction;
use std::sync::Arc;

const EXPLORER: &str = include_str!("pages/explorer.hbs");
/// The maximum length of a query with its variables, in bytes.
const BYTES_MAX: usize = 256 * 1024;

/// Runs a document for a program with a token, a local program in development, or a signed-in
/// visitor, who may do what a policy grants.
pub async fn run(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    let responder = Responder::new(&runtime, ResponseFormat::Json);
    let answer = async {
        let visit = extract::read(&runtime, request, BYTES_MAX).await?;
        let caller = match visit.user_id() {
            Some(_) if access::bearer(&visit.headers).is_none() => Caller::Visitor,
            _ => Caller::Token(access::scope(&runtime, &visit)?),
        };
        awaiting(async move { execute(&runtime, visit, caller).await }).await
    };
    responder.answer(answer).await
}

async fn execute(
    runtime: &Arc<Runtime>,
    visit: PlatformRequest,
    caller: Caller,
) -> Result<Response, HttpError> {
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
    let document = ExternalDocument {
        source: &query,
        operation: operation.as_deref(),
        variables: &variables,
        limits,
        caller,
    };
    let mut answer = backend.run(&document).await;
    if let Some(errors) = answer.get_mut("errors") {
        redaction::json(errors);
    }
    let status = status(&answer);
    let mut response = (status, axum::Json(answer)).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Ok(response)
}

/// 403 for a document that was refused as a whole because its caller may not use a field, 503 for
/// one that did nothing because the database cannot be used.
fn status(answer: &Json) -> StatusCode {
    let errors = answer.get("errors").and_then(Json::as_array);
    let mut errors = errors.into_iter().flatten();
    let is = |error: &Json, code: &str| error["extensions"]["code"] == code;
    let data = answer.get("data");
    if data.is_none() && answer.pointer("/errors/0").is_some_and(|first| is(first, FORBIDDEN)) {
        return StatusCode::FORBIDDEN;
    }
    // What was done is told with 200: the document is not to be sent again as a whole.
    let fields = data.and_then(Json::as_object).into_iter().flat_map(|data| data.values());
    if fields.into_iter().all(Json::is_null) && errors.any(|error| is(error, UNAVAILABLE)) {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    StatusCode::OK
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
