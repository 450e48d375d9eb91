//! The store on SQLite: one writer thread that groups commits, and readers beside it.

pub mod apply;
pub mod connection;
pub mod database;
pub mod query;
pub mod row;
pub mod schema;
pub mod writer;
