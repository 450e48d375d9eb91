//! The integration tests, one binary: the real modules and the real binary, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::bool_assert_comparison,
    reason = "a test says plainly what it expects"
)]

mod access;
mod bad_input;
mod boot;
mod card_numbers;
mod checkout_sessions;
mod cli;
mod console;
mod damage;
mod database_away;
mod diagnostics;
mod disk;
mod doctor;
mod documents;
mod durable;

mod flow_form;
mod flow_graphql;
mod flow_webhook;
mod forget;
mod form_rules;
mod graphql;
mod grow;
mod hostile_templates;
mod inbox;
mod indexes;
mod journal;
mod ledger;
mod moved_clock;
mod multi_process;
mod ordered_runs;
mod pages;
mod payment_intents;
mod proxies;
mod rate_limits;
mod reconcile;
mod reload;
mod request_types;
mod restored_backup;
mod retention;
mod secret_params;
mod secrets;
mod sessions;
mod slow_clients;
mod slow_gateway;
mod subscriptions;
mod support;
mod template;
mod unsafe_starts;
mod values;
mod watching;
