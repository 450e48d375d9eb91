//! Sluicegate: a host runtime for platformOS-style Liquid modules that move money through Stripe.
//!
//! The rooms below are floors from the ground up: each imports only rooms listed before it
//! (`tests/tidy.rs` keeps it so). ARCHITECTURE.md has the map and the walkthroughs.

pub mod clock;
pub mod config;
pub mod crash;
pub mod secret;

pub mod liquid;

pub mod module;

pub mod store;

pub mod journal;

pub mod template;

pub mod form;

pub mod gateway;

pub mod webhook;

pub mod graphql;

pub mod app;

pub mod web;

pub mod sandbox;

pub mod cli;
