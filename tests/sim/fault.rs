//! What can go wrong, as small values that a failing plan is shrunk to.

/// What happens to one exchange with Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireFault {
    /// The request never arrives.
    RequestLost,
    /// It takes effect, and the answer never arrives.
    AnswerLost,
    /// It takes effect some seconds after the connection broke.
    TakesEffectLater,
    /// It takes effect, and a 500 is answered and kept under the key.
    BreaksAfterEffect,
    /// Nothing happens, and a 500 is answered and kept under the key.
    BreaksBefore,
    /// 429.
    TooMany,
    /// 409: the key is in use.
    InUse,
    /// The host dies before the request leaves.
    DiesBefore,
    /// It takes effect, and the host dies before the answer arrives.
    DiesAfter,
    /// It takes effect, the host stalls beyond its lease, and another runner takes over before the
    /// answer is read.
    Stalls,
    /// The same, and the request is stalled before it takes effect.
    StallsBefore,
}

/// What happens to one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    DiesBefore,
    DiesAfter,
    /// It is done, and the caller is told that it failed.
    AnswerLost,
    /// It is not done.
    Refused,
}

/// A death of the process: carried by a panic, which nothing of the host may survive.
pub struct Death;

pub fn die() -> ! {
    std::panic::panic_any(Death)
}
