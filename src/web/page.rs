//! Pages of modules: route, policies, body, layout.

use crate::app::host::RequestHost;
use crate::app::policies::{self, PolicyRefusal};
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::app::template_host::TemplateHost;
use crate::form::render::Refused;
use crate::template::host::Host;
use crate::template::output::{Effects, OutputMode};
use crate::template::render::Rendered;
use crate::template::request_context::RequestContext;
use crate::web::error::HttpError;
use crate::web::extract::{self, BODY_BYTES_MAX};
use crate::web::platform_request::PlatformRequest;
use crate::web::respond::{self, Flash, redirect};
use crate::web::responder::{Responder, ResponseFormat, blocking};
use crate::web::security::{self, Scripts};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value as Json, json};
use sluicegate_module::page::{Method, Page};
use sluicegate_module::source::Source;
use std::sync::Arc;

/// The maximum length of a query that forms lead back to, in bytes.
const QUERY_BYTES_MAX: usize = 2_048;

/// Handles any URL that is not the host's own: a page, or 404.
pub async fn any(runtime: Arc<Runtime>, request: Request) -> Response {
    let responder = Responder::new(&runtime, ResponseFormat::preferred(request.headers()));
    let answer = async {
        let visit = extract::read(&runtime, request, BODY_BYTES_MAX).await?;
        blocking(move || render(responder, &runtime, visit, None)).await
    };
    responder.answer(answer).await
}

/// Renders the page at the request's path; `refused` is a form to show again.
///
/// # Errors
/// 404 and 405 when there is no page, 500 when a template fails.
pub fn render(
    responder: Responder,
    runtime: &Arc<Runtime>,
    mut visit: PlatformRequest,
    refused: Option<(String, Refused)>,
) -> Result<Response, HttpError> {
    let instance = runtime.instance();
    let Some(method) = Method::from_name(visit.method.as_str()) else {
        let message = "No page answers this method.";
        return Err(HttpError::new(StatusCode::METHOD_NOT_ALLOWED, message));
    };
    let routed = instance.catalog.route(method, &visit.path, None);
    let routed = routed.ok_or_else(HttpError::not_found)?;
    let page = routed.page;
    for (name, value) in routed.params {
        visit.params.insert(name, Json::String(value));
    }
    let csrf_token = visit.session.csrf_token(&runtime.config.instance_key);
    let mut context = visit.context(&csrf_token, runtime.config.environment.name());
    context.insert(
        "page".to_owned(),
        json!({ "id": page.source.name, "slug": page.slug, "layout": page.layout, "metadata": page.metadata }),
    );
    let nonce = security::nonce();
    context.insert("csp_nonce".to_owned(), json!(nonce));
    let mut scope = Scope::new(context);
    scope.shares_threads = true;
    scope.user_id = visit.user_id();
    scope.csrf_token = csrf_token;
    scope.current_path = current_path(&visit);
    scope.page_id = page.source.name.clone();
    scope.output = output_mode(page);
    scope.refused = refused;
    let host = runtime.host(scope);
    let request_context = host.request_context()?;
    let shown = show(&host, &request_context, page);
    if host.scope.is_interrupted() {
        return Err(HttpError::interrupted());
    }
    finish(responder, runtime, &visit, page, Shown { nonce, ..shown? })
}

fn not_shown(cause: impl ToString) -> HttpError {
    HttpError::internal("The page could not be shown.", cause)
}

/// The path with its query, which each form on the page repeats; without a long query.
fn current_path(visit: &PlatformRequest) -> String {
    match visit.query.as_str() {
        "" => visit.path.clone(),
        query if query.len() > QUERY_BYTES_MAX => visit.path.clone(),
        query => format!("{}?{query}", visit.path),
    }
}

fn output_mode(page: &Page) -> OutputMode {
    match (page.format.as_str(), page.source.profile.switches().escape_output) {
        ("html", true) => OutputMode::Escape,
        ("html", false) => OutputMode::Sanitize,
        _ => OutputMode::Raw,
    }
}

/// The result of rendering a page.
#[derive(Default)]
struct Shown {
    body: String,
    effects: Effects,
    /// The value of `context.csp_nonce`.
    nonce: String,
    /// The status of a failed policy that redirects nowhere.
    refused: Option<u16>,
}

fn show(
    host: &RequestHost,
    request_context: &RequestContext,
    page: &Page,
) -> Result<Shown, HttpError> {
    let inside = TemplateHost::new(host, request_context);
    let render = |source: &Source, locals: Json, mode: OutputMode| {
        let templates = &host.instance.templates;
        let rendered =
            templates.render(source, request_context, locals, mode, &inside as &dyn Host);
        rendered.map_err(not_shown)
    };
    let renderer = inside.renderer();
    let catalog = &host.instance.catalog;
    let refusal = policies::first_refusal(&page.policies, catalog, renderer, &json!({}));
    if let Some(refusal) = refusal.map_err(not_shown)? {
        return Ok(refused(refusal));
    }
    let mut shown = Shown::default();
    if let Some(to) = &page.redirect_to {
        let to = render(to, json!({}), OutputMode::Raw)?.output.trim().to_owned();
        shown.effects = redirect(to, page.redirect_code, Flash::default());
        return Ok(shown);
    }
    let body = render(&page.source, json!({}), host.scope.output)?;
    merge(&mut shown, body);
    if let Some(layout) = page.layout.as_deref().and_then(|name| host.instance.catalog.layout(name))
    {
        let content = std::mem::take(&mut shown.body);
        request_context.set_content(&content, &shown.effects.content_for);
        let locals = json!({ "content_for_layout": { "html_safe": content } });
        let layout = render(&layout.source, locals, host.scope.output)?;
        merge(&mut shown, layout);
    }
    if let Some(headers) = &page.response_headers {
        let text = render(headers, json!({}), OutputMode::Raw)?.output;
        if let Ok(Some(Json::Object(map))) = crate::template::lenient_json::read(&text) {
            let asked = map.into_iter().map(|(name, value)| match value {
                Json::String(text) => (name, text),
                other => (name, other.to_string()),
            });
            shown.effects.headers.extend(asked);
        }
    }
    Ok(shown)
}

/// What a failed policy shows instead of the page.
fn refused(refusal: PolicyRefusal) -> Shown {
    let flash = Flash { alert: refusal.flash_alert, notice: None };
    // A policy's output may come from the visitor: only paths of this site are followed.
    let is_local = respond::is_local(&refusal.redirect_to);
    let mut effects = redirect(refusal.redirect_to, 302, flash);
    effects.redirect = effects.redirect.filter(|_| is_local);
    let refused = (!is_local).then_some(refusal.http_status);
    Shown { effects, refused, ..Shown::default() }
}

fn merge(shown: &mut Shown, rendered: Rendered) {
    shown.body = rendered.output;
    let effects = rendered.effects;
    shown.effects.status = effects.status.or(shown.effects.status);
    shown.effects.redirect = effects.redirect.or(shown.effects.redirect.take());
    shown.effects.headers.extend(effects.headers);
    shown.effects.session.extend(effects.session);
    shown.effects.sign_in = effects.sign_in.or(shown.effects.sign_in.take());
    shown.effects.content_for.extend(effects.content_for);
    shown.effects.flash.extend(effects.flash);
}

fn finish(
    responder: Responder,
    runtime: &Runtime,
    visit: &PlatformRequest,
    page: &Page,
    shown: Shown,
) -> Result<Response, HttpError> {
    let Shown { body, effects, nonce, refused } = shown;
    respond::with_effects(runtime, &visit.session, &effects, || {
        if let Some(status) = refused {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
            return responder.error(HttpError::new(status, "You may not see this page."));
        }
        let status = effects.status.and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.unwrap_or(StatusCode::OK);
        let kind = HeaderValue::from_static(media_type(&page.format));
        let kind = [(header::CONTENT_TYPE, kind)];
        if page.format != "html" {
            return (status, kind, body).into_response();
        }
        let (gateway, stand_in) = (runtime.transport.gateway(), runtime.stripe_url.as_deref());
        let body = security::rewrite(body, gateway, stand_in);
        let scripts = match runtime.instance().has_inline_scripts {
            true => Scripts::Inline,
            false => Scripts::Nonce(&nonce),
        };
        let mut response = (status, kind, body).into_response();
        let policy = security::content_policy(gateway, stand_in, scripts);
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    })
}

fn media_type(format: &str) -> &'static str {
    match format {
        "json" => "application/json; charset=utf-8",
        "xml" | "rss" => "application/xml; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "ics" => "text/calendar; charset=utf-8",
        "text" | "txt" | "md" => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
    }
}
