//! Form submissions: `POST /api/customizations` and its newer names.

use crate::app::error::Error;
use crate::app::forms::Submitted;
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::form::error::Error as FormError;
use crate::form::submission::Reply;
use crate::template::output::Effects;
use crate::web::error::HttpError;
use crate::web::extract;
use crate::web::extract::BODY_BYTES_MAX;
use crate::web::page;
use crate::web::platform_request::PlatformRequest;
use crate::web::platform_request::{is_development, user_id};
use crate::web::respond::outcome_status;
use crate::web::respond::{self, is_local, redirect};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Handles a form that creates a record.
pub async fn submit(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    take(runtime, None, request).await
}

/// Handles a form for an existing record.
pub async fn submit_to(
    State(runtime): State<Arc<Runtime>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    take(runtime, Some(id), request).await
}

async fn take(runtime: Arc<Runtime>, id: Option<String>, request: Request) -> Response {
    let dev = is_development(&runtime);
    let visit = match extract::read(&runtime, request, BODY_BYTES_MAX).await {
        Ok(visit) => visit,
        Err(fault) => return fault.page(dev),
    };
    if !matches!(visit.method, Method::POST | Method::PUT | Method::PATCH) {
        return HttpError::new(StatusCode::METHOD_NOT_ALLOWED, "Forms are posted.").page(dev);
    }
    let ours = Arc::clone(&runtime);
    let answer = tokio::task::spawn_blocking(move || answer(&ours, visit, id.as_deref())).await;
    answer.unwrap_or_else(|e| HttpError::internal("Something went wrong here.", e).page(dev))
}

fn answer(runtime: &Arc<Runtime>, visit: PlatformRequest, id: Option<&str>) -> Response {
    let dev = is_development(runtime);
    if !visit.csrf_valid {
        return refused(
            runtime,
            &visit,
            "Your session has ended, so nothing was sent. Please try again.",
        );
    }
    let names = ["form_id", "form_name", "form_configuration_name", "form_configuration_id"];
    let named = names.iter().find_map(|name| visit.params.get(*name)?.as_str().map(str::to_owned));
    let Some(name) = named else {
        return HttpError::bad("The form_id is missing.").page(dev);
    };
    let csrf_token = visit.session.csrf_token(&runtime.config.instance_key);
    let mut scope = Scope::new(visit.context(&csrf_token, runtime.config.environment.name()));
    scope.user_id = user_id(&visit);
    match runtime.host(scope).submit(&name, id, &visit.params) {
        Ok(Submitted::Done { reply, outcome, record_id }) => {
            if visit.wants_json() {
                let status = outcome.as_ref().map_or(StatusCode::OK, |o| outcome_status(o.state));
                let body = json!({ "id": record_id, "outcome": outcome });
                return (status, axum::Json(body)).into_response();
            }
            done(runtime, &visit, &reply)
        }
        Ok(Submitted::Refused(refusal)) => refused(runtime, &visit, &refusal.to_string()),
        Ok(Submitted::Invalid { form, refused }) => again(runtime, visit, form, refused),
        Err(error) => failed(error, visit.wants_json(), dev),
    }
}

fn done(runtime: &Runtime, visit: &PlatformRequest, reply: &Reply) -> Response {
    let mut flash = Map::new();
    for (name, text) in [("notice", &reply.notice), ("alert", &reply.alert)] {
        if let Some(text) = text {
            flash.insert(name.to_owned(), json!(text));
        }
    }
    // The redirect URL was signed into the form by the page, or is written in the module.
    let to =
        if reply.redirect_to.is_empty() { came_from(visit) } else { reply.redirect_to.clone() };
    let mut response = redirect(&to, 303);
    respond::keep_session(runtime, &visit.session, &Effects::default(), flash, &mut response);
    response
}

/// Redirects back to the page with an alert; nothing was sent.
fn refused(runtime: &Runtime, visit: &PlatformRequest, message: &str) -> Response {
    if visit.wants_json() {
        return HttpError::new(StatusCode::FORBIDDEN, message).json(false);
    }
    let flash = Map::from_iter([("alert".to_owned(), json!(message))]);
    let mut response = redirect(&came_from(visit), 303);
    respond::keep_session(runtime, &visit.session, &Effects::default(), flash, &mut response);
    response
}

/// The form's page, from its `current_path`; only a path of this site is accepted.
fn came_from(visit: &PlatformRequest) -> String {
    let path = visit.params.get("current_path").and_then(Json::as_str).unwrap_or("/");
    if is_local(path) { path.to_owned() } else { "/".to_owned() }
}

/// Renders the page again, with the values and their errors (status 200).
fn again(
    runtime: &Arc<Runtime>,
    mut visit: PlatformRequest,
    form: String,
    refused: crate::form::render::Refused,
) -> Response {
    if visit.wants_json() {
        return (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(json!({ "errors": refused.errors })))
            .into_response();
    }
    let to = came_from(&visit);
    let (path, query) = to.split_once('?').unwrap_or((&to, ""));
    visit.path = path.to_owned();
    visit.query = query.to_owned();
    visit.method = Method::GET;
    page::answer(runtime, visit, Some((form, refused)))
}

fn failed(error: Error, wants_json: bool, dev: bool) -> Response {
    let fault = match &error {
        Error::Form(FormError::Unknown(_) | FormError::NotFound | FormError::NotAllowed(_)) => {
            HttpError::new(StatusCode::NOT_FOUND, error.to_string())
        }
        Error::Unfinished { .. } => HttpError {
            status: StatusCode::ACCEPTED,
            message: "Your submission was taken and is being processed.".to_owned(),
            detail: Some(error.to_string()),
        },
        error if error.is_the_stores() => HttpError {
            status: StatusCode::SERVICE_UNAVAILABLE,
            message:
                "The database cannot be written just now. Send it again: nothing is done twice."
                    .to_owned(),
            detail: Some(error.to_string()),
        },
        _ => HttpError::internal("The form could not be taken.", &error),
    };
    if wants_json { fault.json(dev) } else { fault.page(dev) }
}
