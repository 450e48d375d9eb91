//! What happens in the sandbox, told to whoever listens at the moment.

use crate::request_log::LoggedRequest;
use std::sync::Arc;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Notices that wait for one listener; one that falls behind further is cut off.
const WAITING_MAX: usize = 10_000;
/// Listeners at the same time.
const LISTENERS_MAX: usize = 100;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Notice {
    /// An event was created; it has this id.
    Event(Arc<str>),
    /// A request was answered.
    Request(Arc<LoggedRequest>),
    /// The CLI shall get an event again; it has this id.
    Resend(Arc<str>),
}

/// The listeners.
#[derive(Debug, Default)]
pub struct Feed {
    listeners: Vec<Sender<Notice>>,
}

impl Feed {
    /// Listens from now on; `None` when too many do.
    pub fn listen(&mut self) -> Option<Receiver<Notice>> {
        self.listeners.retain(|listener| !listener.is_closed());
        if self.listeners.len() >= LISTENERS_MAX {
            return None;
        }
        let (sender, receiver) = channel(WAITING_MAX);
        self.listeners.push(sender);
        Some(receiver)
    }

    /// Whether anybody listens.
    pub fn is_heard(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// Tells all listeners; those that are gone or too slow are dropped.
    pub fn tell(&mut self, notice: &Notice) {
        self.listeners.retain(|listener| listener.try_send(notice.clone()).is_ok());
    }
}
