//! The embedded Stripe: a separate server with state, ledger and signed webhooks.
//!
//! It imports none of the other rooms and is reached over TCP like the real one. A request
//! passes `protocol` (keys, versions, idempotency, faults), then one file of `endpoint`, which
//! reads and writes through a `Tx`; what the tx wrote is applied to the `SandboxState` as a whole,
//! kept by the `journal`, and told to webhook endpoints by `delivery`.

pub mod error;
pub mod server;
pub mod state;

mod api_error;
mod authorization;
mod browser;
mod call;
mod card;
mod clock;
mod connection;
mod control;
mod dashboard;
mod delivery;
mod due_work;
mod endpoint;
mod event;
mod execution;
mod fault;
mod form;
mod idempotency;
mod identifier;
mod journal;
mod ledger;
mod listing;
mod multipart;
mod parameters;
mod params;
mod protocol;
mod render;
mod reply;
mod shared;
mod signature;
mod tx;
mod version;
