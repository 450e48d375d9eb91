//! The store in PostgreSQL: one database, many processes.

pub mod database;
mod indexes;
pub mod probe;

mod connect;
mod dialect;
mod durability;
mod errors;
mod executions;
mod schema;
mod statement;
mod write_executions;
mod write_records;
mod writer;
