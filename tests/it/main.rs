//! The integration tests, one binary: the real rooms and the real binary, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]
#![allow(clippy::self_named_module_files, reason = "a folder of fixtures beside its test")]

mod bad_input;
mod boot;
mod cli;
mod faults;
mod flow_form;
mod flow_graphql;
mod flow_webhook;
mod graphql;
mod journal;
mod liquid;
mod module;
mod pages;
mod reload;
mod request_types;
mod sandbox;
mod secrets;
mod store;
mod support;
mod template;
