//! Search: Stripe's query language over stored objects.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::state::Kind;
use super::super::tx::Tx;
use super::kind;
use serde_json::{Value, json};

/// Conditions that a query has at most.
const CLAUSES_MAX: usize = 10;

/// What can be searched: the path, the kind, and the fields of a query.
const FAMILIES: &[(&str, &str)] = &[
    (
        "charges",
        "amount created currency customer disputed refunded status \
        payment_method_details.card.brand payment_method_details.card.exp_month \
        payment_method_details.card.exp_year payment_method_details.card.fingerprint \
        payment_method_details.card.last4 billing_details.address.postal_code",
    ),
    ("customers", "created email name phone"),
    (
        "invoices",
        "created currency customer number receipt_number status subscription total \
        last_finalization_error_code",
    ),
    ("payment_intents", "amount created currency customer status"),
    ("prices", "active currency lookup_key product type"),
    ("products", "active description name shippable url"),
    ("subscriptions", "canceled_at created status"),
];

/// `GET /v1/customers/search`; `None` when the path is another.
pub fn route(call: &Call, tx: &Tx<'_>, path: &[&str]) -> Option<Answer> {
    let [family, "search"] = path else { return None };
    let (_, fields) = FAMILIES.iter().find(|(name, _)| name == family)?;
    call.is("GET").then(|| run(call, tx, family, fields))
}

fn stored_kind(family: &str) -> Kind {
    match family {
        "charges" => Kind::Charge,
        "customers" => Kind::Customer,
        "invoices" => kind("invoice"),
        "payment_intents" => Kind::PaymentIntent,
        "prices" => kind("price"),
        "products" => kind("product"),
        _ => kind("subscription"),
    }
}

fn run(call: &Call, tx: &Tx<'_>, family: &str, fields: &str) -> Answer {
    let query = Query::read(call.params.required("query")?)?;
    query.check(family, fields)?;
    let limit = call.params.integer("limit")?.unwrap_or(10);
    let limit = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
    let limit = limit.ok_or_else(|| invalid("This value must be between 1 and 100.", "limit"))?;
    let from = match call.params.filled("page")? {
        Some(page) => page.strip_prefix("page_").and_then(|at| at.parse::<usize>().ok()),
        None => Some(0),
    };
    let from = from.ok_or_else(|| invalid("Invalid page token.", "page"))?;
    let ids = tx.ids(stored_kind(family));
    let objects = ids.iter().filter_map(|id| Some(tx.stored(id)?.value()));
    let found = objects.filter(|object| object.get("deleted").is_none() && query.matches(object));
    let all: Vec<Value> = found.collect();
    let data: Vec<&Value> = all.iter().skip(from).take(limit).collect();
    let next = from + data.len();
    let has_more = next < all.len();
    let mut answer = json!({"object": "search_result", "data": data, "has_more": has_more,
        "next_page": has_more.then(|| format!("page_{next}")), "url": call.path});
    if call.params.list("expand").contains(&"total_count") {
        answer["total_count"] = json!(all.len());
    }
    Ok(answer)
}

fn invalid(message: &str, param: &str) -> ApiError {
    ApiError { saved: false, ..ApiError::invalid(message) }.param(param)
}

/// A query: conditions of which all or any hold.
#[derive(Debug)]
struct Query {
    clauses: Vec<Clause>,
    any: bool,
}

/// `-metadata['k']:'v'`.
#[derive(Debug)]
struct Clause {
    negated: bool,
    path: Vec<String>,
    operator: &'static str,
    value: Option<String>,
}

const OPERATORS: [&str; 6] = [">=", "<=", ":", "~", ">", "<"];

impl Query {
    fn read(text: &str) -> Result<Self, ApiError> {
        let unclear =
            || invalid("We were unable to parse your search query. Please check it.", "query");
        let mut query = Self { clauses: Vec::new(), any: false };
        let mut rest = text.trim();
        loop {
            let (clause, after) = Clause::read(rest).ok_or_else(unclear)?;
            query.clauses.push(clause);
            rest = after.trim_start();
            if rest.is_empty() {
                break;
            }
            let upper = rest.get(..3).unwrap_or_default().to_uppercase();
            let any = upper.starts_with("OR");
            let is_word = any || upper == "AND";
            if query.clauses.len() > 1 && is_word && any != query.any {
                let message = "You can't combine AND and OR in the same search query.";
                return Err(invalid(message, "query"));
            }
            query.any = any;
            // Conditions without a word between them are joined by AND.
            if is_word {
                rest = rest[if any { 2 } else { 3 }..].trim_start();
            }
        }
        if query.clauses.len() > CLAUSES_MAX {
            return Err(invalid("A search query can have at most 10 clauses.", "query"));
        }
        Ok(query)
    }

    fn check(&self, family: &str, fields: &str) -> Result<(), ApiError> {
        for clause in &self.clauses {
            let name = clause.path.join(".");
            let known = fields.split_whitespace().any(|field| field == name);
            if !known && clause.path.first().is_none_or(|first| first != "metadata") {
                let message = format!(
                    "Field `{name}` is an unsupported search field for resource `{family}`. See \
                     http://stripe.com/docs/search#query-fields-for-{family} for a list of \
                     supported fields."
                );
                return Err(invalid(&message, "query"));
            }
        }
        Ok(())
    }

    fn matches(&self, object: &Value) -> bool {
        let mut holds = self.clauses.iter().map(|clause| clause.matches(object));
        if self.any { holds.any(|one| one) } else { holds.all(|one| one) }
    }
}

impl Clause {
    /// The first condition of a text, and what follows it.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (negated, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let end = text.find(|letter: char| !letter.is_alphanumeric() && !"_.".contains(letter))?;
        let (name, mut rest) = text.split_at(end);
        let mut path: Vec<String> = name.split('.').map(str::to_owned).collect();
        if let Some(inner) = rest.strip_prefix('[') {
            let (key, after) = quoted(inner)?;
            path.push(key);
            rest = after.strip_prefix(']')?;
        }
        let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator))?;
        rest = rest[operator.len()..].trim_start();
        let (value, after) = match quoted(rest) {
            Some((value, after)) => (Some(value), after),
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                let number = word.parse::<f64>().is_ok() || matches!(word, "true" | "false");
                match word {
                    "null" => (None, after),
                    _ if number => (Some(word.to_owned()), after),
                    _ => return None,
                }
            }
        };
        (!name.is_empty()).then_some((Self { negated, path, operator, value }, after))
    }

    fn matches(&self, object: &Value) -> bool {
        let found = self.path.iter().try_fold(object, |inner, name| inner.get(name));
        let found = found.filter(|value| !value.is_null());
        self.holds(found) != self.negated
    }

    fn holds(&self, found: Option<&Value>) -> bool {
        let (Some(found), Some(wanted)) = (found, &self.value) else {
            return found.is_none() && self.value.is_none();
        };
        let text = match found {
            Value::String(text) => text.to_lowercase(),
            Value::Object(inner) => {
                inner.get("id").and_then(Value::as_str).unwrap_or("").to_lowercase()
            }
            other => other.to_string(),
        };
        let wanted = wanted.to_lowercase();
        let numbers = || Some((text.parse::<f64>().ok()?, wanted.parse::<f64>().ok()?));
        match self.operator {
            ":" => text == wanted,
            "~" => text.contains(&wanted),
            ">" => numbers().is_some_and(|(have, bound)| have > bound),
            "<" => numbers().is_some_and(|(have, bound)| have < bound),
            ">=" => numbers().is_some_and(|(have, bound)| have >= bound),
            _ => numbers().is_some_and(|(have, bound)| have <= bound),
        }
    }
}

/// A quoted text, with `\` before a quote in it, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    let mut value = String::new();
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.push(letters.next()?.1),
            letter if letter == quote => return Some((value, &text[at + 1..])),
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_and_hold() {
        let object = json!({"email": "Amy@Rocks.com", "amount": 1_500, "active": true,
            "metadata": {"a'b": "1"}, "name": null});
        let holds = |query: &str| Query::read(query).unwrap().matches(&object);
        assert!(holds("email:'amy@rocks.com'"));
        assert!(holds("email~\"rocks\" AND amount>1000"));
        assert!(!holds("email~'rocks' AND amount<1000"));
        assert!(holds("amount:1 OR active:'true'"));
        assert!(holds(r"metadata['a\'b']:'1' -amount:7"));
        assert!(holds("metadata['none']:null AND name:null"));
        assert!(!holds("-email~'amy'"));
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for query in ["", "email", "email:amy", "email:'a", "a:'1' AND b:'2' OR c:'3'", "'x':'y'"] {
            assert!(Query::read(query).is_err(), "{query}");
        }
    }
}
