//! Fills gaps: lists events that Stripe did not deliver and stores them like delivered ones. The
//! list goes back 30 days.

use crate::executor;
use crate::gateway::contract::{Attempt, EventsPage};
use crate::gateway::reply::Reply;
use crate::gateway::transport::Transport;
use crate::webhook::deliveries::{Deliveries, DeliveryResult};
use crate::webhook::error::Error;
use crate::webhook::event::Event;
use crate::webhook::inbox::Inbox;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluicegate_secret::Secret;

/// The maximum number of pages; a longer list is an error.
const PAGES_MAX: usize = 500;

/// Lists the events of one account.
pub struct Listing<'a> {
    /// The sender of outbound calls.
    pub transport: &'a Transport,
    /// Stores the events.
    pub inbox: &'a Inbox<'a>,
    /// The secret key.
    pub key: &'a Secret,
    /// The connected account, or `None` for the platform's own events.
    pub account: Option<&'a str>,
    /// Counts the events found.
    pub deliveries: &'a Deliveries,
}

impl Listing<'_> {
    /// Stores every unknown event created at `since` or later, oldest first. Returns how many there
    /// were.
    ///
    /// # Errors
    /// [`Error::Listing`] when Stripe did not return the complete list; nothing is stored then,
    /// because the older events are missing. [`Error::Journal`] when an event cannot be stored.
    pub fn fill(&self, gateway: &str, since: Timestamp, now: Timestamp) -> Result<usize, Error> {
        let days = self.transport.gateway().events_kept_days();
        let from = since.as_second().max(now.as_second() - days * 24 * 3600);
        let mut events = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let page = self.page(from, after.as_deref())?;
            let list = page.get("data").and_then(Json::as_array).cloned();
            // A malformed list must not pass for an empty one: its events would never be listed
            // again.
            let list = list.ok_or_else(|| Error::Listing("the list cannot be read".to_owned()))?;
            let last = list.last().and_then(|event| event.get("id")?.as_str()).map(str::to_owned);
            events.extend(list);
            let more = page.get("has_more").and_then(Json::as_bool).unwrap_or(false);
            match last.filter(|_| more) {
                Some(last) => after = Some(last),
                None => return self.store(gateway, events),
            }
        }
        Err(Error::Listing(format!("there are more than {PAGES_MAX} pages of events")))
    }

    fn store(&self, gateway: &str, newest_first: Vec<Json>) -> Result<usize, Error> {
        let mut filled = 0;
        for mut json in newest_first.into_iter().rev() {
            // A delivered event names its account; a listed one may not.
            if let Some(account) = self.account {
                json["account"] = json!(account);
            }
            // An unreadable event must not block the others.
            let Ok(event) = Event::from_json(json) else { continue };
            if self.inbox.is_known(&event)? {
                continue;
            }
            if self.inbox.store(gateway, event)?.is_new {
                self.deliveries.count(DeliveryResult::Listed);
                filled += 1;
            }
        }
        Ok(filled)
    }

    fn page(&self, created_from: i64, after: Option<&str>) -> Result<Json, Error> {
        let page = EventsPage { key: self.key, account: self.account, created_from, after };
        let call = self.transport.gateway().list_events(&page);
        let reply = executor::wait(self.transport.send(Attempt::first(&call), &mut || Ok(())));
        match reply? {
            Reply::Answer(answer) if answer.status == 200 => {
                answer.json().ok_or_else(|| Error::Listing("the list cannot be read".to_owned()))
            }
            Reply::Answer(answer) => Err(Error::Listing(format!("answered {}", answer.status))),
            Reply::Unknown(reason)
            | Reply::KeyReplaysError(reason)
            | Reply::KeyMismatch(reason) => Err(Error::Listing(reason)),
        }
    }
}
