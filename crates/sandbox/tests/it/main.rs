//! Tests of sandbox: the embedded Stripe, driven over its socket as a client drives the real one.

mod accounts;
mod charges;
mod client;
mod control;
mod idempotency;
mod invariants;
mod money;
mod protocol;
mod serve;
mod webhooks;
