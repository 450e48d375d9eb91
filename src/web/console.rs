//! The console: request types with a form to try them, and executions with their steps.

use crate::app::runtime::Runtime;
use crate::web::audit::{self, Action};
use crate::web::console_page::rendered;
use crate::web::error::HttpError;
use crate::web::extract::BODY_BYTES_MAX;
use crate::web::responder::{Responder, ResponseFormat, blocking};
use crate::web::{api, console_session, console_sign_in, extract};
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde_json::{Value as Json, json};
use sluicegate_module::param::{Param, SecretPart};
use sluicegate_secret::api_token::TokenScope;
use sluicegate_secret::redaction;
use sluicegate_store::execution::{Execution, ExecutionId, ExecutionQuery};
use std::sync::Arc;

const INDEX: &str = include_str!("pages/console.hbs");
const REQUEST_TYPE: &str = include_str!("pages/console_request_type.hbs");
const EXECUTION: &str = include_str!("pages/console_execution.hbs");

/// Request types, diagnostics of modules, and the newest executions.
pub async fn index(State(runtime): State<Arc<Runtime>>, request: Request) -> Response {
    guarded(runtime, request, TokenScope::Read, |runtime| {
        let instance = runtime.instance();
        let types = instance.catalog.request_types();
        let query = ExecutionQuery { per_page: 50, count_up_to: 0, ..ExecutionQuery::default() };
        let executions = runtime.store.executions(&query)?;
        let faults = instance.diagnostics();
        let faults = faults.iter().map(ToString::to_string);
        let faults: Vec<_> = faults.chain(runtime.index_faults.lock().iter().cloned()).collect();
        Ok((
            INDEX,
            json!({
                "request_types": types.iter().map(|t| json!({ "name": t.name, "gateway": t.gateway })).collect::<Vec<_>>(),
                "executions": executions.results.iter().map(row).collect::<Vec<_>>(),
                "faults": faults,
                "stripe": runtime.stripe_url,
            }),
        ))
    })
    .await
}

/// One request type with a form to try it.
pub async fn request_type(
    State(runtime): State<Arc<Runtime>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    guarded(runtime, request, TokenScope::Read, move |runtime| {
        let instance = runtime.instance();
        let found = instance.catalog.request_types().iter().find(|one| one.name == name);
        let found = found.ok_or_else(HttpError::not_found)?;
        let call = instance.catalog.api_call(&found.api_call);
        let params: Vec<Json> =
            call.and_then(|call| call.params.as_ref()).into_iter().flatten().map(field).collect();
        Ok((
            REQUEST_TYPE,
            json!({
                "name": found.name, "gateway": found.gateway, "params": params,
                "description": call.and_then(|call| call.description.clone()),
                "parts": [found.api_call, found.response_mapper, found.template, found.form],
            }),
        ))
    })
    .await
}

/// One execution with its steps, without what is secret.
pub async fn execution(
    State(runtime): State<Arc<Runtime>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    guarded(runtime, request, TokenScope::Read, move |runtime| {
        let id = ExecutionId(id);
        let instance = runtime.instance();
        let pretty = |value: &Json| {
            let mut value = value.clone();
            instance.catalog.hide_secrets(&mut value);
            format!("{value:#}")
        };
        let found = runtime.store.execution(&id)?;
        let execution = found.ok_or_else(HttpError::not_found)?;
        let steps = runtime.store.steps(&id)?;
        let shown: Vec<_> = steps
            .iter()
            .map(|step| {
                json!({ "seq": step.seq, "kind": step.kind, "request": pretty(&step.request),
                    "response": step.response.as_deref().map(&pretty) })
            })
            .collect();
        let mut values = row(&execution);
        values["input"] = json!(pretty(&execution.input));
        values["outcome"] = json!(execution.outcome.as_deref().map(&pretty));
        values["steps"] = json!(shown);
        Ok((EXECUTION, values))
    })
    .await
}

/// Runs a request type that an operator tries.
pub async fn try_request_type(
    State(runtime): State<Arc<Runtime>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let responder = Responder::new(&runtime, ResponseFormat::Json);
    let answer = async {
        let visit = extract::read(&runtime, request, BODY_BYTES_MAX).await?;
        let operator = console_session::operator(&runtime, &visit).await?;
        operator.check_csrf(&runtime, &visit)?;
        let record = |result: &str| {
            audit::record(Action {
                action: "request_type",
                object: &name,
                result,
                operator: &operator.name,
                scope: operator.scope.name(),
                ip: visit.client.ip,
            });
        };
        if let Err(error) = operator.check(TokenScope::Operate) {
            record("forbidden");
            return Err(error);
        }
        let ran = api::run_request_type(&runtime, name.clone(), visit.clone()).await;
        record(ran.as_ref().map_or("error", |outcome| outcome.state.name()));
        Ok(api::outcome_response(&runtime, &ran?))
    };
    responder.answer(answer).await
}

/// A Handlebars template of the host, and its values.
pub type Page = Result<(&'static str, Json), HttpError>;

/// Renders the page from `work`, if the caller has the scope that it needs; the sign-in page for
/// somebody who is not signed in.
pub async fn guarded(
    runtime: Arc<Runtime>,
    request: Request,
    needed: TokenScope,
    work: impl FnOnce(&Arc<Runtime>) -> Page + Send + 'static,
) -> Response {
    let responder = Responder::new(&runtime, ResponseFormat::Html);
    let answer = async {
        let visit = extract::read(&runtime, request, 0).await?;
        let operator = match console_session::operator(&runtime, &visit).await {
            Ok(operator) => operator,
            Err(error) => return console_sign_in::form(&visit, error, None),
        };
        operator.check(needed)?;
        let shown = json!({
            "scope": operator.scope.name(), "csrf_token": operator.csrf_token(&runtime),
            "has_session": operator.has_session(), "is_development": runtime.is_development(),
            "may_operate": operator.scope >= TokenScope::Operate,
        });
        let (template, mut values) = blocking(move || work(&runtime)).await?;
        values["operator"] = shown;
        rendered(template, &values)
    };
    responder.answer(answer).await
}

fn row(execution: &Execution) -> Json {
    json!({
        "id": execution.id.as_str(), "kind": execution.kind, "name": execution.name,
        "state": execution.state.name(), "attempt": execution.attempt,
        "error": execution.error.as_deref().map(redaction::text),
        "created_at": execution.created_at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        "outcome_state": execution.outcome.as_ref().and_then(|o| o.get("state").cloned()),
    })
}

fn field(param: &Param) -> Json {
    json!({
        "name": param.name, "kind": param.kind.as_str(), "required": param.required,
        "description": param.description, "example": param.example.as_ref().map(plain),
        "is_secret": param.secret == SecretPart::Whole,
        "choices": param.enum_values.iter().map(plain).collect::<Vec<_>>(),
    })
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
