//! A Liquid engine: complete, fast, and bounded in what a template may spend.
#![doc = include_str!("../README.md")]

pub mod budget;
mod builder;
mod condition;
pub mod context;
pub mod cursor;
mod decimal;
pub mod deferred_cost;
pub mod engine;
pub mod error;
pub mod expression;
pub mod filter;
pub mod filters;
pub mod jsonl;
mod lax;
mod lexer;
mod lines;
mod name;
pub mod parser;
pub mod partials;
pub mod print;
pub mod render;
mod standard;
mod strftime;
mod strict;
pub mod suggest;
pub mod tag;
mod tags;
pub mod template;
pub mod text;
pub mod time;
pub mod value;
pub mod variables;

pub use budget::Limits;
pub use builder::EngineBuilder;
pub use context::Context;
pub use engine::{Engine, Flavor, Mode, RenderErrors, StringLiterals, UnknownNames};
pub use error::Error;
pub use filter::{Arguments, Filter};
pub use print::Escape;
pub use render::RenderOptions;
pub use tag::Tag;
pub use template::Template;
pub use value::Value;
pub use value::shared::Object;
