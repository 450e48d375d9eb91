//! For those who watch: alive, ready, and numbers.

use crate::app::house::House;
use crate::store::execution::{ExecutionQuery, State as ExecutionState};
use crate::web::error::Fault;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;

/// The process answers; also where its Stripe is.
pub async fn alive(State(house): State<Arc<House>>) -> Response {
    let stripe = house.stripe_url.as_deref().unwrap_or("https://api.stripe.com");
    axum::Json(json!({
        "status": "ok", "version": env!("CARGO_PKG_VERSION"), "stripe": stripe,
        "environment": house.config.environment.name(),
    }))
    .into_response()
}

/// The database answers too, and the modules have no faults that stop them.
pub async fn ready(State(house): State<Arc<House>>) -> Response {
    let ours = Arc::clone(&house);
    match tokio::task::spawn_blocking(move || ours.store.constants().map(drop)).await {
        Ok(Ok(())) => {
            let errors = house.world().catalog.errors().count();
            axum::Json(json!({ "status": "ready", "module_errors": errors })).into_response()
        }
        _ => {
            Fault::new(StatusCode::SERVICE_UNAVAILABLE, "The database does not answer.").json(false)
        }
    }
}

/// Executions by state and the writer's commits, for Prometheus.
pub async fn metrics(State(house): State<Arc<House>>) -> Response {
    match tokio::task::spawn_blocking(move || text(&house)).await {
        Ok(Ok(text)) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
        }
        _ => {
            Fault::new(StatusCode::SERVICE_UNAVAILABLE, "The database does not answer.").json(false)
        }
    }
}

fn text(house: &House) -> Result<String, crate::store::error::Error> {
    let mut text = String::from("# TYPE sluicegate_executions gauge\n");
    for state in ExecutionState::ALL {
        let query = ExecutionQuery {
            states: vec![state],
            page: 1,
            per_page: 1,
            ..ExecutionQuery::default()
        };
        let count = house.store.executions(&query)?.total_entries;
        // Writing to a text cannot fail.
        let _ = writeln!(text, "sluicegate_executions{{state=\"{}\"}} {count}", state.name());
    }
    let counts = house.store.tally();
    let _ = writeln!(text, "# TYPE sluicegate_commits_total counter");
    let _ = writeln!(text, "sluicegate_commits_total {}", counts.commits);
    let _ = writeln!(text, "# TYPE sluicegate_commit_batches_total counter");
    let _ = writeln!(text, "sluicegate_commit_batches_total {}", counts.groups);
    Ok(text)
}
