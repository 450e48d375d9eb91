//! The platform's dialect over `liquid`: its tags, filters, profiles, and the door to the host.

pub mod error;
pub mod filters;
pub mod host;
pub mod lenient_json;
mod moment;
mod references;
