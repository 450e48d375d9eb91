//! Authorization policies: whether a visitor may see a page, submit a form or use a granted field.

use crate::template::error::Error;
use crate::template::renderer::Renderer;
use serde_json::Value as Json;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::source::Source;

/// What a failed policy says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyRefusal {
    /// The policy's name.
    pub policy: String,
    /// Where it sends the visitor, as rendered; empty when it states no place. It may come from the
    /// visitor, so only a path of this site may be followed.
    pub redirect_to: String,
    /// The message for the visitor.
    pub flash_alert: Option<String>,
    /// The status when there is no redirect.
    pub http_status: u16,
}

/// The refusal of the first policy that does not render `true`; `None` when all pass.
///
/// # Errors
/// The template's error: whoever asks must not go on.
pub fn first_refusal(
    names: &[String],
    catalog: &Catalog,
    renderer: Renderer<'_>,
    locals: &Json,
) -> Result<Option<PolicyRefusal>, Error> {
    let text = |source: &Source| -> Result<String, Error> {
        Ok(renderer.raw(source, locals.clone())?.trim().to_owned())
    };
    for name in names {
        let mut refusal =
            PolicyRefusal { policy: name.clone(), http_status: 403, ..PolicyRefusal::default() };
        // A missing policy fails closed.
        let Some(policy) = catalog.policy(name) else { return Ok(Some(refusal)) };
        if text(&policy.source)? == "true" {
            continue;
        }
        refusal.redirect_to =
            policy.redirect_to.as_ref().map(text).transpose()?.unwrap_or_default();
        refusal.flash_alert = policy.flash_alert.as_ref().map(text).transpose()?;
        refusal.http_status = policy.http_status;
        return Ok(Some(refusal));
    }
    Ok(None)
}
