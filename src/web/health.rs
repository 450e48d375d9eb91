//! `/healthz` and `/readyz`.

use crate::app::runtime::Runtime;
use crate::web::error::HttpError;
use crate::web::responder::{Responder, ResponseFormat, blocking};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use sluicegate_store::error::Error;
use std::sync::Arc;

/// Liveness: reports the version and the Stripe URL.
pub async fn alive(State(runtime): State<Arc<Runtime>>) -> Response {
    let stripe = runtime.stripe_url.as_deref().unwrap_or("https://api.stripe.com");
    axum::Json(json!({
        "status": "ok", "version": env!("CARGO_PKG_VERSION"), "stripe": stripe,
        "environment": runtime.config.environment.name(),
    }))
    .into_response()
}

/// Readiness: the database accepts a write. Also reports the number of module errors.
pub async fn ready(State(runtime): State<Arc<Runtime>>) -> Response {
    let answer = async {
        let ours = Arc::clone(&runtime);
        let look = move || ours.readiness.check(&*ours.store, ours.clock.now());
        blocking(move || look().map_err(not_ready)).await?;
        let errors = runtime.instance().catalog.errors().count();
        Ok(axum::Json(json!({ "status": "ready", "module_errors": errors })).into_response())
    };
    Responder::without_details(ResponseFormat::Json).answer(answer).await
}

fn not_ready(error: Error) -> HttpError {
    let message = match &error {
        Error::Full(_) => "The database has no space left.",
        Error::Busy(_) => "The database is busy.",
        _ => return error.into(),
    };
    HttpError::unavailable(message, error)
}
