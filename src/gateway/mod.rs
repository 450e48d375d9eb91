//! Request types: render the call, send it, map the answer, write the record.
//!
//! The path runs one way: data → API call → Stripe → mapper → record → outcome. Nothing is sent
//! before its execution and its bytes are committed; the answer, the records that follow from it
//! and the outcome commit together.

pub mod api_call;
pub mod call;
pub mod error;
pub mod http;
pub mod mapper;
pub mod metrics;
pub mod outcome;
pub mod param;
pub mod rate;
pub mod reconcile;
pub mod records;
pub mod recovery;
pub mod reply;
pub mod request_type;
pub mod resume;
pub mod target;
pub mod transport;
