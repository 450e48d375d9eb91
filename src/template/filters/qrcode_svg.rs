//! `url_to_qrcode_svg: options`: renders a URL as a QR code.

use crate::template::filters::{alias, option};
use qrcode::{Color, EcLevel, QrCode};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::print::escape_entities;
use sluicegate_liquid::value::Value;
use std::fmt::Write as _;

/// More bytes than the largest code holds at this error correction level; the search for a version
/// is expensive.
const BYTES_MAX: usize = 3_057;
/// The default size of a module in pixels.
const MODULE_SIZE: i64 = 11;
const MODULE_SIZE_MAX: i64 = 1_000;

/// Registers `url_to_qrcode_svg`.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["url_to_qrcode_svg"], url_to_qrcode_svg);
}

fn url_to_qrcode_svg(
    value: Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    let text = value.to_text();
    let too_long = || Error::argument("the text is too long for a QR code");
    if text.len() > BYTES_MAX {
        return Err(too_long());
    }
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::H);
    let code = code.map_err(|_| too_long())?;
    let svg = svg(&code, arguments);
    context.budget.value(svg.len())?;
    context.budget.settle()?;
    Ok(Value::safe(svg))
}

fn svg(code: &QrCode, arguments: &Arguments) -> String {
    let option = |name: &str| option(arguments, 0, name);
    let text = |name: &str, default: &str| match option(name) {
        Value::Nil => default.to_owned(),
        given => escape_entities(&given.to_text()),
    };
    let size = option("module_size").to_int().unwrap_or(MODULE_SIZE).clamp(1, MODULE_SIZE_MAX);
    let color = text("color", "000");
    // A color name such as `red` is written unchanged, a hexadecimal color after a `#`.
    let is_hex = color.chars().all(|c| c.is_ascii_hexdigit());
    let sharp = if is_hex { "#" } else { "" };
    let path =
        format!("<path d=\"{}\" fill=\"{sharp}{color}\" transform=\"scale({size})\"/>", path(code));
    let is_alone = match option("standalone") {
        Value::Nil => true,
        given => given.is_truthy(),
    };
    if !is_alone {
        return path;
    }
    let side = i64::try_from(code.width()).unwrap_or(i64::MAX).saturating_mul(size);
    let rendering = text("shape_rendering", "crispEdges");
    let mut svg = String::from("<svg version=\"1.1\" xmlns=\"http://www.w3.org/2000/svg\"");
    let _ = match option("viewbox").is_truthy() {
        true => write!(svg, " viewBox=\"0 0 {side} {side}\""),
        false => write!(svg, " width=\"{side}\" height=\"{side}\""),
    };
    let _ = write!(svg, " shape-rendering=\"{rendering}\"");
    if let Value::Hash(more) = option("svg_attributes") {
        for (name, value) in more.borrow().iter().filter(|(name, _)| is_attribute(name)) {
            let _ = write!(svg, " {}=\"{}\"", &**name, escape_entities(&value.to_text()));
        }
    }
    let _ = write!(svg, ">{path}</svg>");
    svg
}

fn is_attribute(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
}

/// The SVG path of the dark modules, one rectangle per run.
fn path(code: &QrCode) -> String {
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|one, other| one == other) {
            if run[0] == Color::Dark {
                let _ = write!(path, "M{x} {y}h{0}v1h-{0}z", run.len());
            }
            x += run.len();
        }
    }
    path
}
