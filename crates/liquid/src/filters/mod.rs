//! The filters of standard Liquid, a family a file.

pub mod arity;
pub mod date;
pub mod encode;
pub mod list;
pub mod math;
pub mod property;
pub mod select;
pub mod text;

use crate::builder::EngineBuilder;

/// Adds every filter of standard Liquid.
pub fn register(builder: &mut EngineBuilder) {
    date::register(builder);
    encode::register(builder);
    list::register(builder);
    math::register(builder);
    select::register(builder);
    text::register(builder);
}
