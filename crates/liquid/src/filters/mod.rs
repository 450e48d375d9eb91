//! The filters of standard Liquid, a family a file.

pub mod arity;
pub mod date;
pub mod encode;
pub mod list;
pub mod math;
pub mod select;
pub mod text;

use crate::engine::Engine;

/// Adds every filter of standard Liquid.
pub fn register(engine: &mut Engine) {
    date::register(engine);
    encode::register(engine);
    list::register(engine);
    math::register(engine);
    select::register(engine);
    text::register(engine);
}
