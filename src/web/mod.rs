//! HTTP in and out; the only room that knows status codes.

pub mod error;
pub mod params;
pub mod security;
pub mod session;
pub mod visit;
