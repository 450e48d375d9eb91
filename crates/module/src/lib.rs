//! Definitions: every kind of file in a module, the loader and the catalog.
//!
//! [`catalog::Catalog::load`] is the entry point. Only `loader.rs` reads the disk; every kind of
//! file is read in its own file from a [`definition_reader::DefinitionReader`]. This crate does not
//! know what executes the definitions.

pub mod api_call;
pub mod asset;
pub mod catalog;
mod check;

pub mod definition_reader;
pub mod diagnostic;
mod discovery;
pub mod email;
pub mod field;
pub mod form;
mod front_matter;
pub mod graph_query;
pub mod layout;
pub mod loader;
pub mod manifest;
pub mod migration;
mod mustache;
pub mod page;
pub mod param;
pub mod partial;
mod paste;
pub mod path;
pub mod policy;
pub mod profile;
mod read;
pub mod request_type;
pub mod routes;
mod scalar;
mod shown;
pub mod slug;
pub mod source;
pub mod suggest;
pub mod table;
pub mod translation;
pub mod validation;
mod values;
pub mod yaml;
