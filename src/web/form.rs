//! Form submissions: `POST /api/customizations` and its newer names.

use crate::app::forms::{Error, Forms, Submitted};
use crate::app::policies::PolicyRefusal;
use crate::app::record_form::Error::Unfinished;
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::form::submission::Reply;
use crate::template::output::Effects;
use crate::web::client::Client;
use crate::web::error::HttpError;
use crate::web::extract::{self, BODY_BYTES_MAX};
use crate::web::page;
use crate::web::platform_request::PlatformRequest;
use crate::web::respond::{Flash, is_local, outcome_status, redirect, with_effects};
use crate::web::responder::{Responder, ResponseFormat, awaiting};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Once};
use std::time::Instant;

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
    let responder = Responder::new(&runtime, ResponseFormat::preferred(request.headers()));
    let answer = async {
        limit(&runtime, &request)?;
        let visit = extract::read(&runtime, request, BODY_BYTES_MAX).await?;
        if !matches!(visit.method, Method::POST | Method::PUT | Method::PATCH) {
            return Err(HttpError::new(StatusCode::METHOD_NOT_ALLOWED, "Forms are posted."));
        }
        awaiting(async move {
            let submitted = run(&runtime, &visit, id.as_deref()).await?;
            match responder.format {
                ResponseFormat::Json => to_program(&runtime, &visit, submitted),
                ResponseFormat::Html => to_visitor(responder, &runtime, visit, submitted),
            }
        })
        .await
    };
    responder.answer(answer).await
}

/// Logs once what may be wrong when an address is limited.
static PROXY_HINT: Once = Once::new();

/// Takes one from the address that sends a form. A form is verified only later, and not who sends
/// it. A proxy on this machine that is not named has all visitors behind it.
fn limit(runtime: &Runtime, request: &Request) -> Result<(), HttpError> {
    let ip = Client::of(&runtime.config.trusted_proxies, request).ip;
    if request.method().is_safe() || ip.is_loopback() {
        return Ok(());
    }
    let message = "Too many forms were sent from your address, so nothing was sent. Please try \
                   again later.";
    runtime.rate_limits.forms.take(ip, Instant::now()).map_err(|wait| {
        PROXY_HINT.call_once(|| {
            let proxies = "SLUICEGATE_TRUSTED_PROXIES";
            tracing::warn!(%ip, "it sends too many forms; if it is your proxy, name it in {proxies}");
        });
        HttpError::too_many(message, wait)
    })
}

/// What became of a submission.
enum Answer {
    Taken(Submitted),
    /// It was not tried: the session has ended.
    NoSession,
}

/// Says that nothing was sent.
const NO_SESSION: &str = "Your session has ended, so nothing was sent. Please try again.";

async fn run(
    runtime: &Arc<Runtime>,
    visit: &PlatformRequest,
    id: Option<&str>,
) -> Result<Answer, HttpError> {
    if !visit.csrf_valid {
        return Ok(Answer::NoSession);
    }
    let names = ["form_id", "form_name", "form_configuration_name", "form_configuration_id"];
    let named = names.iter().find_map(|name| visit.params.get(*name)?.as_str());
    let name = named.ok_or_else(|| HttpError::bad("The form_id is missing."))?;
    let csrf_token = visit.session.csrf_token(&runtime.config.instance_key);
    let mut scope = Scope::new(visit.context(&csrf_token, runtime.config.environment.name()));
    scope.user_id = visit.user_id();
    scope.shares_threads = true;
    scope.csrf_token = csrf_token;
    let host = runtime.host(scope);
    let submitted = Forms::new(&host).submit(name, id, &visit.params).await;
    // What was taken was taken; anything else was decided without an answer of the database.
    let is_taken =
        matches!(submitted, Ok(Submitted::Done { .. }) | Err(Error::Record(Unfinished { .. })));
    if host.scope.is_interrupted() && !is_taken {
        return Err(HttpError::interrupted());
    }
    Ok(Answer::Taken(submitted?))
}

fn to_program(
    runtime: &Runtime,
    visit: &PlatformRequest,
    answer: Answer,
) -> Result<Response, HttpError> {
    let mut effects = Effects::default();
    let refused = |message: String| Err(HttpError::new(StatusCode::FORBIDDEN, message));
    let (status, body) = match answer {
        Answer::NoSession => return refused(NO_SESSION.to_owned()),
        Answer::Taken(Submitted::Refused(refusal)) => return refused(refusal.to_string()),
        Answer::Taken(Submitted::Denied(refusal)) => return Err(denied(refusal)),
        Answer::Taken(Submitted::Done { reply, outcome, record_id }) => {
            let Effects { session, sign_in, .. } = *reply.effects;
            effects = Effects { session, sign_in, ..effects };
            let status = outcome.as_ref().map_or(StatusCode::OK, |o| outcome_status(o.state));
            (status, json!({ "id": record_id, "outcome": outcome }))
        }
        Answer::Taken(Submitted::Invalid { refused, .. }) => {
            (StatusCode::UNPROCESSABLE_ENTITY, json!({ "errors": refused.errors }))
        }
    };
    let response = (status, axum::Json(body)).into_response();
    if effects == Effects::default() {
        return Ok(response);
    }
    with_effects(runtime, &visit.session, &effects, || response)
}

fn to_visitor(
    responder: Responder,
    runtime: &Arc<Runtime>,
    visit: PlatformRequest,
    answer: Answer,
) -> Result<Response, HttpError> {
    let back = came_from(&visit);
    let mut session = Effects::default();
    let (to, flash) = match answer {
        Answer::NoSession => (back, Flash::alert(NO_SESSION)),
        Answer::Taken(Submitted::Refused(refusal)) => (back, Flash::alert(refusal.to_string())),
        Answer::Taken(Submitted::Denied(refusal)) => {
            // A policy's output may come from the visitor: only paths of this site are followed.
            if !is_local(&refusal.redirect_to) {
                return Err(denied(refusal));
            }
            (refusal.redirect_to, Flash { notice: None, alert: refusal.flash_alert })
        }
        Answer::Taken(Submitted::Done { reply, .. }) => {
            let Reply { redirect_to, notice, alert, effects } = reply;
            session = *effects;
            // The redirect URL was signed into the form by the page, or is written in the module.
            let to = if redirect_to.is_empty() { back } else { redirect_to };
            (to, Flash { notice, alert })
        }
        Answer::Taken(Submitted::Invalid { form, refused }) => {
            // The page again, with the values and their errors (status 200).
            let visit = visit_of(&back, visit);
            return page::render(responder, runtime, visit, Some((form, refused)));
        }
    };
    let Effects { session, sign_in, .. } = session;
    let effects = Effects { session, sign_in, ..redirect(to, 303, flash) };
    with_effects(runtime, &visit.session, &effects, Response::default)
}

/// The error of a policy that redirects nowhere.
fn denied(refusal: PolicyRefusal) -> HttpError {
    let status = StatusCode::from_u16(refusal.http_status).unwrap_or(StatusCode::FORBIDDEN);
    let message = refusal.flash_alert.unwrap_or_else(|| "You may not send this form.".to_owned());
    HttpError::new(status, message).because(format!("the policy `{}`", refusal.policy))
}

/// The form's page, from its `current_path`; only a path of this site is accepted.
fn came_from(visit: &PlatformRequest) -> String {
    let path = visit.params.get("current_path").and_then(Json::as_str).unwrap_or("/");
    if is_local(path) { path.to_owned() } else { "/".to_owned() }
}

/// The visit as if it had asked for `path`.
fn visit_of(path: &str, visit: PlatformRequest) -> PlatformRequest {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    PlatformRequest { method: Method::GET, path, query, ..visit }
}
