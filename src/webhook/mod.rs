//! Webhooks: signature, inbox, and dispatch to processor partials.
//!
//! An event is verified over its raw bytes, stored as an execution unique by account and event id,
//! acknowledged, and only then processed by the partial named after its type. Its completion is
//! committed together with the records that the partial wrote.

pub mod deliveries;
pub mod dispatch;
pub mod error;
pub mod event;
pub mod inbox;
pub mod listing;
pub mod newest;
pub mod partial_json;
pub mod secrets;
