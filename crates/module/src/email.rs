//! E-mail and SMS notifications: templates with recipients.

use crate::definition_reader::DefinitionReader;
use crate::source::Source;

/// An e-mail notification.
#[derive(Debug, Clone)]
pub struct Email {
    /// The template of the body.
    pub source: Source,
    /// The recipients.
    pub to: Option<Source>,
    /// The sender.
    pub from: Option<Source>,
    /// The reply address.
    pub reply_to: Option<Source>,
    /// The CC recipients.
    pub cc: Option<Source>,
    /// The BCC recipients.
    pub bcc: Option<Source>,
    /// The subject.
    pub subject: Option<Source>,
    /// The layout's name.
    pub layout: Option<String>,
    /// Whether and when it is sent.
    pub delivery: Delivery,
}

/// An SMS notification.
#[derive(Debug, Clone)]
pub struct Sms {
    /// The template of the body.
    pub source: Source,
    /// The phone number.
    pub to: Option<Source>,
    /// Whether and when it is sent.
    pub delivery: Delivery,
}

/// The options of every notification.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// False: never sent.
    pub enabled: bool,
    /// The delay before sending.
    pub delay_minutes: u32,
    /// Liquid that must render `true` for the notification to be sent.
    pub trigger_condition: Option<Source>,
}

impl Delivery {
    /// The front matter keys of these options.
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
