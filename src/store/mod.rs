//! What happened: records, executions, steps, constants and sessions in a database.
//!
//! Writes are data ([`write::Write`]), committed all or nothing by one writer that groups the
//! commits of concurrent callers; a commit returns after fsync. The store never sees a module.

pub mod contract;
pub mod error;
pub mod execution;
pub mod record;
pub mod record_query;
pub mod sqlite;
pub mod write;
