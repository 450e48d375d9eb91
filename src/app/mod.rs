//! Builds every part once and connects them; implements the `Host` that templates call.

mod api_calls;
pub mod backend;
pub mod boot;
pub mod constants;
pub mod delivery_load;
pub mod error;
pub mod events;
pub mod forms;
mod gateway_lanes;
mod gateway_runner;
pub mod host;
pub mod instance;
mod job_queue;
pub mod jobs;
pub mod maintenance;
pub mod migrations;
pub mod operations;
pub mod policies;
pub mod readiness;
pub mod record_form;
pub mod reload;
pub mod replay;
pub mod runtime;
pub mod scope;
mod side_effect;
pub mod template_host;
pub mod worker;
