//! The parameters that each endpoint knows; others are refused, as Stripe does.

use super::api_error::ApiError;
use super::params::Params;
use std::collections::HashMap;
use std::sync::LazyLock;

/// `METHOD /path/with/*: name name …`, from Stripe's published description.
const TABLE: &str = include_str!("parameters.txt");

type Entry = (Vec<&'static str>, Vec<&'static str>);
static KNOWN: LazyLock<HashMap<(&'static str, usize), Vec<Entry>>> = LazyLock::new(|| {
    let mut known: HashMap<_, Vec<Entry>> = HashMap::new();
    for line in TABLE.lines() {
        let Some((address, names)) = line.split_once(": ") else { continue };
        let Some((method, path)) = address.split_once(' ') else { continue };
        let segments: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let entry = (segments, names.split(' ').collect());
        known.entry((method, entry.0.len())).or_default().push(entry);
    }
    known
});

/// Refuses a parameter the endpoint does not know; endpoints not in the table take anything.
pub fn check(method: &'static str, path: &[&str], params: &Params) -> Result<(), ApiError> {
    let Some(entries) = KNOWN.get(&(method, path.len())) else { return Ok(()) };
    let fits = |known: &[&str]| known.iter().zip(path).all(|(k, given)| *k == "*" || k == given);
    let Some((_, names)) = entries.iter().find(|(known, _)| fits(known)) else { return Ok(()) };
    let stranger = params.values().keys().find(|name| !names.contains(&name.as_str()));
    let Some(name) = stranger else { return Ok(()) };
    let shown: String = name.chars().take(100).collect();
    let message = format!("Received unknown parameter: {shown}");
    Err(ApiError::parameter("parameter_unknown", &shown, message))
}

#[cfg(test)]
mod tests {
    use super::super::form;
    use super::*;

    #[test]
    fn unknown_parameters_are_named() {
        let sent = |text: &str| Params::new(form::decode(text.as_bytes()).unwrap());
        let path = ["charges"];
        assert!(check("POST", &path, &sent("amount=1&source=x&destination=acct_1")).is_ok());
        let refused = check("POST", &path, &sent("bogus=1")).unwrap_err();
        assert_eq!(refused.message, "Received unknown parameter: bogus");
        assert!(check("POST", &["accounts"], &sent("requested_capabilities[]=x")).is_ok());
        assert!(check("GET", &["customers", "cus_1"], &sent("expand[]=x")).is_ok());
    }
}
