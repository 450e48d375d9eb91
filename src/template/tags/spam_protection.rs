//! `spam_protection 'recaptcha_v3', action: 'x'`: there is no CAPTCHA here, and it says so.

use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct SpamProtection;

/// Reads the tag.
///
/// # Errors
/// None.
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
