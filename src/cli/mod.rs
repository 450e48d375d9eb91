//! The command line: one file a command; the names are a contract (design section 6).

pub mod arguments;
pub mod output;
pub mod scaffold;
