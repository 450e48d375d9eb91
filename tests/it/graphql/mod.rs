//! The schema: both vocabularies, coercion, limits, request types, and redaction.

mod bench;
mod documents;
mod fake;
mod operations;
mod records;
