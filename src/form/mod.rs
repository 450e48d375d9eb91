//! Forms: rendering, signing, submission, validation and writing.
//!
//! A form with `request_type` in its front matter calls the gateway module: what the page decided
//! travels in a signed envelope. Every other form writes a record by the platform's rules.

pub mod card_numbers;
pub mod cast;
pub mod envelope;
pub mod error;
pub mod fields;
pub mod render;
pub mod submission;

pub mod validation;
pub mod write;
