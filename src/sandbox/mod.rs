//! The embedded Stripe: a separate server with state, ledger and signed webhooks.
