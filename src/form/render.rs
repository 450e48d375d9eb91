//! Renders a form on a page: its variables, its hidden inputs, and the signed envelope.

use crate::form::envelope::{Envelope, session_mark};
use crate::form::error::Error;
use crate::form::fields;
use crate::template::host::FormCall;
use crate::template::output::OutputMode;
use crate::template::renderer::Renderer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::form::Form;
use sluicegate_module::partial::Partial;
use sluicegate_secret::InstanceKey;

/// The dependencies of rendering a form, borrowed for one page.
pub struct FormRenderer<'a> {
    /// The catalog.
    pub catalog: &'a Catalog,
    /// Its templates, with the page's context and host.
    pub renderer: Renderer<'a>,
    /// The key that signs the envelope.
    pub key: &'a InstanceKey,
    /// The session's anti-forgery token.
    pub csrf_token: &'a str,
    /// The time of rendering.
    pub now: Timestamp,
    /// The page's path with its query, for the redirect back.
    pub current_path: &'a str,
    /// The page's name, used to show errors on it.
    pub page_id: &'a str,
    /// How output is escaped on this page.
    pub output: OutputMode,
}

/// The values and errors of a rejected submission, for showing the form again.
#[derive(Debug, Clone, Default)]
pub struct Refused {
    /// The submitted values, by declared path.
    pub values: Json,
    /// Error messages, by dotted path.
    pub errors: Map<String, Json>,
}

impl FormRenderer<'_> {
    /// Renders the HTML of a form.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Configuration`], or the template's own error.
    pub fn render(&self, call: &FormCall, refused: Option<&Refused>) -> Result<String, Error> {
        let form =
            self.catalog.form(&call.name).ok_or_else(|| Error::Unknown(call.name.clone()))?;
        let arguments = as_map(&call.arguments);
        let mut locals = as_map(&call.locals);
        locals.extend(arguments.clone());
        let signed = match &form.request_type {
            Some(_) => Some(self.envelope(form, &arguments)?.seal(self.key)),
            None => None,
        };
        let variable = self.variable(form, call.id.as_deref(), signed, refused);
        locals.insert("form".to_owned(), variable.clone());
        locals.insert("form_builder".to_owned(), variable);
        Ok(self.renderer.render(&form.source, Json::Object(locals), self.output)?)
    }

    /// `form`, alias `form_builder`: the variable read by the body and the `{% form %}` tag.
    fn variable(
        &self,
        form: &Form,
        id: Option<&str>,
        signed: Option<String>,
        refused: Option<&Refused>,
    ) -> Json {
        let nothing = Refused::default();
        let refused = refused.unwrap_or(&nothing);
        let record = id.filter(|id| !id.is_empty() && *id != "new");
        let action = match record {
            Some(id) => format!("/api/customizations/{id}"),
            None => "/api/customizations".to_owned(),
        };
        let table = form.resource.table().unwrap_or_default();
        json!({
            "name": form.name,
            "action": action,
            "method": "post",
            "resource": table,
            "errors": refused.errors,
            "fields": fields::tree(form, &refused.values, &refused.errors),
            "system_fields": self.system_fields(form, record, table, signed),
        })
    }

    /// The hidden inputs, in the platform's order, followed by ours.
    fn system_fields(
        &self,
        form: &Form,
        record: Option<&str>,
        table: &str,
        signed: Option<String>,
    ) -> String {
        let mut inputs = hidden("utf8", "✓");
        if record.is_some() {
            inputs += &hidden("_method", "put");
        }
        inputs += &hidden("authenticity_token", self.csrf_token);
        inputs += &hidden("form_id", &form.name);
        inputs += &hidden("page_id", self.page_id);
        inputs += &hidden("current_path", self.current_path);
        inputs += &hidden("resource_id", record.unwrap_or("new"));
        inputs += &hidden("parent_resource_id", table);
        if let Some(signed) = signed {
            inputs += &hidden("signed", &signed);
        }
        inputs
    }

    fn envelope(&self, form: &Form, arguments: &Map<String, Json>) -> Result<Envelope, Error> {
        let config = argument(arguments, "config");
        let mut data = argument(arguments, "data");
        let refused = |message: String| Error::Configuration { form: form.name.clone(), message };
        let request_type = self.request_type(form, &config)?;
        let all = self.catalog.request_types();
        let wanted = config.get("gateway").and_then(Json::as_str).filter(|g| !g.is_empty());
        let found = all
            .iter()
            .find(|one| one.name == request_type && wanted.is_none_or(|g| g == one.gateway))
            .ok_or_else(|| {
                refused(format!(
                    "there is no request type `{request_type}`; set config.request_type"
                ))
            })?;
        let template =
            config.get("gateway_template").and_then(Json::as_str).filter(|t| !t.is_empty());
        let template = template.or(found.template.as_deref());
        let partial = template.and_then(|name| self.catalog.partial(name));
        let mut key = None;
        for name in ["indempotency_key", "idempotency_key"] {
            key = text(data.shift_remove(name)).or(key);
        }
        Ok(Envelope {
            form: form.name.clone(),
            gateway: found.gateway.clone(),
            request_type,
            open: partial.map(|partial| open_names(partial, &data)).unwrap_or_default(),
            data,
            config,
            expires_at: Envelope::expiry(self.now),
            idempotency_key: key.unwrap_or_else(|| self.fresh_key()),
            current_path: self.current_path.to_owned(),
            session: session_mark(self.csrf_token),
        })
    }

    /// Renders the front matter's `request_type`, with the page's `config.request_type` in `form`.
    fn request_type(&self, form: &Form, config: &Map<String, Json>) -> Result<String, Error> {
        let named = config.get("request_type").cloned().unwrap_or(Json::Null);
        let Some(source) = &form.request_type else { return Ok(String::new()) };
        let locals = json!({ "form": { "request_type": named }, "config": config });
        Ok(self.renderer.raw(source, locals)?.trim().to_owned())
    }

    fn fresh_key(&self) -> String {
        let mut bytes = [0; 18];
        self.renderer.host.random(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// The names that a template leaves open, except those that the page filled in: the visitor
/// cannot change a value that the page decided.
fn open_names(partial: &Partial, data: &Map<String, Json>) -> Vec<String> {
    let decided = |name: &String| {
        data.get(name).is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
    };
    partial.open.iter().filter(|name| !decided(name)).cloned().collect()
}

fn hidden(name: &str, value: &str) -> String {
    format!(r#"<input type="hidden" name="{name}" value="{}">"#, escape(value))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn as_map(value: &Json) -> Map<String, Json> {
    value.as_object().cloned().unwrap_or_default()
}

/// `data` or `config` as a page passes it: a hash, or a JSON string of one.
fn argument(arguments: &Map<String, Json>, name: &str) -> Map<String, Json> {
    match arguments.get(name) {
        Some(Json::Object(map)) => map.clone(),
        Some(Json::String(text)) => {
            serde_json::from_str::<Json>(text).map(|value| as_map(&value)).unwrap_or_default()
        }
        _ => Map::new(),
    }
}

fn text(value: Option<Json>) -> Option<String> {
    match value {
        Some(Json::String(text)) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}
