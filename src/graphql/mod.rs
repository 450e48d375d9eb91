//! The platform's GraphQL: its schema as text, lax documents normalized, one mutation per request
//! type.
//!
//! A document goes through [`document`] (checks, coercion, variables put in their places) and
//! [`limits`] before `async-graphql` runs it; resolvers call a [`backend::Backend`], one object
//! per web request, and never a store or a gateway themselves.

mod admin;
pub mod backend;
mod blocking;
mod build;
mod call;
mod change;
mod coerce;
mod collection;
mod directive;
pub mod document;
mod duplicate_mutations;
mod dynamic;
pub mod error;
mod execution;
mod filter;
mod filter_classic;
pub mod limits;
mod literals;
mod nesting;
mod operations;
mod property;
mod query;
mod record;
mod redact;
mod related;
mod request_type;
mod resolver;
pub mod schema;
mod shape;
mod tables;
