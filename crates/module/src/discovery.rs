//! Finds a catalog's request types: the API calls of modules that have response mappers.

use crate::catalog::Catalog;
use crate::request_type::RequestType;

impl Catalog {
    /// The request types of every gateway, computed on first use.
    pub fn request_types(&self) -> &[RequestType] {
        self.request_types.get_or_init(|| discover(self))
    }
}

/// The request types of every gateway, by gateway and name. A gateway is a module with
/// `response_mapper/` partials.
fn discover(catalog: &Catalog) -> Vec<RequestType> {
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
