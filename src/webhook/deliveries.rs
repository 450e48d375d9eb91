//! Counts deliveries by result and by signing secret, so that an operator sees when an old secret
//! is no longer in use.

use parking_lot::Mutex;
use std::collections::BTreeMap;

/// The result of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

/// The counters of this process since its start.
#[derive(Debug, Default)]
pub struct Deliveries {
    results: Mutex<BTreeMap<DeliveryResult, u64>>,
    signers: Mutex<BTreeMap<String, u64>>,
}

impl Deliveries {
    /// Counts a delivery.
    pub fn count(&self, result: DeliveryResult) {
        *self.results.lock().entry(result).or_default() += 1;
    }

    /// Counts a signature by the name of its secret, such as `environment 1` or `endpoint 12`.
    pub fn signed(&self, signer: String) {
        let mut signers = self.signers.lock();
        *signers.entry(signer).or_default() += 1;
    }

    /// Counts by result.
    pub fn results(&self) -> BTreeMap<DeliveryResult, u64> {
        self.results.lock().clone()
    }

    /// Counts by the name of the signing secret.
    pub fn signers(&self) -> BTreeMap<String, u64> {
        self.signers.lock().clone()
    }
}
