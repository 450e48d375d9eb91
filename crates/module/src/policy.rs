//! Authorization policies: Liquid that lets a visitor pass when it gives exactly `true`.

use crate::definition_reader::DefinitionReader;
use crate::source::Source;

/// An authorization policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The body.
    pub source: Source,
    /// Where one who fails is sent.
    pub redirect_to: Option<Source>,
    /// What one who fails is told.
    pub flash_alert: Option<Source>,
    /// The status without a redirect.
    pub http_status: u16,
}

impl Policy {
    /// Reads a policy.
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
