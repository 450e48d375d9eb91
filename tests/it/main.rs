//! The integration tests, one binary: the real rooms and the real binary, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::bool_assert_comparison,
    reason = "a test says plainly what it expects"
)]

mod bad_input;
mod books;
mod boot;
mod cli;
mod disk;
mod durable;
mod faults;
mod flow_form;
mod flow_graphql;
mod flow_webhook;
mod graphql;
mod inbox;
mod journal;
mod liquid;
mod liquid_errors;
mod liquid_hostile;
mod liquid_modes;
mod look;
mod many;
mod module;
mod pages;
mod reload;
mod request_types;
mod sandbox;
mod secrets;
mod store;
mod support;
mod template;
