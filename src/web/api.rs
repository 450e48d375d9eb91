//! The JSON endpoints: `POST /api/request_types/NAME` and `GET /api/executions/ID`.

use crate::app::operations::Operations;
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::gateway::outcome::{Outcome, State as OutcomeState};
use crate::gateway::request_type_call::RequestTypeCall;
use crate::web::error::HttpError;
use crate::web::extract::BODY_BYTES_MAX;
use crate::web::platform_request::{PlatformRequest, content_type};
use crate::web::respond::outcome_status;
use crate::web::responder::{Responder, ResponseFormat, awaiting, blocking};
use crate::web::{access, extract};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value as Json, json};
use sluicegate_failpoint::failpoint;
use sluicegate_secret::api_token::TokenScope;
use sluicegate_secret::redaction;
use sluicegate_store::execution::ExecutionId;
use std::sync::Arc;

/// Runs a request type: `{"data": {…}, "config": {…}, "idempotency_key": "…"}`.
pub async fn request_type(
    State(runtime): State<Arc<Runtime>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let responder = Responder::new(&runtime, ResponseFormat::Json);
    let answer = async {
        let visit = extract::read(&runtime, request, BODY_BYTES_MAX).await?;
        access::check(&runtime, &visit, TokenScope::Operate)?;
        let outcome = run_request_type(&runtime, name, visit).await?;
        Ok(outcome_response(&runtime, &outcome))
    };
    responder.answer(answer).await
}

/// Runs the request type that a body asks for; the caller has checked who asks.
///
/// # Errors
/// 415 for a body that is not JSON, 400 for a malformed one; otherwise as the request type's.
pub async fn run_request_type(
    runtime: &Arc<Runtime>,
    name: String,
    visit: PlatformRequest,
) -> Result<Outcome, HttpError> {
    let runtime = Arc::clone(runtime);
    awaiting(async move {
        let call = call(name, &visit)?;
        let host = runtime.host(scope(&runtime, visit));
        let outcome = Operations::at_door(&host).request_type(call).await;
        if outcome.is_err() && host.scope.is_interrupted() {
            return Err(HttpError::interrupted());
        }
        let outcome = outcome?;
        failpoint!("answer_before");
        Ok(outcome)
    })
    .await
}

/// The scope of an API request: no session, no page.
pub fn scope(runtime: &Runtime, visit: PlatformRequest) -> Scope {
    let environment = runtime.config.environment;
    let mut scope = Scope::made_by(move || visit.context("", environment.name()));
    scope.shares_threads = true;
    scope
}

/// The parameters of the body, which has to be JSON: one that cannot be read must not pass for one
/// without data and without a key.
fn body(visit: &PlatformRequest) -> Result<Map<String, Json>, HttpError> {
    if content_type(&visit.headers) != "application/json" {
        let message = "The body has to be JSON, with Content-Type: application/json.";
        return Err(HttpError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    if visit.body.trim().is_empty() {
        return Err(HttpError::bad("The body is empty; send at least {}."));
    }
    if !visit.query.is_empty() {
        return Err(HttpError::bad("Parameters are in the body, not in the address."));
    }
    Ok(visit.params.clone())
}

fn call(name: String, visit: &PlatformRequest) -> Result<RequestTypeCall, HttpError> {
    let mut body = body(visit)?;
    let mut object = |name: &str| match body.shift_remove(name) {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(map)) => Ok(map),
        Some(_) => Err(HttpError::bad(format!("`{name}` is not a JSON object."))),
    };
    let (data, config) = (object("data")?, object("config")?);
    let key = match body.shift_remove("idempotency_key") {
        None | Some(Json::Null) => None,
        Some(Json::String(key)) if key.chars().count() <= 255 => Some(key),
        Some(_) => {
            return Err(HttpError::bad("`idempotency_key` is a text of at most 255 characters."));
        }
    };
    if let Some(other) = body.keys().next() {
        let message = format!("`{other}` is none of: data, config, idempotency_key.");
        return Err(HttpError::bad(message));
    }
    Ok(RequestTypeCall { name, data, config, idempotency_key: key, ..RequestTypeCall::default() })
}

/// An outcome as an HTTP response; for a pending one, `Location` is the URL to poll.
pub fn outcome_response(runtime: &Runtime, outcome: &Outcome) -> Response {
    let mut shown = json!(outcome);
    runtime.instance().catalog.hide_secrets(&mut shown);
    let mut response = (outcome_status(outcome.state), axum::Json(shown)).into_response();
    if outcome.state == OutcomeState::Pending {
        let place = format!("/api/executions/{}", outcome.execution);
        if let Ok(place) = HeaderValue::from_str(&place) {
            response.headers_mut().insert(header::LOCATION, place);
        }
    }
    response
}

/// Returns the outcome of an execution, or its state if it has no outcome.
pub async fn execution(
    State(runtime): State<Arc<Runtime>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let responder = Responder::new(&runtime, ResponseFormat::Json);
    let answer = async {
        let visit = extract::read(&runtime, request, 0).await?;
        access::check(&runtime, &visit, TokenScope::Read)?;
        blocking(move || {
            let host = runtime.host(Scope::new(Map::new()));
            match Operations::new(&host).outcome(&ExecutionId(id))? {
                Some((_, Some(outcome))) => Ok(outcome_response(&runtime, &outcome)),
                Some((execution, None)) => Ok(axum::Json(json!({
                    "execution": execution.id.as_str(), "kind": execution.kind,
                    "name": execution.name, "state": execution.state.name(),
                    "error": execution.error.as_deref().map(redaction::text),
                }))
                .into_response()),
                None => Err(HttpError::new(StatusCode::NOT_FOUND, "There is no such execution.")),
            }
        })
        .await
    };
    responder.answer(answer).await
}
