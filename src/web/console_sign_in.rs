//! Signing in to the console with an API token, and out.

use crate::app::runtime::Runtime;
use crate::web::audit::{self, Action};
use crate::web::console_page::rendered;
use crate::web::console_session::{self, Operator};
use crate::web::error::HttpError;
use crate::web::platform_request::PlatformRequest;
use crate::web::respond::is_local;
use crate::web::responder::{Responder, ResponseFormat, blocking};
use crate::web::{access, extract};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Instant;

const SIGN_IN: &str = include_str!("pages/console_sign_in.hbs");
/// The maximum length of the form, in bytes.
const BYTES_MAX: usize = 16 * 1024;

/// The page with the form.
pub async fn page(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    let responder = Responder::new(&runtime, ResponseFormat::Html);
    let answer = async {
        let visit = extract::read(&runtime, request, 0).await?;
        match console_session::operator(&runtime, &visit).await {
            Ok(_) => Ok(see("/console")),
            Err(error) => form(&visit, error, None),
        }
    };
    responder.answer(answer).await
}

/// The page for somebody who is not signed in, with the status of `error`.
///
/// # Errors
/// `error` itself where no token is configured: there is nothing to sign in with.
pub fn form(
    visit: &PlatformRequest,
    error: HttpError,
    problem: Option<&str>,
) -> Result<Response, HttpError> {
    if error.status == StatusCode::FORBIDDEN {
        return Err(error);
    }
    let to = match visit.params.get("return_to").and_then(Json::as_str) {
        Some(to) => to.to_owned(),
        None => visit.path.clone(),
    };
    let values = json!({ "return_to": local(&to), "problem": problem });
    let mut response = rendered(SIGN_IN, &values)?;
    *response.status_mut() = error.status;
    Ok(response)
}

/// Takes the token and begins a session.
pub async fn submit(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    let responder = Responder::new(&runtime, ResponseFormat::Html);
    let answer = async {
        let visit = extract::read(&runtime, request, BYTES_MAX).await?;
        if access::is_foreign(&runtime, &visit.headers) {
            let message = "Sign in on the console's own page.";
            return Err(HttpError::new(StatusCode::FORBIDDEN, message));
        }
        blocking(move || sign_in(&runtime, &visit)).await
    };
    responder.answer(answer).await
}

fn sign_in(runtime: &Runtime, visit: &PlatformRequest) -> Result<Response, HttpError> {
    let record = |result: &'static str, operator: &str, scope: &'static str| {
        let ip = visit.client.ip;
        audit::record(Action { action: "sign_in", object: "console", result, operator, scope, ip });
    };
    let limit = &runtime.rate_limits.sign_ins;
    if let Some(wait) = limit.wait(visit.client.ip, Instant::now()) {
        record("limited", "", "");
        let seconds = wait.as_secs().max(1);
        let problem = format!("There were too many tries. Try again in {seconds} seconds.");
        let error = HttpError::new(StatusCode::TOO_MANY_REQUESTS, &problem);
        let mut response = form(visit, error, Some(&problem))?;
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
        return Ok(response);
    }
    let token = visit.params.get("token").and_then(Json::as_str).unwrap_or_default().trim();
    let Some((operator, cookie)) = console_session::begin(runtime, token)? else {
        // Another try at the same time may have taken the last one.
        let _ = limit.take(visit.client.ip, Instant::now());
        record("refused", "", "");
        let problem = "This token is not known.";
        let error = HttpError::new(StatusCode::UNAUTHORIZED, problem);
        return form(visit, error, Some(problem));
    };
    record("accepted", &operator.name, operator.scope.name());
    let to = visit.params.get("return_to").and_then(Json::as_str).unwrap_or_default();
    let mut response = see(local(to));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Ends the session.
pub async fn sign_out(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    let responder = Responder::new(&runtime, ResponseFormat::Html);
    let answer = async {
        let visit = extract::read(&runtime, request, BYTES_MAX).await?;
        let operator = console_session::operator(&runtime, &visit).await?;
        operator.check_csrf(&runtime, &visit)?;
        blocking(move || out(&runtime, &visit, &operator)).await
    };
    responder.answer(answer).await
}

fn out(
    runtime: &Runtime,
    visit: &PlatformRequest,
    operator: &Operator,
) -> Result<Response, HttpError> {
    let cookie = console_session::end(runtime, operator)?;
    audit::record(Action {
        action: "sign_out",
        object: "console",
        result: "done",
        operator: &operator.name,
        scope: operator.scope.name(),
        ip: visit.client.ip,
    });
    let mut response = see("/console/sign-in");
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// A place in the console; anything else is its first page.
fn local(to: &str) -> &str {
    let is_inside = to == "/console" || to.starts_with("/console/") || to.starts_with("/console?");
    let is_page = is_inside && is_local(to) && !to.starts_with("/console/sign-");
    if is_page { to } else { "/console" }
}

fn see(to: &str) -> Response {
    let place = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/console"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}
