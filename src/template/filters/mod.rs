//! The platform's filters, one family a file. Those with much logic of their own have it in a
//! second file that knows no Liquid (`money`, `moment`, `pattern`, `url`, …).

mod array;
mod codec;
mod crypto;
mod csv;
mod hash;
mod html;
mod inflection;
pub mod json;
pub mod markup;
mod missing;
mod money;
mod number;
mod pattern;
mod price;
mod regex;
mod select;
mod signature;
mod table;
mod text;
mod time;
mod translate;
mod uniform;
mod url;
mod web;

use crate::liquid::engine::Engine;

/// Adds the platform's filters to standard Liquid, every spelling of their names.
pub fn register(engine: &mut Engine) {
    array::register(engine);
    codec::register(engine);
    hash::register(engine);
    html::register(engine);
    json::register(engine);
    missing::register(engine);
    price::register(engine);
    regex::register(engine);
    select::register(engine);
    signature::register(engine);
    table::register(engine);
    text::register(engine);
    time::register(engine);
    translate::register(engine);
    uniform::register(engine);
    web::register(engine);
}

/// Adds one filter under several names.
fn alias(engine: &mut Engine, names: &[&'static str], filter: crate::liquid::filter::Filter) {
    for name in names {
        engine.add_filter(name, filter);
    }
}
