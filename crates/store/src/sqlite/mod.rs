//! The store on SQLite: one file, one writer that groups commits, a few readers.

pub mod backup;
pub mod database;
pub mod probe;

mod check;
mod checkpoint;
mod dialect;
mod errors;
mod executions;
mod indexes;
mod open;
#[cfg(test)]
mod plan_tests;
mod pragmas;
mod read_gate;
mod readers;
mod schema;
mod statement;
mod transaction;
mod write_executions;
mod write_records;
mod writer;
