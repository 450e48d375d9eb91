//! The platform's filters, one family per file. Larger families keep their logic in a second file
//! without any Liquid (`money`, `pattern`, `url`, …).

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
pub mod plural;
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

use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::filter::{Arguments, FilterFunction};
use sluicegate_liquid::value::Value;

/// Registers the platform's filters over standard Liquid, under every spelling of their names.
pub fn register(builder: &mut EngineBuilder) {
    agreement::register(builder);
    array::register(builder);
    cipher::register(builder);
    codec::register(builder);
    gpg::register(builder);
    gzip::register(builder);
    hash::register(builder);
    html::register(builder);
    json::register(builder);
    jwe::register(builder);
    missing::register(builder);
    price::register(builder);
    qrcode_svg::register(builder);
    regex::register(builder);
    select::register(builder);
    signature::register(builder);
    table::register(builder);
    text::register(builder);
    time::register(builder);
    translate::register(builder);
    uniform::register(builder);
    useragent::register(builder);
    video::register(builder);
    web::register(builder);
    xml::register(builder);
}

/// Registers one filter under several names.
fn alias(builder: &mut EngineBuilder, names: &[&'static str], filter: FilterFunction) {
    for name in names {
        builder.context_filter(*name, filter);
    }
}

/// Returns an option: a named argument, or a key of the hash at position `place`.
fn option(arguments: &Arguments, place: usize, name: &str) -> Value {
    arguments.named(name).cloned().unwrap_or_else(|| match arguments.at(place) {
        Value::Hash(hash) => hash.borrow().get(name).cloned().unwrap_or_default(),
        _ => Value::Nil,
    })
}
