//! The JSON endpoints: `POST /api/request_types/NAME` and `GET /api/executions/ID`.

use crate::app::error::Error;
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::gateway::error::Error as GatewayError;
use crate::gateway::outcome::{Outcome, State as OutcomeState};
use crate::gateway::request_type_call::RequestTypeCall;
use crate::web::error::HttpError;
use crate::web::extract::BODY_BYTES_MAX;
use crate::web::platform_request::PlatformRequest;
use crate::web::platform_request::is_development;
use crate::web::respond::outcome_status;
use crate::web::{access, extract};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value as Json, json};
use sluicegate_failpoint::failpoint;
use sluicegate_store::execution::ExecutionId;
use std::sync::Arc;

/// Runs a request type: `{"data": {…}, "config": {…}, "idempotency_key": "…"}`.
pub async fn request_type(
    State(runtime): State<Arc<Runtime>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let dev = is_development(&runtime);
    let visit = match extract::read(&runtime, request, BODY_BYTES_MAX).await {
        Ok(visit) => visit,
        Err(fault) => return fault.json(dev),
    };
    if let Err(fault) = access::check(&runtime, &visit) {
        return fault.json(dev);
    }
    let ours = Arc::clone(&runtime);
    let answer = tokio::task::spawn_blocking(move || {
        let wanted = match wanted(name, &visit) {
            Ok(wanted) => wanted,
            Err(fault) => return fault.json(dev),
        };
        match ours.host(scope(&ours, visit)).request_type(wanted) {
            Ok(outcome) => {
                failpoint!("answer_before");
                outcome_response(&outcome)
            }
            Err(error) => fault(error).json(dev),
        }
    });
    answer.await.unwrap_or_else(|e| HttpError::internal("Something went wrong here.", e).json(dev))
}

/// The scope of an API request: no session, no page.
pub fn scope(runtime: &Runtime, visit: PlatformRequest) -> Scope {
    let environment = runtime.config.environment;
    Scope::made_by(move || visit.context("", environment.name()))
}

fn wanted(name: String, visit: &PlatformRequest) -> Result<RequestTypeCall, HttpError> {
    let mut body = visit.params.clone();
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
pub fn outcome_response(outcome: &Outcome) -> Response {
    let mut response = (outcome_status(outcome.state), axum::Json(outcome)).into_response();
    if outcome.state == OutcomeState::Pending {
        let place = format!("/api/executions/{}", outcome.execution);
        if let Ok(place) = HeaderValue::from_str(&place) {
            response.headers_mut().insert(header::LOCATION, place);
        }
    }
    response
}

/// An error as an HTTP error.
pub fn fault(error: Error) -> HttpError {
    match &error {
        Error::Gateway(GatewayError::UnknownRequestType { .. }) => {
            HttpError::new(StatusCode::NOT_FOUND, error.to_string())
        }
        error if error.is_the_stores() => HttpError {
            status: StatusCode::SERVICE_UNAVAILABLE,
            message: "The database cannot be used just now. Ask again with the same key: nothing is done twice.".to_owned(),
            detail: Some(error.to_string()),
        },
        _ => HttpError::internal("The request type could not be run.", &error),
    }
}

/// Returns the outcome of an execution, or its state if it has no outcome.
pub async fn execution(
    State(runtime): State<Arc<Runtime>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let dev = is_development(&runtime);
    let visit = match extract::read(&runtime, request, 0).await {
        Ok(visit) => visit,
        Err(fault) => return fault.json(dev),
    };
    if let Err(fault) = access::check(&runtime, &visit) {
        return fault.json(dev);
    }
    let ours = Arc::clone(&runtime);
    let found = tokio::task::spawn_blocking(move || {
        ours.host(Scope::new(Map::new())).outcome(&ExecutionId(id))
    });
    match found.await {
        Ok(Ok(Some((_, Some(outcome))))) => outcome_response(&outcome),
        Ok(Ok(Some((execution, None)))) => axum::Json(json!({
            "execution": execution.id.as_str(), "kind": execution.kind, "name": execution.name,
            "state": execution.state.name(), "error": execution.error,
        }))
        .into_response(),
        Ok(Ok(None)) => {
            HttpError::new(StatusCode::NOT_FOUND, "There is no such execution.").json(dev)
        }
        Ok(Err(error)) => fault(error).json(dev),
        Err(error) => HttpError::internal("Something went wrong here.", error).json(dev),
    }
}
