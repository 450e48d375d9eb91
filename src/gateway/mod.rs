//! Request types: render the call, send it, map the answer, write the record.
//!
//! The path runs one way: data → API call → Stripe → mapper → record → outcome. Nothing is sent
//! before its execution and its bytes are committed; the answer, the records that follow from it
//! and the outcome commit together.

pub mod api_call;
pub mod call;
pub mod error;
pub mod look;
pub mod mapper;
pub mod outcome;
pub mod param;
pub mod rate;
pub mod reply;
pub mod request_type;
pub mod resume;
pub mod tally;
pub mod target;
pub mod transport;
pub mod way;
pub mod wire;
pub mod write;
