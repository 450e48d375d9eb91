//! A stateful Stripe for tests: see the README below.
//!
#![doc = include_str!("../README.md")]

pub use config::Config;
pub use description::shape::faults as shape_faults;
pub use error::Error;
pub use event_type::event_types;
pub use sandbox::Sandbox;
pub use state::PLATFORM;
pub use webhook_ports::WebhookPorts;

mod api_error;
mod authorization;
mod browser;
mod call;
mod card;
mod card_country;
mod clock;
mod config;
mod connection;
mod control;
mod dashboard;
mod delivery;
mod description;
mod due_work;
mod endpoint;
mod error;
mod event;
mod event_type;
mod execution;
mod fault;
mod form;
mod idempotency;
mod identifier;
mod journal;
mod ledger;
mod listing;
mod multipart;
mod oauth;
mod onboarding;
mod origin;
mod page;
mod pages;
mod params;
mod protocol;
mod render;
mod reply;
mod resource;
mod sandbox;
mod shared;
mod signature;
mod state;
mod tx;
mod version;
mod webhook_ports;
