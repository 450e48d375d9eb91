//! The platform's filters, one family a file.

pub mod crypto;
pub mod csv;
pub mod markup;
pub mod money;
pub mod number;
pub mod pattern;
pub mod text;
pub mod url;
