//! `render`: renders one template, or one per JSON line.

use crate::cli::arguments::Render;
use crate::clock::{Clock as _, SystemClock};
use crate::template;
use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::jsonl;
use sluicegate_liquid::partials::Partials;
use sluicegate_liquid::suggest::nearest;
use sluicegate_liquid::{Engine, Flavor, RenderOptions, Template, UnknownNames};
use std::io::{BufRead as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Renders one template to standard output; with `--jsonl`, answers line by line.
///
/// # Errors
/// When the file, the data or the template cannot be read, or rendering fails.
pub fn run(render: &Render) -> Result<ExitCode> {
    if render.jsonl {
        return lines();
    }
    let file = render.file.as_deref().unwrap_or_else(|| Path::new("-"));
    let source = read(file)?;
    let data: Json = serde_json::from_str(&render.data).context("--data is not JSON")?;
    let Json::Object(data) = data else { bail!("--data is not a JSON object") };
    let engine =
        Engine::builder().flavor(Flavor::Platform).unknown_names(UnknownNames::Warn).build();
    let folder = Folder { engine: &engine, folder: render.partials.clone() };
    let template = engine.compile(file.display().to_string(), source)?;
    let options = RenderOptions::new().variables(data).partials(&folder).now(SystemClock.now());
    let rendered = engine.render(&template, options)?;
    for warning in &rendered.warnings {
        eprintln!("{warning}");
    }
    std::io::stdout().write_all(rendered.output.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Reads one JSON line and writes one, until the input ends; errors are written as answers too.
fn lines() -> Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    // Invalid UTF-8 gets an error answer like any other malformed line.
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if line.trim().is_empty() {
            continue;
        }
        let answer = template::jsonl::answer(&line).unwrap_or_else(|| jsonl::answer(&line));
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

/// Partials in a folder: `NAME.liquid`, or `_NAME.liquid`. Files outside it are not read.
struct Folder<'a> {
    engine: &'a Engine,
    folder: Option<PathBuf>,
}

impl Partials for Folder<'_> {
    fn find(&self, name: &str) -> Result<Template, Error> {
        let missing = || Error::new(Kind::Partial, format!("Could not find asset {name}"));
        let folder = self.folder.as_ref().ok_or_else(missing)?;
        let plain = !name.is_empty()
            && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.'))
            && !name.contains(['\\', '\0']);
        if !plain {
            return Err(missing());
        }
        let root = folder.canonicalize().map_err(|_| missing())?;
        let (parent, own) = name.rsplit_once('/').unwrap_or(("", name));
        let names = [format!("{own}.liquid"), format!("_{own}.liquid")];
        let found = names.iter().find_map(|file| {
            let path = root.join(parent).join(file).canonicalize().ok()?;
            path.starts_with(&root).then(|| std::fs::read_to_string(path).ok())?
        });
        let found = found.ok_or_else(|| missing().help(similar_partial(&root, parent, own)));
        self.engine.compile(name, found?)
    }
}

/// The most similar partial name in the same folder.
fn similar_partial(root: &Path, parent: &str, own: &str) -> Option<String> {
    let folder = root.join(parent).canonicalize().ok().filter(|path| path.starts_with(root))?;
    let files = std::fs::read_dir(folder).ok()?.flatten();
    let names = files.filter_map(|file| {
        let name = file.file_name().into_string().ok()?;
        let name = name.strip_suffix(".liquid")?;
        Some(name.strip_prefix('_').unwrap_or(name).to_owned())
    });
    let names: Vec<String> = names.collect();
    nearest(own, names.iter().map(String::as_str))
}
