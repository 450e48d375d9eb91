//! Tests of the sandbox over HTTP, as a client calls the real Stripe.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic, and explains itself")]

mod accounts;
mod attacks;
mod billing;
mod binary;
mod books;
mod cash;
mod catalog;
mod charges;
mod checkout_choices;
mod checkout_money;
mod checkouts;
mod client;
mod control;
mod dashboard;
mod edges;
mod entitlements;
mod hosted;
mod idempotency;
mod intents;
mod invariants;
mod invoice_money;
mod issuing;
mod money;
mod newest;
mod oauth;
mod onboarding;
mod pages;
mod protocol;
mod readme;
mod records;
mod schedules;
mod search;
mod setups;
mod strict;
mod taxes;
mod terminal;
mod treasury;
mod triggers;
mod v2;
mod webhooks;
mod worlds;
