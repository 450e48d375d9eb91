//! The platform's dialect over `liquid`: its tags, filters, profiles, and the door to the host.
//!
//! [`render::Templates`] compiles a catalog's templates and renders them in a [`scene::Scene`],
//! which all renders of one request share; what a template asks of the rest of the house goes
//! through [`host::Host`].

mod arguments;
mod bytes;
mod check;
mod dialect;
mod errand;
pub mod error;
mod filters;
pub mod host;
mod json;
pub mod jsonl;
pub mod lenient_json;
mod moment;
pub mod render;
pub mod scene;
mod stage;
mod strict_json;
mod tags;
mod target;
