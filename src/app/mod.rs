//! Builds every part once and joins them; implements the `Host` that templates call.

pub mod backend;
pub mod boot;
mod callbacks;
pub mod constants;
pub mod delivery_load;
pub mod error;
pub mod forms;
pub mod host;
pub mod instance;
pub mod jobs;
pub mod maintenance;
pub mod migrations;
pub mod operations;
pub mod readiness;
pub mod reload;
pub mod runtime;
pub mod scope;
pub mod scripted_run;
pub mod worker;
