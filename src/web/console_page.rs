//! Renders a page of the console with its common head.

use crate::web::error::HttpError;
use axum::response::{Html, IntoResponse as _, Response};
use handlebars::Handlebars;
use serde_json::Value as Json;

const HEAD: &str = include_str!("pages/console_head.hbs");

/// A page of the console.
///
/// # Errors
/// 500 when the template fails.
pub fn rendered(template: &str, values: &Json) -> Result<Response, HttpError> {
    let mut handlebars = Handlebars::new();
    let failed =
        |cause: &dyn std::fmt::Display| HttpError::internal("The page could not be shown.", cause);
    handlebars.register_partial("head", HEAD).map_err(|e| failed(&e))?;
    let html = handlebars.render_template(template, values).map_err(|e| failed(&e))?;
    Ok(Html(html).into_response())
}
