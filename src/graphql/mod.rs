//! The platform's GraphQL: its schema in SDL, lenient documents normalized, one mutation per
//! request type.
//!
//! A document passes through [`document`] (checks, coercion, inlined variables) and [`limits`]
//! before `async-graphql` runs it. Resolvers call a [`backend::Backend`], one per web request, and
//! never a store or a gateway directly.

mod admin;
pub mod backend;
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
pub mod permission;
mod property;
mod query;
mod record;
mod related;
mod request_type;
mod resolver;
pub mod schema;
mod shape;
mod tables;
mod unindexed;
