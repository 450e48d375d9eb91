//! The catalog: all definitions of an instance, by logical name.

use crate::api_call::ApiCall;
use crate::asset::Asset;
use crate::diagnostic::Diagnostic;
use crate::email::{Email, Sms};
use crate::form::Form;
use crate::graph_query::GraphQuery;
use crate::layout::Layout;
use crate::manifest::Module;
use crate::migration::Migration;
use crate::page::{Method, Page};
use crate::partial::Partial;
use crate::path;
use crate::policy::Policy;
use crate::request_type::RequestType;
use crate::routes::Routes;
use crate::table::Table;
use crate::translation::Translations;
use sluicegate_secret::Secret;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// All definitions of an instance. To reload, load it again.
///
/// Names are logical and carry the module's prefix; the accessors also accept the spellings that
/// templates use (surrounding slashes, `lib/`).
#[derive(Debug, Default)]
pub struct Catalog {
    /// The root module first, then the others in dependency order.
    pub modules: Vec<Module>,
    /// Pages in a stable order; see [`Catalog::route`].
    pub pages: Vec<Page>,
    /// Layouts.
    pub layouts: BTreeMap<String, Layout>,
    /// Partials.
    pub partials: BTreeMap<String, Partial>,
    /// Form configurations.
    pub forms: BTreeMap<String, Form>,
    /// Tables (custom model types).
    pub tables: BTreeMap<String, Table>,
    /// User profile types.
    pub profile_types: BTreeMap<String, Table>,
    /// Listings of the classic marketplace.
    pub transactable_types: BTreeMap<String, Table>,
    /// Graph queries.
    pub graph_queries: BTreeMap<String, GraphQuery>,
    /// API call notifications.
    pub api_calls: BTreeMap<String, ApiCall>,
    /// Authorization policies.
    pub policies: BTreeMap<String, Policy>,
    /// Migrations in execution order.
    pub migrations: Vec<Migration>,
    /// Assets by logical path.
    pub assets: BTreeMap<String, Asset>,
    /// The translations of all modules, merged.
    pub translations: Translations,
    /// E-mail notifications.
    pub emails: BTreeMap<String, Email>,
    /// SMS notifications.
    pub smses: BTreeMap<String, Sms>,
    /// Diagnostics, sorted by path and line.
    pub diagnostics: Vec<Diagnostic>,
    /// Names and values of template values that come from the environment, for `context.constants`.
    pub secrets: Vec<(String, Secret)>,
    /// The pages by URL.
    pub routes: Routes,
    pub(super) request_types: OnceLock<Vec<RequestType>>,
    /// Strings that no diagnostic may show: values of the environment, raw and as pasted.
    pub(super) hidden: Vec<Secret>,
}

/// A page that matches a request.
#[derive(Debug)]
pub struct Routed<'a> {
    /// The page.
    pub page: &'a Page,
    /// The parameters from the URL, in order.
    pub params: Vec<(String, String)>,
}

impl Catalog {
    /// The page that matches, by slug weight, format and profile.
    ///
    /// `format` comes from the request's content type and applies when the path has no extension.
    pub fn route(&self, method: Method, path: &str, format: Option<&str>) -> Option<Routed<'_>> {
        let found = self.routes.find(&self.pages, method, path, format)?;
        let page = self.pages.get(found.index)?;
        Some(Routed { page, params: found.params })
    }

    /// The page with this name.
    pub fn page(&self, name: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.source.name == name)
    }

    /// The partial with this name.
    pub fn partial(&self, name: &str) -> Option<&Partial> {
        find(&self.partials, name)
    }

    /// The layout with this name.
    pub fn layout(&self, name: &str) -> Option<&Layout> {
        find(&self.layouts, name)
    }

    /// The form with this name.
    pub fn form(&self, name: &str) -> Option<&Form> {
        find(&self.forms, name)
    }

    /// The table with this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        find(&self.tables, name)
    }

    /// The graph query with this name.
    pub fn graph_query(&self, name: &str) -> Option<&GraphQuery> {
        find(&self.graph_queries, name)
    }

    /// The API call with this name.
    pub fn api_call(&self, name: &str) -> Option<&ApiCall> {
        find(&self.api_calls, name)
    }

    /// The API call of a request type, of this gateway if one is passed.
    pub fn api_call_of(&self, request_type: &str, gateway: Option<&str>) -> Option<&ApiCall> {
        let is_it = |one: &&RequestType| {
            one.name == request_type && gateway.is_none_or(|gateway| gateway == one.gateway)
        };
        self.api_call(&self.request_types().iter().find(is_it)?.api_call)
    }

    /// The policy with this name.
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        find(&self.policies, name)
    }

    /// The e-mail notification with this name.
    pub fn email(&self, name: &str) -> Option<&Email> {
        find(&self.emails, name)
    }

    /// The SMS notification with this name.
    pub fn sms(&self, name: &str) -> Option<&Sms> {
        find(&self.smses, name)
    }

    /// The asset at this logical path.
    pub fn asset(&self, path: &str) -> Option<&Asset> {
        self.assets.get(path.trim().trim_start_matches('/'))
    }

    /// The module with this machine name.
    pub fn module(&self, machine_name: &str) -> Option<&Module> {
        self.modules.iter().find(|m| !m.is_root && &*m.machine_name == machine_name)
    }

    /// The root module.
    pub fn root(&self) -> Option<&Module> {
        self.modules.iter().find(|module| module.is_root)
    }

    /// True when a partial's name starts with `prefix`.
    pub fn has_partial_below(&self, prefix: &str) -> bool {
        self.partials
            .range(prefix.to_owned()..)
            .next()
            .is_some_and(|(name, _)| name.starts_with(prefix))
    }

    /// The diagnostics that are errors.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error())
    }

    /// Removes every value of the environment from a string.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.hidden {
            if text.len() >= secret.expose().len() && text.contains(secret.expose()) {
                text = text.replace(secret.expose(), "[secret]");
            }
        }
        text
    }
}

fn find<'a, T>(all: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    all.get(name).or_else(|| path::spellings(name).find_map(|name| all.get(&name)))
}
