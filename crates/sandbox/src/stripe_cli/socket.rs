//! The WebSocket of a CLI session.

use super::feed::Notice;
use super::message;
use crate::origin;
use crate::reply::response;
use crate::shared::Shared;
use crate::state::{Kind, PLATFORM};
use crate::tx::{Tx, text};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse;
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;

/// The largest message that the CLI may send: an answer with its body.
const MESSAGE_MAX: usize = 2 * 1024 * 1024;
const PROTOCOL: &str = "stripecli-devproxy-v1";

/// The route that [`session`](super::session) names.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/_stripecli/socket", get(open))
}

/// Opens it for whoever knows the id of a session; no page of a browser can send that header.
async fn open(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    let id = headers.get("websocket-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let refuse = |status, why: &'static str| response(status, "text/plain", why, &[]);
    if origin::is_foreign(&headers) {
        return refuse(403, "This socket is for the Stripe CLI.");
    }
    let (feature, feed) = {
        let mut state = shared.state();
        let tx = Tx::new(&state, Arc::from(PLATFORM));
        let Some((_, session)) = tx.anywhere(Kind::CliSession, id) else {
            return refuse(401, "No session has this id.");
        };
        match state.feed.listen() {
            Some(feed) => (text(&session, "feature").to_owned(), feed),
            None => return refuse(429, "Too many sessions are open."),
        }
    };
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(MESSAGE_MAX);
    upgrade.on_upgrade(move |socket| serve(shared, socket, feed, feature)).into_response()
}

async fn serve(
    shared: Arc<Shared>,
    mut socket: WebSocket,
    mut feed: Receiver<Notice>,
    feature: String,
) {
    loop {
        tokio::select! {
            notice = feed.recv() => {
                // The feed ends when this session is too slow: the CLI connects again.
                let Some(notice) = notice else { return };
                for message in messages(&shared, &notice, &feature) {
                    if socket.send(Message::text(message)).await.is_err() {
                        return;
                    }
                }
            }
            said = socket.recv() => match said {
                Some(Ok(Message::Text(said))) => message::record(&mut shared.state(), &said),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}

/// What a session hears of a notice.
fn messages(shared: &Shared, notice: &Notice, feature: &str) -> Vec<String> {
    match (notice, feature) {
        (Notice::Request(request), "request_logs") => vec![message::request_log(request)],
        (Notice::Event(id) | Notice::Resend(id), "webhooks") => {
            message::webhooks(&shared.state(), id)
        }
        _ => Vec::new(),
    }
}
