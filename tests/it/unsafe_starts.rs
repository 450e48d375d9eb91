//! Settings that are only right on a developer's machine are refused elsewhere, before anything
//! listens.

use crate::support::host::{Instance, Ran};

const LIVE: &str = "sk_live_0123456789abcdef";
const TEST: &str = "sk_test_0123456789abcdef";

/// Variables, arguments, and what the refusal advises.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str], &'a str);

fn start(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut instance = Instance::new();
    for (name, value) in variables {
        instance = instance.variable(name, value);
    }
    instance.run(&[&["serve", "--addr", "127.0.0.1:0"], arguments].concat())
}

#[test]
fn each_is_refused_with_one_line_that_says_what_to_do() {
    let production = ("SLUICEGATE_ENV", "production");
    let cases: [Case<'_>; 12] = [
        (&[production], &[], "--stripe sandbox"),
        (&[("SLUICEGATE_ENV", "staging")], &[], "--stripe sandbox"),
        (&[production, ("STRIPE_SECRET_KEY", " ")], &[], "blank"),
        (&[("SLUICEGATE_API_TOKEN", "")], &[], "blank"),
        (&[production, ("STRIPE_SECRET_KEY", TEST)], &[], "SLUICEGATE_ENV=staging"),
        (&[("SLUICEGATE_ENV", "development"), ("STRIPE_SECRET_KEY", LIVE)], &[], "live key"),
        (&[("STRIPE_SECRET_KEY", LIVE)], &["--stripe", "http://127.0.0.1:1"], "http"),
        (&[("STRIPE_SECRET_KEY", "pk_test_oops")], &[], "publishable"),
        (&[("STRIPE_SECRET_KEY", "oops")], &[], "secret key"),
        (&[("SLUICEGATE_API_TOKEN", "short")], &[], "32 characters"),
        (&[("STRIPE_WEBHOOK_SECRET", "whsec_short")], &[], "24 characters"),
        (
            &[production, ("SLUICEGATE_URL", "http://shop.example")],
            &["--stripe", "sandbox"],
            "https",
        ),
    ];
    for (variables, arguments, advice) in cases {
        let ran = start(variables, arguments);
        assert_ne!(ran.code, 0, "{variables:?} {arguments:?}: {ran:?}");
        assert_eq!(ran.err.trim().lines().count(), 1, "{ran:?}");
        assert!(ran.err.contains(advice), "{advice}: {ran:?}");
        assert!(!ran.err.contains(LIVE) && !ran.err.contains(TEST), "no key is told: {ran:?}");
        assert!(!ran.out.contains("serves"), "{ran:?}");
    }
}
