//! Resources without rules of their own: what they begin as, and actions that set a status.

use super::super::api_error::Answer;
use super::super::event;
use super::super::tx::{Tx, text};
use super::{Action, Resource, credit, meter_summary, portal};
use crate::event_type::event_types;
use serde_json::{Value, json};

type Actions = &'static [(&'static str, &'static str, Action)];
type Defaults = &'static [(&'static str, &'static str)];

const fn plain(
    (object, path, prefix): (&'static str, &'static str, &'static str),
    defaults: Defaults,
    actions: Actions,
) -> Resource {
    Resource { defaults, actions, ..Resource::new(object, path, prefix) }
}

const fn only(object: &'static str, path: &'static str, defaults: Defaults) -> Resource {
    Resource { defaults, singleton: true, ..Resource::new(object, path, "") }
}

/// All of them.
pub static PLAIN: &[Resource] = &[
    Resource {
        create: |_, _, meter| {
            meter_summary::complete(meter);
            Ok(())
        },
        ..plain(
            ("billing.meter", "billing/meters", "mtr_test_"),
            &[("status", r#""active""#), ("updated", r#""$now""#)],
            &[
                ("POST", "deactivate", |_, tx, meter| set(tx, meter, "inactive", "deactivated")),
                ("POST", "reactivate", |_, tx, meter| set(tx, meter, "active", "reactivated")),
                ("GET", "event_summaries", meter_summary::list),
            ],
        )
    },
    plain(
        ("billing.meter_event", "billing/meter_events", "mtr_event_"),
        &[("identifier", r#""$id""#), ("timestamp", r#""$now""#)],
        &[],
    ),
    plain(
        ("billing.meter_event_adjustment", "billing/meter_event_adjustments", "mtr_adj_"),
        &[("status", r#""pending""#)],
        &[],
    ),
    plain(
        ("billing.credit_grant", "billing/credit_grants", "credgr_test_"),
        &[
            ("category", r#""paid""#),
            ("effective_at", r#""$now""#),
            ("priority", "50"),
            ("updated", r#""$now""#),
        ],
        &[
            ("POST", "void", |_, tx, mut grant| {
                credit::check_open(&grant, tx.now)?;
                grant["voided_at"] = json!(tx.now);
                credit::ended(tx, &grant, "credits_voided");
                told(tx, grant, "updated")
            }),
            ("POST", "expire", |_, tx, mut grant| {
                credit::check_open(&grant, tx.now)?;
                grant["expires_at"] = json!(tx.now);
                credit::ended(tx, &grant, "credits_expired");
                told(tx, grant, "updated")
            }),
        ],
    ),
    plain(
        ("billing.alert", "billing/alerts", "alrt_"),
        &[("status", r#""active""#)],
        &[
            ("POST", "activate", |_, tx, alert| set(tx, alert, "active", "")),
            ("POST", "deactivate", |_, tx, alert| set(tx, alert, "inactive", "")),
            ("POST", "archive", |_, tx, alert| set(tx, alert, "archived", "")),
        ],
    ),
    plain(
        ("billing.feedback_option", "billing/feedback_options", "bfo_"),
        &[("status", r#""active""#)],
        &[("POST", "deactivate", |_, tx, option| set(tx, option, "inactive", ""))],
    ),
    plain(
        ("entitlements.feature", "entitlements/features", "feat_test_"),
        &[("active", "true")],
        &[],
    ),
    plain(
        ("radar.value_list", "radar/value_lists", "rsl_"),
        &[("item_type", r#""string""#), ("created_by", r#""sandbox@sluicegate.test""#)],
        &[],
    ),
    plain(
        ("radar.value_list_item", "radar/value_list_items", "rsli_"),
        &[("created_by", r#""sandbox@sluicegate.test""#)],
        &[],
    ),
    plain(
        ("reporting.report_run", "reporting/report_runs", "frr_"),
        &[("status", r#""succeeded""#), ("succeeded_at", r#""$now""#)],
        &[],
    ),
    plain(("terminal.location", "terminal/locations", "tml_"), &[], &[]),
    plain(("terminal.configuration", "terminal/configurations", "tmc_"), &[], &[]),
    plain(
        ("terminal.connection_token", "terminal/connection_tokens", "tmt_"),
        &[("secret", r#""pst_test_$id""#)],
        &[],
    ),
    plain(
        ("payment_method_domain", "payment_method_domains", "pmd_"),
        &[
            ("enabled", "true"),
            ("amazon_pay", r#"{"status": "active"}"#),
            ("apple_pay", r#"{"status": "active"}"#),
            ("google_pay", r#"{"status": "active"}"#),
            ("klarna", r#"{"status": "active"}"#),
            ("link", r#"{"status": "active"}"#),
            ("paypal", r#"{"status": "active"}"#),
        ],
        &[("POST", "validate", |_, _, domain| Ok(domain))],
    ),
    plain(("apple_pay_domain", "apple_pay/domains", "apwc_"), &[], &[]),
    plain(
        ("payment_method_configuration", "payment_method_configurations", "pmc_"),
        &[("active", "true"), ("name", r#""Default""#)],
        &[],
    ),
    plain(
        ("customer_session", "customer_sessions", "cuss_"),
        &[("client_secret", r#""cuss_secret_$id""#), ("expires_at", r#""$now""#)],
        &[],
    ),
    plain(
        ("identity.verification_session", "identity/verification_sessions", "vs_"),
        &[
            ("client_secret", r#""$id_secret_test""#),
            ("status", r#""requires_input""#),
            ("type", r#""document""#),
            ("url", r#""https://verify.stripe.com/start/test_$id""#),
        ],
        &[
            ("POST", "cancel", |_, tx, session| set(tx, session, "canceled", "canceled")),
            ("POST", "redact", |_, tx, mut session| {
                session["redaction"] = json!({"status": "processing"});
                told(tx, session, "redacted")
            }),
        ],
    ),
    plain(
        ("issuing.cardholder", "issuing/cardholders", "ich_"),
        &[
            ("status", r#""active""#),
            ("type", r#""individual""#),
            ("requirements", r#"{"disabled_reason": null, "past_due": []}"#),
        ],
        &[],
    ),
    Resource {
        create: |_, _, configuration| {
            portal::complete(configuration);
            Ok(())
        },
        ..plain(
            ("billing_portal.configuration", "billing_portal/configurations", "bpc_"),
            &[("active", "true"), ("updated", r#""$now""#)],
            &[],
        )
    },
    only(
        "tax.settings",
        "tax/settings",
        &[
            ("status", r#""active""#),
            ("defaults", r#"{"tax_behavior": null, "tax_code": null, "provider": "stripe"}"#),
            ("status_details", r#"{"active": {}}"#),
        ],
    ),
    only(
        "balance_settings",
        "balance_settings",
        &[(
            "payments",
            r#"{"debit_negative_balances": null, "payouts": null,
                "settlement_timing": {"delay_days": 2}}"#,
        )],
    ),
];

/// Sets the status, and tells it when Stripe does.
fn set(tx: &mut Tx<'_>, mut object: Value, status: &str, event: &str) -> Answer {
    object["status"] = json!(status);
    if object.get("status_transitions").is_some() {
        let at = if status == "inactive" { json!(tx.now) } else { Value::Null };
        object["status_transitions"]["deactivated_at"] = at;
    }
    told(tx, object, event)
}

fn told(tx: &mut Tx<'_>, object: Value, event: &str) -> Answer {
    tx.update(&object);
    let kind = format!("{}.{event}", text(&object, "object"));
    if event_types().any(|known| known == kind) {
        let account = tx.account.clone();
        event::emit(tx, &kind, &account, &object, None);
    }
    Ok(object)
}

/// Whether the call is one that these resources have; for tests.
#[cfg(test)]
fn is_described(resource: &Resource) -> bool {
    let path: Vec<&str> = resource.path.split('/').collect();
    let table = &super::super::description::table::OPERATIONS;
    ["POST", "GET"].iter().any(|method| table.operation(method, &path).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_is_one_of_stripes_and_its_defaults_are_json() {
        for resource in PLAIN {
            assert!(is_described(resource), "{}", resource.path);
            for (name, default) in resource.defaults {
                let read = serde_json::from_str::<Value>(default);
                assert!(read.is_ok(), "{} {name}", resource.object);
            }
        }
    }
}
