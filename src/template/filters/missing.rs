//! Filters of the platform that this host does not have: each says so where it is used.
//!
//! Letting a value pass through `encrypt` would be worse than an error.

use crate::liquid::context::Context;
use crate::liquid::engine::Engine;
use crate::liquid::error::Error;
use crate::liquid::filter::{Arguments, Filter};
use crate::liquid::value::Value;

/// Names and what stands in for them.
const MISSING: &[(&str, Filter)] = &[
    ("decrypt", |_, _, _| refused("decrypt")),
    ("download_file", |_, _, _| refused("download_file")),
    ("ecdh_compute", |_, _, _| refused("ecdh_compute")),
    ("encrypt", |_, _, _| refused("encrypt")),
    ("gzip_compress", |_, _, _| refused("gzip_compress")),
    ("gzip_decompress", |_, _, _| refused("gzip_decompress")),
    ("hkdf", |_, _, _| refused("hkdf")),
    ("jwe_encode", |_, _, _| refused("jwe_encode")),
    ("jwe_encode_rc", |_, _, _| refused("jwe_encode_rc")),
    ("parse_xml", |_, _, _| refused("parse_xml")),
    ("to_xml", |_, _, _| refused("to_xml")),
    ("to_xml_rc", |_, _, _| refused("to_xml_rc")),
    ("url_to_qrcode_svg", |_, _, _| refused("url_to_qrcode_svg")),
    ("useragent", |_, _, _| refused("useragent")),
    ("video_params", |_, _, _| refused("video_params")),
    ("videoify", |_, _, _| refused("videoify")),
    ("xml_to_hash", |_, _, _| refused("xml_to_hash")),
    // Checks that nobody can make here never pass.
    ("hcaptcha", never),
    ("is_gpg_valid", never),
    ("is_token_valid", never),
    ("verify_access_key", never),
];

/// Adds them.
pub fn register(engine: &mut Engine) {
    for (name, filter) in MISSING {
        engine.add_filter(name, *filter);
    }
}

fn refused(name: &str) -> Result<Value, Error> {
    Err(Error::argument(format!("the filter `{name}` does not exist in Sluicegate")))
}

fn never(_: Value, _: &Arguments, context: &mut Context<'_>) -> Result<Value, Error> {
    context.warn("this check is not possible here, so it does not pass");
    Ok(Value::Bool(false))
}
