//! The SQL of the store, written once; what differs between databases is in a [`dialect::Dialect`].
//!
//! Nothing a caller names becomes part of the SQL: names of properties and values are bound. Only
//! tables and properties with an index are literals, because a database recognizes its index by
//! them.

pub mod dialect;
pub mod executions;
pub mod filter;
pub mod ids;
pub mod index_filter;
pub mod json;
pub mod page;
pub mod property;
pub mod property_index;
pub mod reads;
pub mod records;
pub mod row;
pub mod statement;
pub mod value;
pub mod write_executions;
pub mod write_states;
