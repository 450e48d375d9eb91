//! Form configurations: the accepted fields, their validation, and what a submission does.

use crate::definition_reader::DefinitionReader;
use crate::diagnostic::Severity;
use crate::field::{self, Field};
use crate::path::Kind;
use crate::source::{Mark, Source};
use crate::suggest;
use crate::yaml::{Pair, Value};
use serde_json::Value as Json;

/// A form.
#[derive(Debug, Clone)]
pub struct Form {
    /// The template of the form's content.
    pub source: Source,
    /// The name, such as `modules/payments/create_payment_form`.
    pub name: String,
    /// What a submission creates or changes.
    pub resource: Resource,
    /// Who may change or delete a record with this form.
    pub resource_owner: Owner,
    /// The accepted fields; others are dropped.
    pub fields: Vec<Field>,
    /// Liquid that renders JSON, merged over the submitted values before validation.
    pub default_payload: Option<Source>,
    /// Liquid that runs after saving, in the same request.
    pub callback_actions: Option<Source>,
    /// Liquid that runs after saving, in a background job.
    pub async_callback_actions: Option<AsyncCallback>,
    /// The policies that must pass, in order.
    pub policies: Vec<String>,
    /// The redirect URL after a submission.
    pub redirect_to: Option<Source>,
    /// The flash message on success.
    pub flash_notice: Option<Source>,
    /// The flash message on failure.
    pub flash_alert: Option<Source>,
    /// The request type that a submission runs (our extension).
    pub request_type: Option<Source>,
    /// False: only GraphQL mutations may use the form.
    pub request_allowed: bool,
    /// Liquid that renders a JSON object of headers.
    pub response_headers: Option<Source>,
    /// Free-form data.
    pub metadata: Json,
    /// API calls queued after saving.
    pub api_call_notifications: Vec<String>,
    /// E-mails queued after saving.
    pub email_notifications: Vec<String>,
    /// SMS queued after saving.
    pub sms_notifications: Vec<String>,
    /// The CAPTCHA settings, as written.
    pub spam_protection: Option<Json>,
}

/// What a form creates or changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// Records of a table; the full name if the table exists.
    Table(String),
    /// A user.
    User,
    /// A session: sign-in and sign-out.
    Session,
    /// No resource: the form only runs its Liquid.
    None,
}

impl Resource {
    /// The table's name, if the resource is a table.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::Table(name) => Some(name),
            _ => None,
        }
    }
}

/// Who may change or delete a record with a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Every visitor.
    Anyone,
    /// The user who created the record.
    Creator,
    /// The user that the record describes.
    Itself,
}

/// Liquid that runs in a background job.
#[derive(Debug, Clone)]
pub struct AsyncCallback {
    /// The template.
    pub source: Source,
    /// The delay before the first attempt.
    pub delay_minutes: u32,
    /// The declared priority, which this host ignores.
    pub priority: Priority,
    /// The maximum number of attempts.
    pub max_attempts: u32,
}

/// The declared priority of a background job, which this host ignores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// `high`: before all others on the platform.
    High,
    /// The default priority.
    Default,
    /// `low`: after all others on the platform.
    Low,
}

const KEYS: &[&str] = &[
    "name",
    "resource",
    "resource_owner",
    "fields",
    "configuration",
    "default_payload",
    "callback_actions",
    "async_callback_actions",
    "email_notifications",
    "sms_notifications",
    "api_call_notifications",
    "authorization_policies",
    "redirect_to",
    "return_to",
    "flash_notice",
    "flash_alert",
    "spam_protection",
    "request_allowed",
    "response_headers",
    "live_reindex",
    "metadata",
    "request_type",
    "base_form",
    "description",
];

impl Form {
    /// Reads a form from its file.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(KEYS);
        draft.rename();
        Some(Self {
            name: draft.name.clone(),
            source: draft.body.clone(),
            resource: resource(draft),
            resource_owner: resource_owner(draft),
            fields: field::read(draft),
            default_payload: draft.template(&["default_payload"]),
            callback_actions: draft.template(&["callback_actions"]),
            async_callback_actions: async_callback(draft),
            policies: draft.references(Kind::Policy, &["authorization_policies"]),
            redirect_to: draft.template(&["redirect_to", "return_to"]),
            flash_notice: draft.template(&["flash_notice"]),
            flash_alert: draft.template(&["flash_alert"]),
            request_type: draft.template(&["request_type"]),
            request_allowed: draft.boolean(&["request_allowed"]).unwrap_or(true),
            response_headers: draft.template(&["response_headers"]),
            metadata: draft.mapping(&["metadata"]),
            api_call_notifications: draft.references(Kind::ApiCall, &["api_call_notifications"]),
            email_notifications: unsent(draft, Kind::Email, "email_notifications"),
            sms_notifications: unsent(draft, Kind::Sms, "sms_notifications"),
            spam_protection: draft.pair(&["spam_protection"]).map(|pair| pair.node.json()),
        })
    }
}

/// Notifications that this host does not send. Reported at load time rather than when a customer
/// waits for one.
fn unsent(draft: &mut DefinitionReader<'_>, kind: Kind, key: &str) -> Vec<String> {
    let names = draft.references(kind, &[key]);
    if !names.is_empty() {
        let message = format!("`{key}` are not sent: this host has neither mail nor telephone");
        let help = "send them with an API call of `api_call_notifications`".to_owned();
        draft.diagnostic(Severity::Warning, draft.mark(&[key]), message, Some(help));
    }
    names
}

fn resource(draft: &mut DefinitionReader<'_>) -> Resource {
    let Some(pair) = draft.pair(&["resource"]) else { return Resource::None };
    let name = match (&pair.node.value, pair.node.get("name")) {
        (Value::Text(text), _) => text.text.trim().to_owned(),
        // An older spelling: `resource: { name: table, kind: … }`.
        (Value::Map(_), Some(name)) => name.node.json().as_str().unwrap_or_default().to_owned(),
        _ => {
            draft.wrong::<()>(&pair, "the name of a table, `User` or `Session`");
            return Resource::None;
        }
    };
    match name.as_str() {
        "" => Resource::None,
        "User" => missing(draft, &pair, Resource::User),
        "Session" => missing(draft, &pair, Resource::Session),
        // The table is set elsewhere (`parent_resource_id`).
        "Customization" | "CustomModel" | "Model" | "Record" => Resource::None,
        _ => {
            draft.require(Kind::Table, &name, pair.node.mark);
            Resource::Table(name)
        }
    }
}

/// A resource that this host does not have. The form is kept: its page still renders.
fn missing(draft: &mut DefinitionReader<'_>, pair: &Pair, resource: Resource) -> Resource {
    let message = format!("`{resource:?}` does not exist here: submissions are refused");
    let help = "users and sessions are not part of this host".to_owned();
    draft.error(pair.node.mark, message, Some(help));
    resource
}

fn resource_owner(draft: &mut DefinitionReader<'_>) -> Owner {
    let Some(name) = draft.filled(&["resource_owner"]) else { return Owner::Creator };
    match name.as_str() {
        "anyone" => Owner::Anyone,
        "creator" | "owner" => Owner::Creator,
        "self" => Owner::Itself,
        _ => {
            let mark = draft.mark(&["resource_owner"]);
            let known = ["anyone", "creator", "owner", "self"];
            let help = suggest::did_you_mean(&name, known)
                .unwrap_or_else(|| "it can be anyone, creator, owner or self".to_owned());
            draft.error(mark, format!("unknown resource owner `{name}`"), Some(help));
            Owner::Creator
        }
    }
}

/// A number between 0 and a million, rounded up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the caller checks it")]
fn rounded_up(number: f64) -> u32 {
    number.ceil() as u32
}

fn async_callback(draft: &mut DefinitionReader<'_>) -> Option<AsyncCallback> {
    let pair = draft.pair(&["async_callback_actions"])?;
    let mut callback = AsyncCallback {
        source: draft.template_of(pair.node.get("content").unwrap_or(&pair))?,
        delay_minutes: 0,
        priority: Priority::Default,
        max_attempts: 1,
    };
    if !matches!(pair.node.value, Value::Map(_)) {
        return Some(callback).filter(|callback| !callback.source.text.trim().is_empty());
    }
    let known = &["content", "delay", "priority", "max_attempts"];
    draft.only_in(&pair.node, "async_callback_actions", known);
    let mut number = |key: &str| {
        let pair = pair.node.get(key).filter(|pair| !pair.node.is_null())?;
        let number = pair.node.json().as_f64().filter(|n| *n >= 0.0 && *n <= 1e6);
        // Fractions of a minute are rounded up.
        number.map(rounded_up).or_else(|| draft.wrong(pair, "a number"))
    };
    callback.delay_minutes = number("delay").unwrap_or(0);
    callback.max_attempts = number("max_attempts").unwrap_or(1).clamp(1, 5);
    let priority = pair.node.get("priority").map(|pair| (pair.node.json(), pair.node.mark));
    match priority {
        None | Some((Json::Null, _)) => {}
        Some((json, mark)) => match json.as_str() {
            Some("high") => callback.priority = Priority::High,
            Some("default") => {}
            Some("low") => callback.priority = Priority::Low,
            _ => unknown_priority(draft, mark),
        },
    }
    Some(callback)
}

fn unknown_priority(draft: &mut DefinitionReader<'_>, mark: Mark) {
    draft.error(mark, "`priority` can be high, default or low", None);
}
