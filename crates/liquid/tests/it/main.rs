//! The engine from outside: fixtures, error messages, Ruby's modes, hostile templates.

#![allow(clippy::unwrap_used, reason = "a test says plainly what it expects")]

mod errors;
mod fast_paths;
mod fixtures;
mod hostile;
mod hostile_templates;
mod modes;
