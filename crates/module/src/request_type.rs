//! Request types: one name for an API call, a response mapper, a form template and a form.

/// A request type of a gateway; each part is a logical name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestType {
    /// The name, such as `create_payment`.
    pub name: String,
    /// The gateway's module.
    pub gateway: String,
    /// The API call.
    pub api_call: String,
    /// The partial that maps the answer to properties.
    pub response_mapper: Option<String>,
    /// The template inside its form.
    pub template: Option<String>,
    /// The form that saves its result.
    pub form: Option<String>,
}
