//! Renders a file with JSON data: `cargo run --example file -- FILE.liquid ['{"name": "Ada"}']`.

use sluicegate_liquid::Engine;
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let own = || format!("{}/examples/invoice.liquid", env!("CARGO_MANIFEST_DIR"));
    let file = PathBuf::from(arguments.next().unwrap_or_else(own));
    let data = arguments.next().unwrap_or_else(|| include_str!("invoice.json").to_owned());
    println!("{}", render(&file, &data)?);
    Ok(())
}

/// Renders a file; its partials are the `.liquid` files in the same folder.
fn render(file: &Path, data: &str) -> Result<String, Box<dyn Error>> {
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let engine = Engine::builder()
        .partials_from(move |name| {
            // Nothing outside of the folder is read.
            let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
            let path = folder.join(format!("{name}.liquid"));
            if is_plain { std::fs::read_to_string(path).ok() } else { None }
        })
        .build();
    let source = std::fs::read_to_string(file)?;
    let template = engine.compile(file.display().to_string(), source)?;
    let data: serde_json::Value = serde_json::from_str(data)?;
    Ok(template.render(&engine, data)?)
}

#[test]
fn the_invoice_is_rendered() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/invoice.liquid");
    let output = render(&file, include_str!("invoice.json")).expect("rendered");
    assert_eq!(output, "Invoice for Ada\n* Tea: 4.5\n* Cake: 6.0\nTotal: 10.5\n");
}
