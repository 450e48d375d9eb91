//! Pages of modules: route, policies, body, layout.

use crate::app::host::RequestHost;
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
use crate::web::platform_request::{PlatformRequest, is_development, user_id};
use crate::web::respond::{self, redirect};
use crate::web::security;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value as Json, json};
use sluicegate_module::page::{Method, Page};
use sluicegate_module::policy::Policy;
use sluicegate_module::source::Source;
use std::sync::Arc;

/// Handles any URL that is not the host's own: a page, or 404.
pub async fn any(runtime: Arc<Runtime>, request: Request) -> Response {
    let dev = is_development(&runtime);
    let visit = match extract::read(&runtime, request, BODY_BYTES_MAX).await {
        Ok(visit) => visit,
        Err(fault) => return fault.page(dev),
    };
    let ours = Arc::clone(&runtime);
    let answer = tokio::task::spawn_blocking(move || answer(&ours, visit, None)).await;
    answer.unwrap_or_else(|e| HttpError::internal("Something went wrong here.", e).page(dev))
}

/// Renders the page at the request's path; `refused` is a form to show again.
pub fn answer(
    runtime: &Arc<Runtime>,
    mut visit: PlatformRequest,
    refused: Option<(String, Refused)>,
) -> Response {
    let dev = is_development(runtime);
    let instance = runtime.instance();
    let Some(method) = Method::from_name(visit.method.as_str()) else {
        return HttpError::new(StatusCode::METHOD_NOT_ALLOWED, "No page answers this method.")
            .page(dev);
    };
    let Some(routed) = instance.catalog.route(method, &visit.path, None) else {
        return not_found(&visit, dev);
    };
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
    let mut scope = Scope::new(context);
    scope.user_id = user_id(&visit);
    scope.csrf_token = csrf_token;
    scope.current_path = match visit.query.as_str() {
        "" => visit.path.clone(),
        query => format!("{}?{query}", visit.path),
    };
    scope.page_id = page.source.name.clone();
    scope.output = output_mode(page);
    scope.refused = refused;
    let host = runtime.host(scope);
    let result =
        host.request_context().map_err(|e| HttpError::internal("The page could not be shown.", e));
    let rendered = result.and_then(|request_context| show(&host, &request_context, page));
    match rendered {
        Ok(shown) => finish(runtime, &visit, page, shown),
        Err(fault) => fault.page(dev),
    }
}

fn not_found(visit: &PlatformRequest, dev: bool) -> Response {
    if visit.wants_json() {
        HttpError::not_found().json(dev)
    } else {
        HttpError::not_found().page(dev)
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
struct Shown {
    body: String,
    effects: Effects,
    flash: Map<String, Json>,
    /// A failed policy, or a page that only redirects.
    elsewhere: Option<Elsewhere>,
}

enum Elsewhere {
    Redirect(String, u16),
    Refused(u16),
}

fn show(
    host: &RequestHost,
    request_context: &RequestContext,
    page: &Page,
) -> Result<Shown, HttpError> {
    let scene_host = TemplateHost::new(host, request_context);
    let mut shown = Shown {
        body: String::new(),
        effects: Effects::default(),
        flash: Map::new(),
        elsewhere: None,
    };
    let render = |source: &Source, locals: Json, mode: OutputMode| {
        host.instance
            .templates
            .render(source, request_context, locals, mode, &scene_host as &dyn Host)
            .map_err(|e| HttpError::internal("The page could not be shown.", e))
    };
    for name in &page.policies {
        let passed = match host.instance.catalog.policy(name) {
            Some(policy) => refusal(policy, &render)?,
            // A missing policy fails closed: it refuses every visitor.
            None => Some((Elsewhere::Refused(403), Map::new())),
        };
        if let Some((elsewhere, flash)) = passed {
            shown.elsewhere = Some(elsewhere);
            shown.flash = flash;
            return Ok(shown);
        }
    }
    if let Some(to) = &page.redirect_to {
        let to = render(to, json!({}), OutputMode::Raw)?.output.trim().to_owned();
        shown.elsewhere = Some(Elsewhere::Redirect(to, page.redirect_code));
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

/// Where a failed policy sends the visitor, and the flash messages.
type NotLetThrough = (Elsewhere, Map<String, Json>);

type Render<'a> = dyn Fn(&Source, Json, OutputMode) -> Result<Rendered, HttpError> + 'a;

/// Where a failed policy sends the visitor; `None` when the policy passes.
fn refusal(policy: &Policy, render: &Render<'_>) -> Result<Option<NotLetThrough>, HttpError> {
    if render(&policy.source, json!({}), OutputMode::Raw)?.output.trim() == "true" {
        return Ok(None);
    }
    let mut flash = Map::new();
    if let Some(alert) = &policy.flash_alert {
        let text = render(alert, json!({}), OutputMode::Raw)?.output.trim().to_owned();
        flash.insert("alert".to_owned(), json!(text));
    }
    let to = match &policy.redirect_to {
        Some(source) => render(source, json!({}), OutputMode::Raw)?.output.trim().to_owned(),
        None => String::new(),
    };
    // A policy's output may come from the visitor: only paths of this site are followed.
    let elsewhere = if respond::is_local(&to) {
        Elsewhere::Redirect(to, 302)
    } else {
        Elsewhere::Refused(policy.http_status)
    };
    Ok(Some((elsewhere, flash)))
}

fn merge(shown: &mut Shown, rendered: Rendered) {
    shown.body = rendered.output;
    let effects = rendered.effects;
    shown.effects.status = effects.status.or(shown.effects.status);
    shown.effects.redirect = effects.redirect.or(shown.effects.redirect.take());
    shown.effects.headers.extend(effects.headers);
    shown.effects.session.extend(effects.session);
    shown.effects.content_for.extend(effects.content_for);
    shown.flash.extend(effects.flash);
}

fn finish(runtime: &Runtime, visit: &PlatformRequest, page: &Page, shown: Shown) -> Response {
    let mut response = match (&shown.elsewhere, &shown.effects.redirect) {
        (Some(Elsewhere::Redirect(to, status)), _) => redirect(to, *status),
        (Some(Elsewhere::Refused(status)), _) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::FORBIDDEN);
            HttpError::new(status, "You may not see this page.").page(false)
        }
        (None, Some((to, status))) => redirect(to, *status),
        (None, None) => {
            let status = shown.effects.status.and_then(|s| StatusCode::from_u16(s).ok());
            let body = match page.format.as_str() {
                "html" => {
                    let gateway = runtime.transport.gateway();
                    security::rewrite(shown.body, gateway, runtime.stripe_url.as_deref())
                }
                _ => shown.body,
            };
            let kind = HeaderValue::from_static(media_type(&page.format));
            (status.unwrap_or(StatusCode::OK), [(header::CONTENT_TYPE, kind)], body).into_response()
        }
    };
    respond::put_headers(response.headers_mut(), &shown.effects.headers);
    respond::keep_session(runtime, &visit.session, &shown.effects, shown.flash, &mut response);
    response
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
