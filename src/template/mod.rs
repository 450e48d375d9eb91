//! The platform's tags and filters over the Liquid engine, and the `Host` they call.

pub mod error;
pub mod host;
pub mod lenient_json;
pub mod render;
pub mod scene;
