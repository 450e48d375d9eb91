//! `gzip_compress`, `gzip_decompress`: the memory budget of the render stops a gzip bomb.

use crate::template::bytes;
use crate::template::filters::alias;
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;
use std::io::Read;

/// Bytes produced between two checks of the budget.
const PIECE: usize = 64 * 1024;

/// Registers the gzip filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["gzip_compress"], compress);
    alias(builder, &["gzip_decompress"], decompress);
}

fn compress(value: Value, _: &Arguments, context: &mut Context<'_>) -> Result<Value, Error> {
    let plain = bytes::of(&value);
    let packed = read_all(GzEncoder::new(&*plain, Compression::default()), context)?;
    bytes::value(packed.unwrap_or_default(), context)
}

fn decompress(value: Value, _: &Arguments, context: &mut Context<'_>) -> Result<Value, Error> {
    let packed = bytes::of(&value);
    match read_all(GzDecoder::new(&*packed), context)? {
        Some(plain) => bytes::value(plain, context),
        None => Err(Error::argument("this is not gzip")),
    }
}

/// Reads to the end, within the budget; `None` when reading fails.
fn read_all(mut reader: impl Read, context: &Context<'_>) -> Result<Option<Vec<u8>>, Error> {
    let mut made = Vec::new();
    loop {
        context.budget.room(made.len() + PIECE)?;
        context.budget.settle()?;
        match Read::by_ref(&mut reader).take(PIECE as u64).read_to_end(&mut made) {
            Ok(0) => return Ok(Some(made)),
            Ok(_) => {}
            Err(_) => return Ok(None),
        }
    }
}
