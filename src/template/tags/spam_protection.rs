//! `spam_protection 'recaptcha_v3', action: 'x'`: there is no CAPTCHA here, and it says so.

use crate::liquid::context::Context;
use crate::liquid::error::Error;
use crate::liquid::parser::Parser;
use crate::liquid::tag::{Flow, Markup, Tag};

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
