//! E-mail and SMS notifications: templates with an address.

use crate::definition_reader::DefinitionReader;
use crate::source::Source;

/// An e-mail notification.
#[derive(Debug, Clone)]
pub struct Email {
    /// The body.
    pub source: Source,
    /// Who gets it.
    pub to: Option<Source>,
    /// Who sends it.
    pub from: Option<Source>,
    /// Where answers go.
    pub reply_to: Option<Source>,
    /// Who gets a copy.
    pub cc: Option<Source>,
    /// Who gets a copy unseen.
    pub bcc: Option<Source>,
    /// The subject.
    pub subject: Option<Source>,
    /// The layout.
    pub layout: Option<String>,
    /// When it is sent at all.
    pub delivery: Delivery,
}

/// An SMS notification.
#[derive(Debug, Clone)]
pub struct Sms {
    /// The body.
    pub source: Source,
    /// The number.
    pub to: Option<Source>,
    /// When it is sent at all.
    pub delivery: Delivery,
}

/// What every notification says about its own sending.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Off: never sent.
    pub enabled: bool,
    /// How long to wait.
    pub delay_minutes: u32,
    /// Liquid that must give `true`.
    pub trigger_condition: Option<Source>,
}

impl Delivery {
    /// The keys these come from.
    pub const KEYS: [&'static str; 3] = ["enabled", "delay", "trigger_condition"];

    /// Reads the three keys.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Self {
        Self {
            enabled: draft.boolean(&["enabled"]).unwrap_or(true),
            delay_minutes: draft.number(&["delay"]).unwrap_or(0),
            trigger_condition: draft.template(&["trigger_condition"]),
        }
    }
}

impl Email {
    /// Reads an e-mail notification.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(&[
            "name",
            "to",
            "from",
            "reply_to",
            "cc",
            "bcc",
            "subject",
            "layout",
            "layout_path",
            "delay",
            "enabled",
            "trigger_condition",
            "locale",
            "metadata",
            "attachments",
            "forced_text",
            "unsubscribe",
            "description",
        ]);
        draft.rename();
        Some(Self {
            source: draft.body.clone(),
            to: draft.template(&["to"]),
            from: draft.template(&["from"]),
            reply_to: draft.template(&["reply_to"]),
            cc: draft.template(&["cc"]),
            bcc: draft.template(&["bcc"]),
            subject: draft.template(&["subject"]),
            layout: draft.filled(&["layout", "layout_path"]),
            delivery: Delivery::read(draft),
        })
    }
}

impl Sms {
    /// Reads an SMS notification.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        let mut known = vec!["name", "to", "locale", "metadata", "description"];
        known.extend(Delivery::KEYS);
        draft.only(&known);
        draft.rename();
        Some(Self {
            source: draft.body.clone(),
            to: draft.template(&["to"]),
            delivery: Delivery::read(draft),
        })
    }
}
