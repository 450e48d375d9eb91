//! Counts the attempts: their latency and status, for the metrics page.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// The upper bounds of the latency histogram, in seconds.
const BOUNDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

/// The counters of all attempts, of all threads.
#[derive(Debug, Clone)]
pub struct CallMetrics {
    answers: Family<StatusLabel, Counter>,
    latency: Histogram,
}

impl Default for CallMetrics {
    fn default() -> Self {
        Self { answers: Family::default(), latency: Histogram::new(BOUNDS) }
    }
}

impl CallMetrics {
    /// Counts one attempt; `status` is 0 when there was no answer.
    pub fn count(&self, status: u16, took: Duration) {
        self.answers.get_or_create(&StatusLabel { status }).inc();
        self.latency.observe(took.as_secs_f64());
    }

    /// Adds the counters to what is shown.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Attempts by HTTP status; 0 is no answer";
        registry.register("stripe_answers", help, self.answers.clone());
        let help = "How long an attempt took";
        registry.register_with_unit("stripe", help, Unit::Seconds, self.latency.clone());
    }
}
