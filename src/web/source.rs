//! Source files of the instance, shown in development.

use crate::app::runtime::Runtime;
use crate::web::console::{Page, guarded};
use crate::web::error::HttpError;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde_json::json;
use sluicegate_module::path::place;
use sluicegate_secret::api_token::TokenScope;
use std::fs;
use std::path::{Component, Path as FilePath, PathBuf};
use std::sync::Arc;

const SOURCE: &str = include_str!("pages/source.hbs");

/// The maximum length of a file to show, in bytes.
const BYTES_MAX: u64 = 256 * 1024;

/// Shows one file of a module with numbered lines. Only in development, and only definition files:
/// not template values, not the database, nothing outside the instance.
pub async fn file(
    State(runtime): State<Arc<Runtime>>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let needed = TokenScope::Administer;
    guarded(runtime, request, needed, move |runtime| show(runtime, &path)).await
}

fn show(runtime: &Runtime, path: &str) -> Page {
    if !runtime.is_development() {
        return Err(HttpError::not_found());
    }
    let disk = inside(&runtime.config.root, path).ok_or_else(HttpError::not_found)?;
    let text = fs::read_to_string(disk).map_err(|_| HttpError::not_found())?;
    let text = runtime.instance().catalog.redact(&text);
    let lines: Vec<_> = text
        .lines()
        .enumerate()
        .map(|(at, text)| json!({ "number": at + 1, "text": text }))
        .collect();
    Ok((SOURCE, json!({ "path": path, "lines": lines })))
}

/// The path on disk of a module's file; `None` for every other path, in any spelling.
fn inside(root: &FilePath, path: &str) -> Option<PathBuf> {
    let plain = FilePath::new(path).components().all(is_plain);
    if !plain || !is_of_a_module(path) {
        return None;
    }
    let root = root.canonicalize().ok()?;
    // A link inside the instance may point outside it.
    let disk = root.join(path).canonicalize().ok()?;
    let known = disk.strip_prefix(&root).ok()?.to_str().is_some_and(is_of_a_module);
    let short = fs::metadata(&disk).is_ok_and(|meta| meta.is_file() && meta.len() <= BYTES_MAX);
    (known && short).then_some(disk)
}

fn is_plain(part: Component<'_>) -> bool {
    matches!(part, Component::Normal(name) if !name.to_string_lossy().starts_with('.'))
}

/// True for a page, partial, form, query and so on, of the root module or one in `modules/`.
fn is_of_a_module(path: &str) -> bool {
    let below = ["app/", "marketplace_builder/"].iter().find_map(|top| path.strip_prefix(top));
    let below = below.unwrap_or(path);
    let Some(module) = below.strip_prefix("modules/") else { return place(below).is_some() };
    let rest = module.split_once('/').map_or("", |(_, rest)| rest);
    let part = ["public/", "private/"].iter().find_map(|part| rest.strip_prefix(part));
    part.is_some_and(|file| place(file).is_some())
}
