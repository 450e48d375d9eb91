//! The dashboard: what happened, every object with its fields, requests with their bodies, and the
//! clock, faults and settings. Its pages work without scripts; with them they renew themselves and
//! send what their forms say to the control interface.

mod masked;
mod view;

use super::reply::{response, see_other};
use super::shared::Shared;
use super::state::Kind;
use super::tx::text;
use super::{control, fault};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::Response;
use axum::routing::get;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// Lines of each table of the overview.
const LINES: usize = 25;
/// Lines of the list of objects.
const LIST: usize = 100;

type Answer = Response<Body>;

/// Its routes; the overview is at the root.
pub fn routes() -> Router<Arc<Shared>> {
    let style = || async { file("text/css; charset=utf-8", include_str!("style.css")) };
    let script = || async { file("text/javascript; charset=utf-8", include_str!("script.js")) };
    Router::new()
        .route("/", get(overview))
        .route("/_dashboard/objects", get(objects))
        .route("/_dashboard/objects/{id}", get(object))
        .route("/_dashboard/requests/{id}", get(request))
        .route("/_dashboard/settings", get(settings))
        .route("/_dashboard/style.css", get(style))
        .route("/_dashboard/script.js", get(script))
}

fn file(kind: &'static str, text: &'static str) -> Answer {
    response(200, kind, text, &[("cache-control", "no-cache".to_owned())])
}

async fn overview(State(shared): State<Arc<Shared>>) -> Answer {
    let data = {
        let state = shared.state();
        let mut data = control::summary(&state, LINES);
        data["recent"] = json!(view::recent(&state, LINES));
        data
    };
    view::show("What happened", "overview", view::with_balances(view::with_deliveries(data)))
}

async fn objects(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    if let Some(id) = query.get("id").map(|id| id.trim()).filter(|id| !id.is_empty()) {
        let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
        return see_other(format!("/_dashboard/objects/{id}"));
    }
    let state = shared.state();
    let mut data = control::summary(&state, 0);
    let wanted = query.get("kind").map(String::as_str).unwrap_or_default();
    let counts = state.counts();
    let names = counts.iter().map(|(kind, count)| (view::kind_name(*kind), *kind, count));
    let mut chosen: Option<Kind> = None;
    let mut kinds = Vec::new();
    for (name, kind, count) in names {
        let here = name == wanted;
        kinds.push(json!({"name": name, "count": count, "here": here}));
        chosen = chosen.or(here.then_some(kind));
    }
    data["list"] = match chosen {
        Some(kind) => json!(control::newest(&state, kind, LIST)),
        None => json!(view::recent(&state, LIST)),
    };
    data["kinds"] = json!(kinds);
    view::show("Objects", "objects", data)
}

async fn object(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let state = shared.state();
    let mut data = control::summary(&state, 0);
    let Some(found) = view::object(&state, &id) else {
        return view::missing(data, &format!("There is no object {id}."));
    };
    data["is_event"] = json!(text(&found, "object") == "event");
    if data["is_event"] == true {
        data["deliveries"] = json!(view::deliveries(&state, &id));
    } else {
        data["related"] = json!(view::events_about(&state, &id));
    }
    data["id"] = json!(id);
    data["object"] = found["object"].clone();
    data["json"] = json!(serde_json::to_string_pretty(&found).unwrap_or_default());
    view::show(&id, "object", data)
}

async fn request(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Answer {
    let state = shared.state();
    let mut data = control::summary(&state, 0);
    let Some(logged) = state.requests.iter().find(|one| one.id == id) else {
        return view::missing(data, "This request is not in the log any more.");
    };
    data["request"] = json!(logged);
    data["sent"] = json!(masked::form(&logged.sent));
    let answered = logged.answered.get().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    data["answered"] = json!(answered);
    view::show(&id, "request", data)
}

async fn settings(State(shared): State<Arc<Shared>>) -> Answer {
    let state = shared.state();
    let mut data = control::summary(&state, 0);
    let names: Vec<&str> = fault::ALL.iter().map(|fault| fault.name()).collect();
    data["fault_names"] = json!(names);
    view::show("Settings", "settings", data)
}
