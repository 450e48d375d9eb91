//! Records, executions, steps, constants and sessions in SQLite or PostgreSQL.
//!
//! Writes are data ([`write::Write`]); [`contract::Store::commit`] applies a list of them, all or
//! none, and returns when they are on disk. The store knows no module and reads no clock: every
//! timestamp comes from its caller.

#[cfg(test)]
extern crate self as sluicegate_store;

pub mod contract;
pub mod document;
pub mod error;
pub mod execution;
pub mod kind;
pub mod matches;
pub mod page;
pub mod postgres;
pub mod property_index;
pub mod query;
pub mod record;
pub mod schema_status;
mod sql;
pub mod sqlite;
pub mod state;
pub mod text;
pub mod timestamp;
pub mod write;
