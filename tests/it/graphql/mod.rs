//! The schema: both vocabularies, coercion, limits, request types, and what must never leave.

mod bench;
mod documents;
mod fake;
mod operations;
mod records;
