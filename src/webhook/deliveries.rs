//! Counts deliveries by result and by signing secret, so that an operator sees when an old secret
//! is no longer in use.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The result of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryResult {
    /// Stored and acknowledged.
    Stored,
    /// Already stored, and acknowledged again.
    Duplicate,
    /// The signature was not accepted, or the body is not an event.
    Refused,
    /// Found in Stripe's list instead of being delivered.
    Listed,
}

impl DeliveryResult {
    /// The label on the metrics page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Refused => "refused",
            Self::Listed => "listed",
        }
    }
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Debug, Clone, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SecretLabel {
    secret: String,
}

/// The counters of this process since its start.
#[derive(Debug, Default)]
pub struct Deliveries {
    results: Family<ResultLabel, Counter>,
    signatures: Family<SecretLabel, Counter>,
}

impl Deliveries {
    /// Counts a delivery.
    pub fn count(&self, result: DeliveryResult) {
        self.results.get_or_create(&ResultLabel { result: result.name() }).inc();
    }

    /// Counts a signature by the name of its secret, such as `environment 1` or `endpoint 12`.
    pub fn signed(&self, secret: String) {
        self.signatures.get_or_create(&SecretLabel { secret }).inc();
    }

    /// Adds the counters to what is shown.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Deliveries by result";
        registry.register("webhook_deliveries", help, self.results.clone());
        let help = "Deliveries by the secret that signed them";
        registry.register("webhook_signatures", help, self.signatures.clone());
    }
}
