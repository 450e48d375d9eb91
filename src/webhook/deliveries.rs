//! Counts of deliveries: what became of them, and which secret had signed them, so that an
//! operator sees when an old secret is no longer in use.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryResult {
    /// Stored and acknowledged.
    Stored,
    /// Known before, and acknowledged.
    Duplicate,
    /// Not believed, or no event.
    Refused,
    /// Not delivered, and found in Stripe's list.
    Listed,
}

impl DeliveryResult {
    /// The word on the metrics page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Refused => "refused",
            Self::Listed => "listed",
        }
    }
}

/// Counts of one process, since it was started.
#[derive(Debug, Default)]
pub struct Deliveries {
    fates: Mutex<BTreeMap<DeliveryResult, u64>>,
    signers: Mutex<BTreeMap<String, u64>>,
}

impl Deliveries {
    /// Counts a delivery.
    pub fn count(&self, fate: DeliveryResult) {
        *self.fates.lock().unwrap_or_else(PoisonError::into_inner).entry(fate).or_default() += 1;
    }

    /// Counts a signature by the name of its secret, such as `environment 1` or `endpoint 12`.
    pub fn signed(&self, signer: String) {
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        *signers.entry(signer).or_default() += 1;
    }

    /// By fate.
    pub fn fates(&self) -> BTreeMap<DeliveryResult, u64> {
        self.fates.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// By the name of the secret.
    pub fn signers(&self) -> BTreeMap<String, u64> {
        self.signers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
