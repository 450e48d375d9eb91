//! Causes an event on purpose, by the requests that cause it at Stripe: what `stripe trigger` does,
//! without the Stripe CLI.

use super::version::NEWEST;
use reqwest::Method;
use serde_json::Value;
use thiserror::Error;

/// The events and their requests.
const TRIGGERS: &str = include_str!("triggers.txt");
/// A payment intent that takes cards at once, in the newest version.
const CARD: &str = "amount=2000&currency=usd&automatic_payment_methods[enabled]=true\
    &automatic_payment_methods[allow_redirects]=never";
/// The status of a decline: some events are about one.
const DECLINED: u16 = 402;

/// Why an event was not caused.
#[derive(Debug, Error)]
pub enum TriggerError {
    /// There is no trigger of this name.
    #[error("There is no trigger for `{0}`. `trigger --list` shows all.")]
    Unknown(String),
    /// An override is not `name=value`.
    #[error("`{0}` is not `name=value`.")]
    Override(String),
    /// The sandbox does not answer.
    #[error("The sandbox at {url} does not answer.")]
    Unreachable {
        /// Its address.
        url: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// A request was refused.
    #[error("{request} was refused: {message}")]
    Refused {
        /// Method and path.
        request: String,
        /// Stripe's message.
        message: String,
    },
}

/// The names of all events that can be triggered, in alphabetical order.
pub fn triggers() -> impl Iterator<Item = &'static str> {
    TRIGGERS.lines().filter(|line| !line.starts_with([' ', '#']))
}

/// Causes an event in the sandbox at `url` with a secret key; returns the requests that were sent.
/// Each `name=value` of `overrides` replaces a parameter in every request that has it, or is added
/// to the last request when none has.
///
/// # Errors
/// The trigger is unknown, an override is malformed, the sandbox does not answer or refuses.
pub async fn trigger(
    url: &str,
    key: &str,
    event: &str,
    overrides: &[String],
) -> Result<Vec<String>, TriggerError> {
    let mut requests = requests(event)?;
    for given in overrides {
        let (name, value) =
            given.split_once('=').ok_or_else(|| TriggerError::Override(given.clone()))?;
        replace(&mut requests, name, value);
    }
    let unreachable = |source| TriggerError::Unreachable { url: url.to_owned(), source };
    let client = reqwest::Client::builder().no_proxy().build().map_err(unreachable)?;
    let (mut answers, mut sent) = (Vec::new(), Vec::new());
    for request in requests {
        let path = filled(&request.path, &answers);
        let form = request.form.iter().map(|(name, value)| (name, filled(value, &answers)));
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let shown = format!("{} {path}", request.method);
        let call = client.request(request.method, format!("{url}{path}")).bearer_auth(key);
        let call = call.header("stripe-version", NEWEST).body(form);
        let response = call.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let answer = response.text().await.map_err(unreachable)?;
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        if status != 200 && status != DECLINED {
            let message = answer["error"]["message"].as_str().unwrap_or("no message").to_owned();
            return Err(TriggerError::Refused { request: shown, message });
        }
        answers.push(answer);
        sent.push(shown);
    }
    Ok(sent)
}

/// One request of a trigger.
struct Request {
    method: Method,
    path: String,
    form: Vec<(String, String)>,
}

fn requests(event: &str) -> Result<Vec<Request>, TriggerError> {
    let mut lines = TRIGGERS.lines().skip_while(|line| *line != event);
    let known = lines.next().filter(|line| !line.starts_with([' ', '#']));
    known.ok_or_else(|| TriggerError::Unknown(event.to_owned()))?;
    let own = lines.take_while(|line| line.starts_with(' '));
    Ok(own.filter_map(|line| request(line.trim())).collect())
}

fn request(line: &str) -> Option<Request> {
    let mut words = line.splitn(3, ' ');
    let method = words.next()?.parse().ok()?;
    let path = words.next()?.to_owned();
    let form = words.next().unwrap_or_default().replace("CARD", CARD);
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    let form = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Request { method, path, form })
}

fn replace(requests: &mut [Request], name: &str, value: &str) {
    let mut is_placed = false;
    for request in requests.iter_mut() {
        for (own, old) in &mut request.form {
            if own == name {
                value.clone_into(old);
                is_placed = true;
            }
        }
    }
    if let Some(last) = requests.last_mut().filter(|_| !is_placed) {
        last.form.push((name.to_owned(), value.to_owned()));
    }
}

/// A text with the fields of earlier answers in it: `{1.id}`.
fn filled(text: &str, answers: &[Value]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, tail)) = after.split_once('}') else { break };
        out.push_str(before);
        let found = name.split_once('.').and_then(|(number, field)| {
            let place = number.parse::<usize>().ok()?.checked_sub(1)?;
            answers.get(place)?.get(field)?.as_str()
        });
        out.push_str(found.unwrap_or_default());
        rest = tail;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trigger_is_an_event_and_has_requests() {
        for event in triggers() {
            assert!(crate::event_types().any(|known| known == event), "{event}");
            assert!(!requests(event).unwrap().is_empty(), "{event}");
        }
        assert!(triggers().count() > 50);
        assert!(matches!(requests("no.such"), Err(TriggerError::Unknown(_))));
    }

    #[test]
    fn overrides_replace_or_are_added_to_the_last() {
        let mut all = requests("charge.refunded").unwrap();
        replace(&mut all, "amount", "7");
        replace(&mut all, "reason", "duplicate");
        assert!(all[0].form.contains(&("amount".into(), "7".into())));
        assert!(all[1].form.contains(&("reason".into(), "duplicate".into())));
        assert_eq!(all[1].form.len(), 2);
    }
}
