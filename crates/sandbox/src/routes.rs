//! The routes of one state: the API, the pages, the control interface.

use super::connection::Peer;
use super::shared::Shared;
use super::{browser, control, dashboard, express, oauth, onboarding, pages, protocol, stripe_cli};
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, Response};
use std::sync::Arc;

/// The routes of one state.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .merge(dashboard::routes())
        .nest("/_sandbox", control::routes())
        .merge(browser::routes())
        .merge(oauth::authorize::routes())
        .merge(onboarding::routes())
        .merge(express::routes())
        .merge(pages::routes())
        .merge(stripe_cli::socket::routes())
        .fallback(api)
        .with_state(shared)
}

async fn api(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return protocol::preflight(request.uri().path());
    }
    protocol::handle(shared, peer, request).await
}
