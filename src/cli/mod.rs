//! The command line: one file per command; the names are a contract.

pub mod arguments;
pub mod backup;
pub mod call;
pub mod check;
pub mod config;
pub mod doctor;
pub mod events;
pub mod executions;
pub mod forget;
pub mod migrate;
pub mod offline;
pub mod output;
pub mod render;
pub mod routes;
pub mod sandbox;
pub mod scaffold;
pub mod serve;
pub mod sessions;
pub mod trigger;
