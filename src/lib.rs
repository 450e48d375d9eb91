//! Sluicegate: a host runtime for platformOS-style Liquid modules that move money through Stripe.
//!
//! The modules below are layers from the bottom up: each imports only modules listed before it
//! (checked by `tests/tidy`). ARCHITECTURE.md has the map and the walkthroughs.

pub mod config;

pub mod clock;

pub mod executor;

pub mod journal;

pub mod template;

pub mod form;

pub mod gateway;

pub mod webhook;

pub mod graphql;

pub mod app;

pub mod web;

pub mod cli;
