//! `/metrics` for Prometheus: executions, commits, Stripe calls, webhooks.

use crate::app::runtime::Runtime;
use crate::gateway::metrics::BOUNDS;
use crate::web::responder::{Responder, ResponseFormat, blocking};
use crate::webhook::inbox;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use sluicegate_store::error::Error;
use sluicegate_store::execution::{ExecutionQuery, State as ExecutionState};
use std::fmt::Write as _;
use std::sync::Arc;

/// The metrics in Prometheus' text format 0.0.4.
pub async fn metrics(State(runtime): State<Arc<Runtime>>) -> Response {
    let answer = async {
        let text = blocking(move || Ok(text(&runtime)?)).await?;
        Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
    };
    Responder::without_details(ResponseFormat::Json).answer(answer).await
}

fn text(runtime: &Runtime) -> Result<String, Error> {
    let mut text = String::new();
    executions(runtime, &mut text)?;
    commits(runtime, &mut text);
    stripe(runtime, &mut text);
    webhooks(runtime, &mut text);
    Ok(text)
}

fn executions(runtime: &Runtime, text: &mut String) -> Result<(), Error> {
    head(text, "sluicegate_executions", "gauge", "Executions by state.");
    for state in ExecutionState::ALL {
        let count = count(runtime, state, None)?;
        line(text, "sluicegate_executions", &[("state", state.name())], count as f64);
    }
    let oldest = runtime.store.oldest_open()?;
    let age = oldest.map_or(0.0, |at| runtime.clock.now().duration_since(at).as_secs_f64());
    let help = "How long the longest-waiting execution has waited.";
    head(text, "sluicegate_oldest_pending_seconds", "gauge", help);
    line(text, "sluicegate_oldest_pending_seconds", &[], age.max(0.0));
    let mut waiting = 0;
    for state in ExecutionState::OPEN {
        waiting += count(runtime, state, Some(inbox::KIND))?;
    }
    head(text, "sluicegate_webhook_lag_events", "gauge", "Stored events not yet processed.");
    line(text, "sluicegate_webhook_lag_events", &[], waiting as f64);
    let dead = count(runtime, ExecutionState::Discarded, Some(inbox::KIND))?;
    head(
        text,
        "sluicegate_webhook_dead_letters",
        "gauge",
        "Events discarded after their last attempt.",
    );
    line(text, "sluicegate_webhook_dead_letters", &[], dead as f64);
    Ok(())
}

fn count(runtime: &Runtime, state: ExecutionState, kind: Option<&str>) -> Result<u64, Error> {
    let query = ExecutionQuery {
        states: vec![state],
        kind: kind.map(str::to_owned),
        per_page: 1,
        ..ExecutionQuery::default()
    };
    Ok(runtime.store.executions(&query)?.total_entries)
}

fn commits(runtime: &Runtime, text: &mut String) {
    let counts = runtime.store.writer_stats();
    let numbers = [
        ("sluicegate_commits_total", "Commits asked for.", counts.commits as f64),
        ("sluicegate_commit_batches_total", "Transactions written for them.", counts.groups as f64),
        (
            "sluicegate_commit_seconds_total",
            "Time in transactions, fsync included.",
            counts.commit_micros as f64 / 1e6,
        ),
    ];
    for (name, help, value) in numbers {
        head(text, name, "counter", help);
        line(text, name, &[], value);
    }
    let help = "Commits in the largest batch.";
    head(text, "sluicegate_commit_batch_size_max", "gauge", help);
    line(text, "sluicegate_commit_batch_size_max", &[], counts.largest_group as f64);
}

fn stripe(runtime: &Runtime, text: &mut String) {
    let counts = runtime.transport.counts();
    let name = "sluicegate_stripe_answers_total";
    head(text, name, "counter", "Attempts by HTTP status; 0 is no answer.");
    for (status, count) in &counts.statuses {
        line(text, name, &[("status", &status.to_string())], *count as f64);
    }
    let name = "sluicegate_stripe_seconds";
    head(text, name, "histogram", "How long an attempt took.");
    for (bound, count) in BOUNDS.iter().zip(counts.within) {
        line(text, &format!("{name}_bucket"), &[("le", &bound.to_string())], count as f64);
    }
    line(text, &format!("{name}_bucket"), &[("le", "+Inf")], counts.attempts as f64);
    line(text, &format!("{name}_sum"), &[], counts.seconds);
    line(text, &format!("{name}_count"), &[], counts.attempts as f64);
}

fn webhooks(runtime: &Runtime, text: &mut String) {
    let name = "sluicegate_webhook_deliveries_total";
    head(text, name, "counter", "Deliveries by what became of them.");
    for (result, count) in runtime.deliveries.results() {
        line(text, name, &[("fate", result.name())], count as f64);
    }
    let name = "sluicegate_webhook_signatures_total";
    head(text, name, "counter", "Deliveries by the secret that signed them.");
    for (signer, count) in runtime.deliveries.signers() {
        line(text, name, &[("secret", &signer)], count as f64);
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: f64) {
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let labels =
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{name}{labels} {value}");
}
