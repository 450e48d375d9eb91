//! The integration tests, one binary: the real rooms and the real binary, over real sockets.

// A test may unwrap, and a folder of fixtures stands beside the file that reads it.
#![allow(clippy::unwrap_used, clippy::self_named_module_files, clippy::field_reassign_with_default)]

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
