//! Builds every room once and joins them: implements the `Host` that templates call.

mod aftermath;
pub mod arrivals;
pub mod backend;
pub mod boot;
pub mod constants;
pub mod doors;
pub mod durable;
pub mod error;
pub mod forms;
pub mod host;
pub mod house;
pub mod jobs;
pub mod migrations;
pub mod readiness;
pub mod reload;
pub mod scope;
pub mod upkeep;
pub mod worker;
pub mod world;
