//! HTTP requests and responses; the only module that knows status codes.

pub mod access;
pub mod api;
pub mod assets;
pub mod audit;
pub mod console;
pub mod console_page;
pub mod console_session;
pub mod console_sign_in;
pub mod error;
pub mod extract;
pub mod form;
pub mod graphql;
pub mod health;
pub mod metrics;
pub mod page;
pub mod params;
pub mod platform_request;
pub mod respond;
pub mod responder;
pub mod router;
pub mod security;
pub mod session;
pub mod session_store;
pub mod source;
pub mod webhook;
