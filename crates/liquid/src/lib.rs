//! The Liquid engine: lexer, parser, values, renderer, filters and limits; knows nothing of the rest of the host.
//!
//! [`engine::Engine`] holds tags, filters and limits and compiles [`template::Template`]s, which are
//! cheap to clone and may be shared between threads. Rendering happens in one [`context::Context`],
//! which has the variables, the source of partials, a host object for tags that reach outside, and
//! the budget that everything draws on. Arrays and hashes are shared by reference, as platformOS
//! shares them.

pub mod budget;
pub mod condition;
pub mod context;
pub mod cursor;
pub mod decimal;
pub mod deferred_cost;
pub mod engine;
pub mod error;
pub mod expression;
pub mod filter;
pub mod filters;
pub mod inspect;
pub mod jsonl;
pub mod lax;
pub mod lexer;
pub mod lines;
pub mod name;
pub mod parser;
pub mod plain;
pub mod print;
pub mod shared;
pub mod strftime;
pub mod strict;
pub mod tag;
pub mod tags;
pub mod template;
pub mod text;
pub mod time;
pub mod value;
pub mod variables;
