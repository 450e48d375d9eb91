//! What happened: records, executions, steps, constants and sessions in a database.
//!
//! Writes are data ([`write::Write`]); [`contract::Store::commit`] takes a list of them, all or
//! nothing, and returns when they are on disk. This room knows no module and no clock: every
//! moment it stores was given to it.

pub mod contract;
pub mod document;
pub mod error;
pub mod execution;
pub mod kind;
pub mod matches;
pub mod page;
pub mod postgres;
pub mod query;
pub mod record;
mod sql;
pub mod sqlite;
pub mod state;
pub mod text;
pub mod timestamp;
pub mod write;
