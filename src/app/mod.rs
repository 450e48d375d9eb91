//! Builds every part once and connects them; implements the `Host` that templates call.

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
mod scripted_run;
mod side_effect;
pub mod worker;
