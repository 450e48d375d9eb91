//! Request types: one name that finds an API call, a response mapper, a form template and a form.

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
