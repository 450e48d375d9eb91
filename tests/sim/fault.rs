//! What can go wrong, as small values to which a failing plan is shrunk.

/// The fault of one exchange with Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// The request never arrives.
    RequestLost,
    /// It takes effect, but the answer never arrives.
    AnswerLost,
    /// It takes effect some seconds after the connection broke.
    TakesEffectLater,
    /// It takes effect, but the answer is a 500, stored under the key.
    BreaksAfterEffect,
    /// It takes no effect, and the answer is a 500, stored under the key.
    BreaksBefore,
    /// 429.
    TooMany,
    /// 409: the key is in use.
    InUse,
    /// The host dies before the request is sent.
    DiesBefore,
    /// It takes effect, and the host dies before the answer arrives.
    DiesAfter,
    /// It takes effect, the host stalls beyond its lease, and another runner takes over before the
    /// answer is read.
    Stalls,
    /// The same, but the request is stalled before it takes effect.
    StallsBefore,
}

/// The fault of one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    DiesBefore,
    DiesAfter,
    /// It is committed, but the caller gets an error.
    AnswerLost,
    /// It is not committed.
    Refused,
}

/// A simulated crash: a panic that no code of the host may catch.
pub struct Death;

pub fn die() -> ! {
    std::panic::panic_any(Death)
}
