//! Strict mode: markup is checked by the grammar of Shopify's strict parser before it is read.
//!
//! The reader itself ([`crate::cursor`]) is lax; what it would pass over in silence is
//! refused here, in the words Ruby Liquid uses. Only standard tags are checked: a dialect's own
//! tags have their own markup.

pub mod grammar;
pub mod tag;
pub mod token;
