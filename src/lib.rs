//! Sluicegate: a host runtime for platformOS-style Liquid modules that move money through Stripe.
//!
//! The modules below are floors from the ground up: each imports only modules listed before it
//! (`tests/tidy.rs` keeps it so). ARCHITECTURE.md has the map and the walkthroughs.

/// Values of templates and JSON are many small allocations, made and freed on dozens of threads: a
/// third less time in them than with the system's allocator, and the memory stays small
/// (benches/README.md).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

pub mod clock;
pub mod config;
pub mod journal;

pub mod template;

pub mod form;

pub mod gateway;

pub mod webhook;

pub mod graphql;

pub mod app;

pub mod web;

pub mod cli;
