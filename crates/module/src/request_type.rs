//! Request types: one name that finds an API call, a response mapper, a form template and a form.

use crate::catalog::Catalog;

/// A request type of a gateway, each part by its logical name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestType {
    /// The name, `create_payment`.
    pub name: String,
    /// The module that knows the gateway.
    pub gateway: String,
    /// The API call.
    pub api_call: String,
    /// What turns the answer into properties.
    pub response_mapper: Option<String>,
    /// The inside of its form.
    pub template: Option<String>,
    /// The form its result is saved with.
    pub form: Option<String>,
}

/// The request types of every gateway, by gateway and name. A gateway is a module that has
/// `response_mapper/` partials.
pub(super) fn discover(catalog: &Catalog) -> Vec<RequestType> {
    let mut found = Vec::new();
    for module in catalog.modules.iter().filter(|module| !module.is_root) {
        let gateway = &module.machine_name;
        let prefix = format!("modules/{gateway}/");
        if !catalog.has_partial_below(&format!("{prefix}response_mapper/")) {
            continue;
        }
        for api_call in catalog.api_calls.keys() {
            let Some(name) = api_call.strip_prefix(&prefix).filter(|name| !name.contains('/'))
            else {
                continue;
            };
            let partial = |folder: &str| {
                let partial = format!("{prefix}{folder}/{name}");
                catalog.partials.contains_key(&partial).then_some(partial)
            };
            let forms = [format!("modules/payments/{name}_form"), format!("{prefix}{name}_form")];
            found.push(RequestType {
                name: name.to_owned(),
                gateway: gateway.to_string(),
                api_call: api_call.clone(),
                response_mapper: partial("response_mapper"),
                template: partial("templates"),
                form: forms.into_iter().find(|form| catalog.forms.contains_key(form)),
            });
        }
    }
    found
}
