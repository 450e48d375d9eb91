//! What a customer enters on the page of a checkout session, and what is wrong with it.

use super::super::endpoint::checkout::pay::Payer;
use super::super::endpoint::method::kinds::{self, Course};
use super::super::params::Params;
use super::super::tx::text;
use serde_json::{Map, Value, json};

/// The inputs of the form.
const NAMES: [&str; 7] = ["kind", "email", "name", "cardnumber", "exp", "cvc", "postal"];

/// The entries of the form.
#[derive(Debug)]
pub struct Entries {
    values: Map<String, Value>,
    /// The page is in a frame of the shop's page.
    pub is_framed: bool,
}

impl Entries {
    /// Reads a form or query.
    pub fn read(sent: &Map<String, Value>) -> Self {
        let own = NAMES.into_iter().filter_map(|name| {
            let value = sent.get(name)?.as_str()?.trim();
            Some((name.to_owned(), json!(value)))
        });
        Self { values: own.collect(), is_framed: sent.contains_key("framed") }
    }

    fn get(&self, name: &str) -> &str {
        self.values.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn kind(&self) -> &str {
        match self.get("kind") {
            "" => "card",
            kind => kind,
        }
    }

    /// What is wrong, and at which input.
    pub fn fault(&self, session: &Value) -> Option<(&'static str, String)> {
        let wrong = |name, message: &str| Some((name, message.to_owned()));
        let knows_email = session["customer"].is_string() || session["customer_email"].is_string();
        let email = self.get("email");
        if !knows_email && (!email.contains('@') || email.contains(char::is_whitespace)) {
            return wrong("email", "Enter your email address.");
        }
        if self.kind() != "card" || (session["amount_total"] == 0 && session["mode"] == "payment") {
            return None;
        }
        if self.get("cardnumber").is_empty() {
            return wrong("cardnumber", "Enter your card number.");
        }
        if self.expiry().is_none() {
            return wrong("exp", "Enter the expiration date of your card as MM / YY.");
        }
        if self.get("cvc").is_empty() {
            return wrong("cvc", "Enter the security code of your card.");
        }
        None
    }

    /// `12 / 34` → `(12, 34)`.
    fn expiry(&self) -> Option<(&str, &str)> {
        let entry = self.get("exp");
        let (month, year) = match entry.split_once(['/', '-', ' ']) {
            Some((month, year)) => (month.trim(), year.trim_matches([' ', '/', '-'])),
            None => entry.split_at_checked(2)?,
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (is_number(month) && is_number(year)).then_some((month, year))
    }

    /// The input that a parameter of the API belongs to.
    pub fn named_by(param: &str) -> &'static str {
        match param.rsplit('[').next().unwrap_or_default().trim_end_matches(']') {
            "number" => "cardnumber",
            "exp_month" | "exp_year" => "exp",
            "cvc" => "cvc",
            _ => "",
        }
    }

    /// Who pays.
    pub fn payer(&self) -> Payer {
        let filled = |name| Some(self.get(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        Payer { email: filled("email"), name: filled("name") }
    }

    /// The parameters of the payment method.
    pub fn method(&self) -> Params {
        let (email, name) = (self.get("email"), self.get("name"));
        let mut details = Map::new();
        for (key, value) in [("email", email), ("name", name)] {
            if !value.is_empty() {
                details.insert(key.into(), json!(value));
            }
        }
        if !self.get("postal").is_empty() {
            details.insert("address".into(), json!({"postal_code": self.get("postal")}));
        }
        let mut params = Map::new();
        params.insert("type".into(), json!(self.kind()));
        params.insert("billing_details".into(), Value::Object(details));
        if self.kind() == "card" {
            let (month, year) = self.expiry().unwrap_or_default();
            let card = json!({"number": self.get("cardnumber"), "exp_month": month,
                "exp_year": year, "cvc": self.get("cvc")});
            params.insert("card".into(), card);
        }
        Params::new(params)
    }

    /// The types that the page offers; debits need more fields than it has.
    pub fn kinds(&self, session: &Value) -> Vec<Value> {
        let types = session["payment_method_types"].as_array().into_iter().flatten();
        let known = types.filter_map(Value::as_str).filter_map(kinds::named);
        let offered = known.filter(|kind| !matches!(kind.course, Course::Debit | Course::Transfer));
        let kinds: Vec<Value> = offered
            .map(|kind| {
                json!({"name": kind.name, "title": title(kind.name),
                    "checked": kind.name == self.kind()})
            })
            .collect();
        if kinds.len() > 1 { kinds } else { Vec::new() }
    }

    /// What was entered, but for the card.
    pub fn shown(&self, email: Option<&str>) -> Value {
        let mut shown = self.values.clone();
        shown.shift_remove("cvc");
        if text(&json!(shown), "email").is_empty() {
            shown.insert("email".into(), json!(email));
        }
        Value::Object(shown)
    }
}

/// A type as a person calls it.
fn title(kind: &str) -> String {
    match kind {
        "ideal" => "iDEAL".into(),
        "eps" => "EPS".into(),
        "p24" => "Przelewy24".into(),
        "cashapp" => "Cash App Pay".into(),
        other => {
            let words = other.replace('_', " ");
            let mut chars = words.chars();
            chars
                .next()
                .map(|first| first.to_uppercase().chain(chars).collect())
                .unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::form;
    use super::*;

    #[test]
    fn a_date_is_read_as_people_write_it() {
        for entry in ["12/34", "12 / 34", "1234", "12-34", "12%20/%202034"] {
            let sent = form::decode(format!("exp={entry}").as_bytes()).unwrap();
            let entries = Entries::read(&sent);
            let (month, year) = entries.expiry().unwrap();
            assert_eq!((month, year.trim_start_matches("20")), ("12", "34"), "{entry}");
        }
        let sent = form::decode(b"exp=1x").unwrap();
        assert!(Entries::read(&sent).expiry().is_none());
    }
}
