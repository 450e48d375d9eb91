//! The store in PostgreSQL: one database, many processes.

pub mod connect;
pub mod database;
mod durability;
mod executions;
mod fault;
mod filter;
mod ids;
mod records;
mod rows;
mod schema;
mod statement;
mod write_executions;
mod write_records;
mod write_states;
mod writer;
