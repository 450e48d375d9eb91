//! Strict mode: markup is checked by the grammar of Shopify's strict parser before it is read.
//!
//! The reader ([`crate::cursor`]) is lax; what it would skip is refused here, in Ruby Liquid's
//! words. Only standard tags are checked: the tags of an application have their own markup.

pub mod grammar;
pub mod tag;
pub mod token;
