//! Shared by the integration tests: a real host, a browser without scripts, the sandbox behind it.

pub mod host;
pub mod html;
pub mod http;
pub mod instance_files;
pub mod journal;
pub mod postgres;
pub mod render_process;
pub mod shipped;
pub mod signature;
pub mod stripe;
pub mod wait;
