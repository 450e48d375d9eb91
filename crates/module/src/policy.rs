//! Authorization policies: Liquid that lets a visitor pass if it renders exactly `true`.

use crate::definition_reader::DefinitionReader;
use crate::source::Source;

/// An authorization policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The template.
    pub source: Source,
    /// The redirect URL for a refused visitor.
    pub redirect_to: Option<Source>,
    /// The flash message for a refused visitor.
    pub flash_alert: Option<Source>,
    /// The status if there is no redirect.
    pub http_status: u16,
}

impl Policy {
    /// Reads a policy from its file.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(&[
            "name",
            "redirect_to",
            "flash_alert",
            "http_status",
            "metadata",
            "description",
        ]);
        draft.rename();
        let http_status = match draft.number(&["http_status"]) {
            None => 403,
            Some(status @ 400..=599) => u16::try_from(status).unwrap_or(403),
            Some(status) => {
                let mark = draft.mark(&["http_status"]);
                draft.error(mark, format!("`http_status` cannot be {status}"), None);
                403
            }
        };
        Some(Self {
            source: draft.body.clone(),
            redirect_to: draft.template(&["redirect_to"]),
            flash_alert: draft.template(&["flash_alert"]),
            http_status,
        })
    }
}
