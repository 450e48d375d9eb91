//! The platform's dialect over `liquid`: tags, filters, profiles, and the interface to the host.
//!
//! [`render::Templates`] compiles a catalog's templates and renders them in a
//! [`request_context::RequestContext`], which all renders of a request share. Calls from a
//! template to the rest of the runtime go through [`host::Host`].

mod arguments;
mod bridge;
mod bytes;
mod check;
pub mod date_parse;
mod dialect;
pub mod email_address;
pub mod error;
pub mod filters;
pub mod host;
mod host_calls;
mod json;
pub mod jsonl;
pub mod lenient_json;
pub mod output;
pub mod render;
pub mod renderer;
pub mod request_context;
mod similar;
pub mod standard_json;
mod strict_json;
mod tags;
mod target;
