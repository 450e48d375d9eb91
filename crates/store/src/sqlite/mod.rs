//! The store on SQLite: one file, one writer that groups commits, a few readers.

pub mod backup;
pub mod database;

mod checkpoint;
mod executions;
mod fault;
mod filter;
mod ids;
mod open;
mod readers;
mod records;
mod rows;
mod schema;
mod transaction;
mod write_executions;
mod write_records;
mod write_states;
mod writer;
