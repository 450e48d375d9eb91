//! The platform's filters, one family a file. Those with much logic of their own have it in a
//! second file that knows no Liquid (`money`, `moment`, `pattern`, `url`, …).

mod agreement;
mod allowance;
mod array;
mod block;
mod cipher;
mod codec;
mod crypto;
mod csv;
mod gpg;
mod gzip;
mod hash;
mod html;
mod javascript;
pub mod json;
mod jwe;
pub mod markup;
mod missing;
mod money;
mod number;
mod pattern;
mod pem;
mod plural;
mod price;
mod qrcode_svg;
mod regex;
mod select;
mod signature;
mod table;
mod text;
mod time;
mod translate;
mod uniform;
mod url;
mod useragent;
mod video;
mod web;
mod words;
mod xml;
mod xml_read;
mod xml_write;

use sluicegate_liquid::engine::Engine;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;

/// Adds the platform's filters to standard Liquid, every spelling of their names.
pub fn register(engine: &mut Engine) {
    agreement::register(engine);
    array::register(engine);
    cipher::register(engine);
    codec::register(engine);
    gpg::register(engine);
    gzip::register(engine);
    hash::register(engine);
    html::register(engine);
    json::register(engine);
    jwe::register(engine);
    missing::register(engine);
    price::register(engine);
    qrcode_svg::register(engine);
    regex::register(engine);
    select::register(engine);
    signature::register(engine);
    table::register(engine);
    text::register(engine);
    time::register(engine);
    translate::register(engine);
    uniform::register(engine);
    useragent::register(engine);
    video::register(engine);
    web::register(engine);
    xml::register(engine);
}

/// Adds one filter under several names.
fn alias(engine: &mut Engine, names: &[&'static str], filter: sluicegate_liquid::filter::Filter) {
    for name in names {
        engine.add_filter(name, filter);
    }
}

/// An option: given by name, or in a hash at that place.
fn option(arguments: &Arguments, place: usize, name: &str) -> Value {
    arguments.named(name).cloned().unwrap_or_else(|| match arguments.at(place) {
        Value::Hash(hash) => hash.borrow().get(name).cloned().unwrap_or_default(),
        _ => Value::Nil,
    })
}
