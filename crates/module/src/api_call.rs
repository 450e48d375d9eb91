//! API call notifications: templates of HTTP requests to other servers.

use crate::definition_reader::DefinitionReader;
use crate::email::Delivery;
use crate::param::{self, Param};
use crate::source::{Mark, Source};

/// An API call.
#[derive(Debug, Clone)]
pub struct ApiCall {
    /// The template of the body.
    pub source: Source,
    /// The name, such as `modules/stripe/create_payment`.
    pub name: String,
    /// The URL.
    pub to: Source,
    /// The HTTP method; may be Liquid, in any case.
    pub request_type: Source,
    /// Liquid that renders a JSON object of headers.
    pub headers: Option<Source>,
    /// Liquid that runs after the answer.
    pub callback: Option<Source>,
    /// Liquid that must render `true` for the call to be sent.
    pub trigger_condition: Option<Source>,
    /// False: the call is never sent.
    pub enabled: bool,
    /// The delay of a call that a form triggers.
    pub delay_minutes: u32,
    /// The declared parameters; `None` without a `params:` key.
    pub params: Option<Vec<Param>>,
    /// A description for the console and GraphQL (our extension).
    pub description: Option<String>,
    effect: Option<Effect>,
}

/// A call's effect on an object at the gateway (our extension: `effect:` in the front matter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Creates an object.
    Create,
    /// Changes an object.
    Update,
    /// Deletes an object.
    Delete,
    /// Reads only.
    Read,
}

impl Effect {
    const ALL: [(&'static str, Self); 4] = [
        ("create", Self::Create),
        ("update", Self::Update),
        ("delete", Self::Delete),
        ("read", Self::Read),
    ];

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, effect)| *effect)
    }
}

const KEYS: &[&str] = &[
    "name",
    "to",
    "request_type",
    "headers",
    "request_headers",
    "callback",
    "delay",
    "enabled",
    "trigger_condition",
    "format",
    "locale",
    "metadata",
    "params",
    "description",
    "effect",
];

const METHODS: &[&str] = &[
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "post_multipart",
    "put_multipart",
    "patch_multipart",
];

impl ApiCall {
    /// Reads an API call from its file.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(KEYS);
        draft.rename();
        let Some(to) = draft.template(&["to"]) else {
            if draft.front.get("to").is_none_or(|pair| pair.node.is_null()) {
                let help = "add `to: https://…` to its front matter".to_owned();
                draft.error(
                    Mark { line: 1, column: 1 },
                    "an API call needs an address",
                    Some(help),
                );
            }
            return None;
        };
        let delivery = Delivery::read(draft);
        Some(Self {
            name: draft.name.clone(),
            source: draft.body.clone(),
            to,
            request_type: request_type(draft),
            headers: draft.template(&["headers", "request_headers"]),
            callback: draft.template(&["callback"]),
            trigger_condition: delivery.trigger_condition,
            enabled: delivery.enabled,
            delay_minutes: delivery.delay_minutes,
            params: param::read(draft),
            description: draft.filled(&["description"]),
            effect: effect(draft),
        })
    }

    /// True when the front matter has an `effect:`.
    pub fn states_effect(&self) -> bool {
        self.effect.is_some()
    }

    /// The call's effect: from its front matter, or else from its method.
    pub fn effect(&self) -> Effect {
        self.effect.unwrap_or_else(|| match self.request_type.text.trim().to_ascii_lowercase() {
            method if method == "get" || method == "head" => Effect::Read,
            method if method == "delete" => Effect::Delete,
            method if method.starts_with("put") || method.starts_with("patch") => Effect::Update,
            _ => Effect::Create,
        })
    }
}

fn effect(draft: &mut DefinitionReader<'_>) -> Option<Effect> {
    let name = draft.filled(&["effect"])?;
    let effect = Effect::from_name(name.trim());
    if effect.is_none() {
        let help = Some("use create, update, delete or read".to_owned());
        draft.error(draft.mark(&["effect"]), format!("unknown effect `{name}`"), help);
    }
    effect
}

fn request_type(draft: &mut DefinitionReader<'_>) -> Source {
    let Some(source) = draft.template(&["request_type"]) else {
        let name = format!("{}#request_type", draft.name);
        return Source::new(name, draft.path.clone(), 1, "POST", draft.profile)
            .in_module(draft.module.clone());
    };
    let method = source.text.trim().to_ascii_lowercase();
    if !method.contains("{{") && !method.contains("{%") && !METHODS.contains(&method.as_str()) {
        let mark = draft.mark(&["request_type"]);
        let help = Some("use GET, POST, PUT, PATCH or DELETE".to_owned());
        draft.error(mark, format!("unknown request type `{}`", source.text.trim()), help);
    }
    source
}
