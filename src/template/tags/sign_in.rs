//! `sign_in user_id: id, timeout_in_minutes: n`: signs the visitor in from the next request on.

use crate::template::arguments::{self, take};
use crate::template::bridge;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct SignIn(TagArguments);

/// Parses the tag.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(SignIn(markup.cursor(parser).arguments()?)))
}

impl Tag for SignIn {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let mut named = arguments::named(&self.0, context)?;
        let user = take(&mut named, "user_id").filter(|user| !user.is_blank());
        let Some(user) = user else {
            return Err(Error::argument("sign_in needs a user_id"));
        };
        let user = user.to_text().into_owned();
        let minutes = take(&mut named, "timeout_in_minutes").and_then(|value| value.to_int());
        let minutes = minutes.and_then(|minutes| u32::try_from(minutes).ok());
        bridge::on(context, move |bridge| {
            bridge.request_context.effect(|effects| effects.sign_in = Some((user, minutes)));
        });
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
