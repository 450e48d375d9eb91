//! `spam_protection 'recaptcha_v3', action: 'x'`: prints nothing and adds a warning.

use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct SpamProtection;

/// Parses the tag.
///
/// # Errors
/// Never fails.
pub fn read(_: &Markup<'_>, _: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(SpamProtection))
}

impl Tag for SpamProtection {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        context.warn("spam_protection prints nothing: this host has no CAPTCHA");
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
