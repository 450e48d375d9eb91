//! Tests of the sandbox over HTTP, as a client calls the real Stripe.

mod accounts;
mod binary;
mod charges;
mod client;
mod control;
mod idempotency;
mod invariants;
mod money;
mod protocol;
mod readme;
mod webhooks;
