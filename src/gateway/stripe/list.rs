//! Lists that are asked for by the largest page are read to their end.

use crate::gateway::call::Call;
use crate::gateway::reply::Answer;
use serde_json::Value as Json;

/// The query of a call that wants the complete list: Stripe's largest page.
const WHOLE: &str = "limit=100";
/// The parameter that names the last object of the page before.
const AFTER: &str = "starting_after";

/// The call for the page after `page`; `None` at the end, or when the call did not ask for all.
pub fn next_page(call: &Call, page: &Answer) -> Option<Call> {
    let (address, query) = call.url.split_once('?')?;
    let is_whole = call.method == "GET" && query.split('&').any(|pair| pair == WHOLE);
    if !is_whole || page.status != 200 {
        return None;
    }
    let list = page.json()?;
    if list.get("has_more") != Some(&Json::Bool(true)) {
        return None;
    }
    let last = list.get("data")?.as_array()?.last()?.get("id")?.as_str()?;
    let kept: Vec<&str> =
        query.split('&').filter(|pair| pair.split('=').next() != Some(AFTER)).collect();
    let last: String = form_urlencoded::byte_serialize(last.as_bytes()).collect();
    let url = format!("{address}?{}&{AFTER}={last}", kept.join("&"));
    // A server that returns the same page again has no end.
    (url != call.url).then(|| Call { url, ..call.clone() })
}

/// The pages of a list as one page; `None` when one of them is not a page.
pub fn join(pages: &[Answer]) -> Option<Answer> {
    let (first, more) = pages.split_first()?;
    let mut all = first.json()?;
    for page in more {
        let mut page = page.json()?;
        let Json::Array(added) = page.get_mut("data")?.take() else { return None };
        all.get_mut("data")?.as_array_mut()?.extend(added);
        *all.get_mut("has_more")? = page.get_mut("has_more")?.take();
    }
    Some(Answer { body: all.to_string(), ..first.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn page(ids: &[&str], has_more: bool) -> Answer {
        let data: Vec<Json> = ids.iter().map(|id| json!({ "id": id })).collect();
        let body = json!({ "object": "list", "data": data, "has_more": has_more }).to_string();
        Answer { status: 200, headers: Map::new(), body }
    }

    fn call(url: &str) -> Call {
        let method = "GET".to_owned();
        let (url, headers, body) = (url.to_owned(), Vec::new(), String::new());
        Call { method, url, headers, body, is_secret: false }
    }

    #[test]
    fn the_next_page_starts_after_the_last_object() {
        let first = call("https://api.stripe.com/v1/persons?limit=100&expand=x");
        let second = next_page(&first, &page(&["a", "b"], true)).expect("a further page");
        assert_eq!(second.url, format!("{}&starting_after=b", first.url));
        let third = next_page(&second, &page(&["c d"], true)).expect("a further page");
        assert_eq!(third.url, format!("{}&starting_after=c+d", first.url));
        assert!(next_page(&third, &page(&["e"], false)).is_none(), "the end");
        assert!(next_page(&third, &page(&["c d"], true)).is_none(), "the same page again");
        assert!(next_page(&third, &page(&[], true)).is_none());
        let few = call("https://api.stripe.com/v1/charges?limit=10");
        assert!(next_page(&few, &page(&["a"], true)).is_none(), "it wants ten");
    }

    #[test]
    fn pages_are_joined() {
        let all = join(&[page(&["a"], true), page(&["b"], false)]).expect("two pages");
        assert_eq!(all, page(&["a", "b"], false));
        let all = join(&[page(&["a"], true), page(&["b"], true), page(&["c"], true)]);
        assert_eq!(all, Some(page(&["a", "b", "c"], true)), "it was not read to its end");
        let other = Answer { body: "<html>".to_owned(), ..page(&[], false) };
        assert_eq!(join(&[page(&["a"], true), other]), None);
    }
}
