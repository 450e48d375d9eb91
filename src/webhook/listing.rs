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
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use sluicegate_secret::Secret;
use std::cell::Cell;
use std::collections::{HashSet, VecDeque};

/// The number of pages held in memory. Of a longer list the oldest are stored first, and then the
/// list is read again from there.
const PAGES_HELD: usize = 500;
/// An event may be listed somewhat later than its `created` time.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// How far back the first listing of an account goes.
const FIRST: SignedDuration = SignedDuration::from_hours(1);

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

/// What a listing found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    /// How many events were new.
    pub count: usize,
    /// Stripe's time when it was asked: older events are all stored. `None` when it did not say.
    pub listed_until: Option<Timestamp>,
}

impl Listing<'_> {
    /// Stores every unknown event since `mark`, which is the `listed_until` of the last listing;
    /// oldest first. Without a mark, since an hour before `now`.
    ///
    /// The mark is Stripe's time and not ours: a clock that ran ahead would skip what happened
    /// until Stripe's came to the same time.
    ///
    /// # Errors
    /// [`Error::Listing`] when Stripe did not return the complete list; nothing is stored then,
    /// because the older events are missing. [`Error::Journal`] when an event cannot be stored.
    pub fn fill(
        &self,
        gateway: &str,
        mark: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Filled, Error> {
        let since = mark.unwrap_or(now - FIRST);
        let mut filled = self.fill_from(gateway, since - OVERLAP)?;
        if let Some(asked) = filled.listed_until.filter(|asked| *asked < since) {
            // Ours was ahead. How long it has been is not known when there is a mark.
            let kept = SignedDuration::from_hours(24 * self.transport.gateway().events_kept_days());
            let back = if mark.is_some() { kept } else { FIRST + OVERLAP };
            filled.count += self.fill_from(gateway, asked - back)?.count;
        }
        Ok(filled)
    }

    fn fill_from(&self, gateway: &str, since: Timestamp) -> Result<Filled, Error> {
        let mut from = since.as_second();
        let mut filled = Filled { count: 0, listed_until: None };
        loop {
            let asked = Cell::new(filled.listed_until);
            let read = |after: Option<&str>| {
                let (page, date) = self.page(from, after)?;
                // The first page has the newest: what comes later is for the next listing.
                asked.set(asked.get().or(date));
                Ok(page)
            };
            let Oldest { pages, is_all } = oldest(PAGES_HELD, read)?;
            let newest = pages.front().and_then(|page| seconds(page.first()?.get("created")?));
            filled.listed_until = asked.get();
            filled.count += self.store(gateway, pages.into_iter().flatten().collect())?;
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

    /// A page, and Stripe's time when it answered.
    fn page(
        &self,
        created_from: i64,
        after: Option<&str>,
    ) -> Result<(Json, Option<Timestamp>), Error> {
        let page = EventsPage { key: self.key, account: self.account, created_from, after };
        let call = self.transport.gateway().list_events(&page);
        let reply = executor::wait(self.transport.send(Attempt::first(&call), &mut || Ok(())));
        match reply? {
            Reply::Answer(answer) if answer.status == 200 => {
                let list = answer.json();
                let list = list.ok_or_else(|| Error::Listing("the list cannot be read".to_owned()));
                Ok((list?, answer.header("date").and_then(http_date)))
            }
            Reply::Answer(answer) => Err(Error::Listing(format!("answered {}", answer.status))),
            Reply::Unknown(reason)
            | Reply::KeyReplaysError(reason)
            | Reply::KeyMismatch(reason) => Err(Error::Listing(reason)),
        }
    }
}

/// The time of a `Date` header.
fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::parse(text).ok().map(|date| date.timestamp())
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
    fn a_date_header_is_a_time() {
        let time = http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        assert_eq!(time.as_second(), 784_111_777);
        assert_eq!(http_date("yesterday"), None);
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
