//! `/healthz` and `/readyz`.

use crate::app::runtime::Runtime;
use crate::web::error::HttpError;
use axum::extract::State;
use axum::http::StatusCode;
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
    let ours = Arc::clone(&runtime);
    let checked =
        tokio::task::spawn_blocking(move || ours.readiness.check(&*ours.store, ours.clock.now()))
            .await;
    let message = match checked {
        Ok(Ok(())) => {
            let errors = runtime.instance().catalog.errors().count();
            let body = json!({ "status": "ready", "module_errors": errors });
            return axum::Json(body).into_response();
        }
        Ok(Err(Error::Full(_))) => "The database has no space left.",
        Ok(Err(Error::Busy(_))) => "The database is busy.",
        _ => "The database does not answer.",
    };
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, message).json(false)
}
