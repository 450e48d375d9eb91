//! The permissions of Stripe Apps: which one an operation needs.
//! Names: docs.stripe.com/stripe-apps/reference/permissions.

/// Families of paths below `/v1` and the object that their permission is about.
const OBJECTS: [(&str, &str); 28] = [
    ("account", "connected_account"),
    ("accounts", "connected_account"),
    ("application_fees", "application_fee"),
    ("balance", "balance"),
    ("balance_transactions", "balance_transaction_source"),
    ("charges", "charge"),
    ("checkout", "checkout_session"),
    ("coupons", "coupon"),
    ("credit_notes", "credit_note"),
    ("customers", "customer"),
    ("disputes", "dispute"),
    ("events", "event"),
    ("files", "file"),
    ("invoiceitems", "invoice"),
    ("invoices", "invoice"),
    ("payment_intents", "payment_intent"),
    ("payment_links", "payment_links"),
    ("payment_methods", "payment_method"),
    ("payouts", "payout"),
    ("plans", "plan"),
    ("prices", "plan"),
    ("products", "product"),
    ("promotion_codes", "promotion_code"),
    ("refunds", "charge"),
    ("setup_intents", "setup_intent"),
    ("subscription_items", "subscription"),
    ("subscriptions", "subscription"),
    ("transfers", "transfer"),
];

/// The permission that an operation needs: `charge_read`, `issuing_card_write`. `None` where none
/// is known: then every token may do it.
pub fn needed(method: &str, path: &str) -> Option<String> {
    let mut segments = path.strip_prefix("/v1/")?.split('/');
    let family = segments.next()?;
    let object = match family {
        "issuing" => format!("issuing_{}", segments.next()?.trim_end_matches('s')),
        _ => OBJECTS.iter().find(|(name, _)| *name == family)?.1.to_owned(),
    };
    Some(format!("{object}_{}", if method == "GET" { "read" } else { "write" }))
}

/// Whether a granted permission is enough: who may write may read.
pub fn covers(granted: &str, needed: &str) -> bool {
    let writes = |name: &str| {
        needed.strip_suffix("_read").is_some_and(|object| name == format!("{object}_write"))
    };
    granted == needed || writes(granted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_needs_the_permission_of_its_object() {
        assert_eq!(needed("GET", "/v1/charges/ch_1").as_deref(), Some("charge_read"));
        assert_eq!(needed("POST", "/v1/refunds").as_deref(), Some("charge_write"));
        let issuing = needed("GET", "/v1/issuing/authorizations");
        assert_eq!(issuing.as_deref(), Some("issuing_authorization_read"));
        assert_eq!(needed("GET", "/v1/country_specs"), None);
        assert!(covers("charge_write", "charge_read") && !covers("charge_read", "charge_write"));
        assert!(!covers("charge_read", "customer_read"));
    }
}
