//! Fills gaps: lists events that Stripe did not deliver and stores them like delivered ones. The
//! list goes back 30 days.

use crate::executor;
use crate::gateway::contract::{Attempt, EventsPage};
use crate::gateway::reply::Reply;
use crate::gateway::transport::Transport;
use crate::webhook::deliveries::{Deliveries, DeliveryResult};
use crate::webhook::error::Error;
use crate::webhook::event::{Event, seconds};
use crate::webhook::inbox::Inbox;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluicegate_secret::Secret;
use std::collections::{HashSet, VecDeque};

/// The number of pages held in memory. Of a longer list the oldest are stored first, and then the
/// list is read again from there.
const PAGES_HELD: usize = 500;

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
        let mut from = from;
        let mut filled = 0;
        loop {
            let Oldest { pages, is_all } = oldest(PAGES_HELD, |after| self.page(from, after))?;
            let newest = pages.front().and_then(|page| seconds(page.first()?.get("created")?));
            filled += self.store(gateway, pages.into_iter().flatten().collect())?;
            if is_all {
                return Ok(filled);
            }
            // The newest of the stored second is listed again: others of it may be missing.
            match newest.filter(|newest| *newest > from) {
                Some(newest) => from = newest,
                None => return Err(unreadable()),
            }
        }
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

/// The oldest pages of a list that begins with the newest.
struct Oldest {
    /// The events, newest first.
    pages: VecDeque<Vec<Json>>,
    /// True when no newer page was left out.
    is_all: bool,
}

/// Reads a list to its end and keeps its last `held` pages; `page` asks for the one after an id.
fn oldest(
    held: usize,
    page: impl Fn(Option<&str>) -> Result<Json, Error>,
) -> Result<Oldest, Error> {
    let mut oldest = Oldest { pages: VecDeque::new(), is_all: true };
    let mut seen = HashSet::new();
    let mut after: Option<String> = None;
    loop {
        let mut page = page(after.as_deref())?;
        let more = page.get("has_more").and_then(Json::as_bool).unwrap_or(false);
        // A malformed list must not pass for an empty one: its events would never be listed again.
        let Some(Json::Array(list)) = page.get_mut("data").map(Json::take) else {
            return Err(unreadable());
        };
        let last = list.last().and_then(|event| event.get("id")?.as_str()).map(str::to_owned);
        oldest.pages.push_back(list);
        if oldest.pages.len() > held {
            oldest.pages.pop_front();
            oldest.is_all = false;
        }
        match last {
            _ if !more => return Ok(oldest),
            // A page that came before would come for ever.
            Some(last) if seen.insert(last.clone()) => after = Some(last),
            _ => return Err(unreadable()),
        }
    }
}

fn unreadable() -> Error {
    Error::Listing("the list cannot be read".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server with the events 1 (oldest) to `count`, two on a page.
    fn page(count: usize) -> impl Fn(Option<&str>) -> Result<Json, Error> {
        move |after| {
            let below = after.map_or(count + 1, |after| after.parse().expect("a number"));
            let ids: Vec<usize> = (1..below).rev().take(2).collect();
            let more = ids.last().is_some_and(|last| *last > 1);
            let data: Vec<Json> = ids.iter().map(|id| json!({ "id": id.to_string() })).collect();
            Ok(json!({ "data": data, "has_more": more }))
        }
    }

    fn ids(oldest: &Oldest) -> Vec<&str> {
        oldest.pages.iter().flatten().filter_map(|event| event["id"].as_str()).collect()
    }

    #[test]
    fn a_list_is_read_to_its_end_and_its_oldest_pages_are_kept() {
        let all = oldest(3, page(5)).expect("a list");
        assert_eq!((ids(&all), all.is_all), (vec!["5", "4", "3", "2", "1"], true));
        let kept = oldest(2, page(7)).expect("a list");
        assert_eq!((ids(&kept), kept.is_all), (vec!["3", "2", "1"], false));
        assert!(oldest(2, page(0)).expect("a list").is_all);
    }

    #[test]
    fn a_list_without_an_end_is_an_error() {
        let same = |_: Option<&str>| Ok(json!({ "data": [{ "id": "1" }], "has_more": true }));
        assert!(oldest(2, same).is_err());
        let empty = |_: Option<&str>| Ok(json!({ "data": [], "has_more": true }));
        assert!(oldest(2, empty).is_err(), "an empty page is not the end of a longer list");
        assert!(oldest(2, |_| Ok(json!({ "error": {} }))).is_err());
    }
}
