//! `/healthz` and `/readyz`.

use crate::app::runtime::Runtime;
use crate::web::access;
use crate::web::error::HttpError;
use crate::web::responder::{Responder, ResponseFormat, blocking};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use sluicegate_store::error::Error;
use std::sync::Arc;

/// How much a caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    All,
    StatusOnly,
}

impl Told {
    fn to_caller(runtime: &Runtime, headers: &HeaderMap) -> Self {
        access::check_details(runtime, headers).map_or(Self::StatusOnly, |()| Self::All)
    }
}

/// Liveness. The version, the environment and the Stripe URL are for operators.
pub async fn alive(State(runtime): State<Arc<Runtime>>, headers: HeaderMap) -> Response {
    liveness(&runtime, Told::to_caller(&runtime, &headers))
}

/// The same at the address of the metrics.
pub async fn alive_in_full(State(runtime): State<Arc<Runtime>>) -> Response {
    liveness(&runtime, Told::All)
}

/// Readiness: the database accepts a write. The reason, and the number of module errors, are for
/// operators.
pub async fn ready(State(runtime): State<Arc<Runtime>>, headers: HeaderMap) -> Response {
    let told = Told::to_caller(&runtime, &headers);
    readiness(runtime, told).await
}

/// The same at the address of the metrics.
pub async fn ready_in_full(State(runtime): State<Arc<Runtime>>) -> Response {
    readiness(runtime, Told::All).await
}

fn liveness(runtime: &Runtime, told: Told) -> Response {
    if told == Told::StatusOnly {
        return axum::Json(json!({ "status": "ok" })).into_response();
    }
    let stripe = runtime.stripe_url.as_deref().unwrap_or("https://api.stripe.com");
    axum::Json(json!({
        "status": "ok", "version": env!("CARGO_PKG_VERSION"), "stripe": stripe,
        "environment": runtime.config.environment.name(),
    }))
    .into_response()
}

async fn readiness(runtime: Arc<Runtime>, told: Told) -> Response {
    let answer = async {
        let ours = Arc::clone(&runtime);
        blocking(move || look(&ours, told)).await?;
        let mut body = json!({ "status": "ready" });
        if told == Told::All {
            body["module_errors"] = json!(runtime.instance().catalog.errors().count());
        }
        Ok(axum::Json(body).into_response())
    };
    Responder::without_details(ResponseFormat::Json).answer(answer).await
}

fn look(runtime: &Runtime, told: Told) -> Result<(), HttpError> {
    let found = runtime.readiness.check(&*runtime.store, runtime.clock.now());
    match &found {
        Ok(()) => runtime.database_log.works("readiness"),
        // Whoever asks, asks often.
        Err(error) => runtime.database_log.failed("readiness", error),
    }
    found.map_err(|error| not_ready(error, told).logged())
}

fn not_ready(error: Error, told: Told) -> HttpError {
    let message = match &error {
        _ if told == Told::StatusOnly => "Not ready.",
        Error::Full(_) => "The database has no space left.",
        Error::Busy(_) => "The database is busy.",
        Error::Damaged(_) => "The database is damaged.",
        _ => return error.into(),
    };
    HttpError::unavailable(message, error)
}
