//! How to find out whether a call took effect, by its method and Stripe's paths.

use crate::gateway::call::Call;
use crate::gateway::stripe::API;

/// The metadata key of a created object that holds its operation.
pub const OPERATION: &str = "sluicegate_operation";
/// Stripe's limit of metadata keys, ours included.
const METADATA_MAX: usize = 50;

/// Collections whose lists can be filtered by creation time.
const DATED: [&str; 14] = [
    "accounts",
    "charges",
    "customers",
    "payment_intents",
    "payouts",
    "prices",
    "products",
    "refunds",
    "setup_intents",
    "subscriptions",
    "invoices",
    "invoiceitems",
    "topups",
    "transfers",
];
/// Collections whose lists cannot.
const UNDATED: [&str; 1] = ["payment_links"];
/// Nested collections, whose lists cannot.
const NESTED: [(&str, &str); 6] = [
    ("accounts", "bank_accounts"),
    ("accounts", "external_accounts"),
    ("accounts", "persons"),
    ("application_fees", "refunds"),
    ("charges", "refunds"),
    ("transfers", "reversals"),
];
/// The property that an action on an object sets, and its value once it is done.
const ACTIONS: [(&str, &str, &str, &str); 5] = [
    ("charges", "capture", "captured", "true"),
    ("disputes", "close", "status", "lost"),
    ("payment_intents", "capture", "status", "succeeded"),
    ("payment_intents", "cancel", "status", "canceled"),
    ("payouts", "cancel", "status", "canceled"),
];

/// Objects that are changed to named values but not created over the API.
const CHANGED: [&str; 1] = ["disputes"];
/// Links for a person, of which a second one does no harm: each opens once.
const LINKS: [&str; 2] = ["account_links", "login_links"];
/// Other objects of which a second one does no harm.
const HARMLESS: [[&str; 2]; 2] = [["billing_portal", "sessions"], ["test_helpers", "test_clocks"]];

/// How to find out whether a call took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// It creates an object that carries our mark: search the list.
    FindByMetadata {
        /// True when the list accepts `created[gte]`.
        dated: bool,
        /// What the list's query needs to show objects that have ended: `&name=value`, often
        /// nothing.
        ended: &'static str,
    },
    /// The object's own state shows it.
    ReadState {
        /// The property to read.
        property: &'static str,
        /// Its value, as a string, once the action was done.
        done: &'static str,
    },
    /// Repeating it is safe: a read, a change of named values, a deletion.
    SafeToRepeat,
    /// Stripe's API cannot show it.
    Undeterminable,
}

impl Recovery {
    fn listed(dated: bool) -> Self {
        Self::FindByMetadata { dated, ended: "" }
    }

    /// The recovery for a call, by its method and URL path.
    pub fn of(method: &str, url: &str) -> Self {
        if method != "POST" {
            return Self::SafeToRepeat;
        }
        let parts = segments(url);
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts[..] {
            ["subscriptions"] => Self::FindByMetadata { dated: true, ended: "&status=all" },
            [collection] if DATED.contains(&collection) => Self::listed(true),
            [collection] if UNDATED.contains(&collection) => Self::listed(false),
            ["checkout", "sessions"] => Self::listed(true),
            ["checkout", "sessions", _, "expire"] => {
                Self::ReadState { property: "status", done: "expired" }
            }
            [parent, _, child] if NESTED.contains(&(parent, child)) => Self::listed(false),
            // A card is added from a single-use token. Replacement servers refuse metadata here, so
            // it carries no mark.
            ["customers", _, "sources" | "cards" | "bank_accounts"] => Self::Undeterminable,
            ["customers", _, "sources" | "cards" | "bank_accounts", _] => Self::SafeToRepeat,
            [parent, _, child, _] if NESTED.contains(&(parent, child)) => Self::SafeToRepeat,
            [collection, _] if DATED.contains(&collection) || CHANGED.contains(&collection) => {
                Self::SafeToRepeat
            }
            [link] | ["accounts", _, link] if LINKS.contains(&link) => Self::SafeToRepeat,
            [family, child] if HARMLESS.contains(&[family, child]) => Self::SafeToRepeat,
            [collection, _, action] => {
                ACTIONS.iter().find(|(of, name, ..)| (*of, *name) == (collection, action)).map_or(
                    Self::Undeterminable,
                    |(_, _, property, done)| Self::ReadState { property, done },
                )
            }
            _ => Self::Undeterminable,
        }
    }
}

/// Writes `operation` into the metadata of the object that this call creates, so that it can be
/// found after the idempotency key expires. Only where Stripe accepts metadata and lists the
/// objects; other calls are unchanged.
pub fn mark(call: &mut Call, operation: &str) {
    let is_form = !call.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("content-type") && value.expose().contains("json")
    });
    let is_listed =
        matches!(Recovery::of(&call.method, &call.url), Recovery::FindByMetadata { .. });
    let is_stripes = call.url.starts_with(API);
    if !is_form
        || !is_listed
        || !is_stripes
        || is_marked(call)
        || metadata_count(call) >= METADATA_MAX
    {
        return;
    }
    let and = if call.body.is_empty() { "" } else { "&" };
    call.body.push_str(&format!("{and}metadata%5B{OPERATION}%5D={operation}"));
}

/// True when the body of a call sets the mark, in whatever spelling.
pub fn has_mark(call: &Call) -> bool {
    let name = format!("metadata[{OPERATION}]");
    form_urlencoded::parse(call.body.as_bytes()).any(|(own, _)| own == name)
}

/// True when the call carries the metadata mark.
pub fn is_marked(call: &Call) -> bool {
    mark_of(call).is_some()
}

/// The mark that a call carries. It is read from the stored bytes, because what it was derived from
/// may differ between versions.
pub fn mark_of(call: &Call) -> Option<&str> {
    let name = format!("metadata%5B{OPERATION}%5D=");
    let (_, rest) = call.body.split_once(&name)?;
    rest.split('&').next()
}

fn metadata_count(call: &Call) -> usize {
    call.body.matches("metadata%5B").count() + call.body.matches("metadata[").count()
}

/// The path segments after `/v1/`. Empty ones are dropped, as templates may write double slashes.
fn segments(url: &str) -> Vec<String> {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut parts = path.split('/').skip(1).filter(|part| !part.is_empty());
    match parts.next() {
        Some("v1") => parts.map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(url: &str, body: &str) -> Call {
        Call {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: body.to_owned(),
            is_secret: false,
        }
    }

    #[test]
    fn the_path_tells_how_to_recover() {
        let recovery = |path: &str| Recovery::of("POST", &format!("https://api.stripe.com{path}"));
        assert_eq!(recovery("/v1/charges"), Recovery::listed(true));
        assert_eq!(recovery("/v1/checkout/sessions"), Recovery::listed(true));
        let expired = Recovery::ReadState { property: "status", done: "expired" };
        assert_eq!(recovery("/v1/checkout/sessions/cs_1/expire"), expired);
        assert_eq!(recovery("//v1/refunds/"), Recovery::listed(true));
        assert_eq!(recovery("/v1/accounts/acct_1/persons"), Recovery::listed(false));
        assert_eq!(recovery("/v1/payment_links"), Recovery::listed(false));
        let with_canceled = Recovery::FindByMetadata { dated: true, ended: "&status=all" };
        assert_eq!(recovery("/v1/subscriptions"), with_canceled);
        assert_eq!(recovery("/v1/subscriptions/sub_1"), Recovery::SafeToRepeat);
        assert_eq!(recovery("/v1/billing_portal/sessions"), Recovery::SafeToRepeat);
        assert_eq!(recovery("/v1/customers/cus_1/sources"), Recovery::Undeterminable);
        assert_eq!(recovery("/v1/customers/cus_1/sources/card_1"), Recovery::SafeToRepeat);
        assert_eq!(recovery("/v1/customers/cus_1"), Recovery::SafeToRepeat);
        assert_eq!(recovery("/v1/accounts/acct_1/persons/person_1"), Recovery::SafeToRepeat);
        let captured = Recovery::ReadState { property: "captured", done: "true" };
        assert_eq!(recovery("/v1/charges/ch_1/capture"), captured);
        let lost = Recovery::ReadState { property: "status", done: "lost" };
        assert_eq!(recovery("/v1/disputes/du_1/close"), lost);
        assert_eq!(recovery("/v1/disputes/du_1"), Recovery::SafeToRepeat);
        assert_eq!(recovery("/v1/account_links"), Recovery::SafeToRepeat);
        assert_eq!(recovery("/v1/accounts/acct_1/login_links"), Recovery::SafeToRepeat);
        assert_eq!(recovery("/v1/accounts/acct_1/reject"), Recovery::Undeterminable);
        assert_eq!(recovery("/v1/tokens"), Recovery::Undeterminable);
        assert_eq!(
            recovery("/v1/webhook_endpoints"),
            Recovery::Undeterminable,
            "its secret is told only once"
        );
        assert_eq!(recovery("/oauth/token"), Recovery::Undeterminable);
        assert_eq!(
            Recovery::of("DELETE", "https://api.stripe.com/v1/accounts/acct_1"),
            Recovery::SafeToRepeat
        );
    }

    #[test]
    fn only_what_is_made_and_listed_is_marked() {
        let mut charge = post("https://api.stripe.com/v1/charges", "amount=500");
        mark(&mut charge, "01J-0");
        mark(&mut charge, "01J-0");
        assert_eq!(charge.body, "amount=500&metadata%5Bsluicegate_operation%5D=01J-0");
        for mut other in [
            post("https://api.stripe.com/v1/charges/ch_1/capture", ""),
            post("https://hooks.example.com/v1/charges", "a=1"),
            post("https://api.stripe.com/v1/charges", &"metadata[a]=1&".repeat(50)),
        ] {
            let before = other.body.clone();
            mark(&mut other, "01J-0");
            assert_eq!(other.body, before);
        }
    }
}
