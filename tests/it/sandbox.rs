//! Tests of sandbox: the embedded Stripe, driven over its socket as a client drives the real one.

#[path = "../sandbox/accounts.rs"]
mod accounts;
#[path = "../sandbox/charges.rs"]
mod charges;
#[path = "../sandbox/client.rs"]
mod client;
#[path = "../sandbox/control.rs"]
mod control;
#[path = "../sandbox/idempotency.rs"]
mod idempotency;
#[path = "../sandbox/invariants.rs"]
mod invariants;
#[path = "../sandbox/money.rs"]
mod money;
#[path = "../sandbox/protocol.rs"]
mod protocol;
#[path = "../sandbox/serve.rs"]
mod serve;
#[path = "../sandbox/webhooks.rs"]
mod webhooks;
