//! `/metrics` for Prometheus: executions, commits, Stripe calls, webhooks.

use crate::app::runtime::Runtime;
use crate::web::access;
use crate::web::responder::{Responder, ResponseFormat, blocking};
use crate::webhook::inbox;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use sluicegate_store::error::Error;
use sluicegate_store::execution::{ExecutionQuery, State as ExecutionState};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A gauge of counts.
type CountGauge = Gauge<u64, AtomicU64>;

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

/// The metrics in the OpenMetrics text format, for operators.
pub async fn metrics(State(runtime): State<Arc<Runtime>>, headers: HeaderMap) -> Response {
    match access::check_details(&runtime, &headers) {
        Ok(()) => to_anyone(State(runtime)).await,
        Err(error) => Responder::without_details(ResponseFormat::Json).error(error),
    }
}

/// The same at an address of its own.
pub async fn to_anyone(State(runtime): State<Arc<Runtime>>) -> Response {
    let answer = async {
        let text = blocking(move || Ok(text(&runtime))).await?;
        Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
    };
    Responder::without_details(ResponseFormat::Json).answer(answer).await
}

/// All metrics; without those of the database when it cannot be read.
fn text(runtime: &Runtime) -> String {
    let mut registry = Registry::with_prefix("sluicegate");
    let is_up = match executions(runtime, &mut registry) {
        Ok(()) => 1,
        Err(error) => {
            runtime.database_log.failed("metrics", &error);
            registry = Registry::with_prefix("sluicegate");
            0
        }
    };
    registry.register("database_up", "1 when the database can be read", gauge_of(is_up));
    commits(runtime, &mut registry);
    runtime.transport.metrics().register(&mut registry);
    runtime.deliveries.register(&mut registry);
    runtime.rate_limits.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).expect("a string takes whatever is written to it");
    text
}

fn executions(runtime: &Runtime, registry: &mut Registry) -> Result<(), Error> {
    let states = Family::<StateLabel, CountGauge>::default();
    // Completed ones are all there ever were: nobody waits for them, and counting them would cost
    // more every day.
    for state in ExecutionState::ALL.into_iter().filter(|one| *one != ExecutionState::Completed) {
        let label = StateLabel { state: state.name() };
        states.get_or_create(&label).set(count(runtime, state, None)?);
    }
    registry.register("executions", "Executions by state, each counted up to 10,000", states);

    let oldest = runtime.store.oldest_open()?;
    let age = oldest.map_or(0.0, |at| runtime.clock.now().duration_since(at).as_secs_f64());
    let gauge = Gauge::<f64, AtomicU64>::default();
    gauge.set(age.max(0.0));
    let help = "How long the longest-waiting execution has waited";
    registry.register_with_unit("oldest_pending", help, Unit::Seconds, gauge);

    let mut waiting = 0;
    for state in ExecutionState::OPEN {
        waiting += count(runtime, state, Some(inbox::KIND))?;
    }
    let help = "Stored events not yet processed, counted up to 10,000 by state";
    registry.register("webhook_lag_events", help, gauge_of(waiting));
    let discarded = count(runtime, ExecutionState::Discarded, Some(inbox::KIND))?;
    let help = "Events discarded after their last attempt, counted up to 10,000";
    registry.register("webhook_dead_letters", help, gauge_of(discarded));
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

fn commits(runtime: &Runtime, registry: &mut Registry) {
    let counts = runtime.store.writer_stats();
    registry.register("commits", "Commits asked for", counter_of(counts.commits));
    let help = "Transactions written for them";
    registry.register("commit_batches", help, counter_of(counts.groups));
    let seconds = Counter::<f64, AtomicU64>::default();
    seconds.inc_by(std::time::Duration::from_micros(counts.commit_micros).as_secs_f64());
    let help = "Time in transactions, fsync included";
    registry.register_with_unit("commit", help, Unit::Seconds, seconds);
    let help = "Commits in the largest batch";
    registry.register("commit_batch_size_max", help, gauge_of(counts.largest_group));
}

fn gauge_of(value: u64) -> CountGauge {
    let gauge = CountGauge::default();
    gauge.set(value);
    gauge
}

fn counter_of(value: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(value);
    counter
}
