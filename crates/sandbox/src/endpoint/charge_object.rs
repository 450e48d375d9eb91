//! The charge object, and the plan that splits its amount.

use super::super::api_error::{Answer, ApiError};
use super::super::call::Call;
use super::super::card::Behavior;
use super::super::state::{Kind, PLATFORM};
use super::super::tx::{Tx, text};
use super::funding::Funding;
use serde_json::{Value, json};
use std::sync::LazyLock;

static BLANK: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("charge.json")).unwrap_or_default());

/// How a charge's money is shared with connected accounts.
#[derive(Debug, Default)]
pub struct Plan {
    /// The connected account that receives the money.
    pub destination: Option<String>,
    /// How much of it; all when absent.
    pub transfer_amount: Option<i64>,
    /// The platform's part.
    pub application_fee: Option<i64>,
    /// The account of business.
    pub on_behalf_of: Option<String>,
}

impl Plan {
    /// Reads `destination`, `transfer_data`, `application_fee(_amount)` and `on_behalf_of`.
    pub fn read(call: &Call, tx: &Tx<'_>, amount: i64) -> Result<Self, ApiError> {
        let params = &call.params;
        let mut plan = Self::default();
        for (name, account) in [("transfer_data", "destination"), ("destination", "account")] {
            if let Some(group) = params.group(name) {
                plan.destination = Some(group.required(account)?.to_owned());
                plan.transfer_amount = group.amount("amount")?;
            } else if name == "destination" && params.has(name) {
                plan.destination = Some(params.required(name)?.to_owned());
            }
        }
        plan.application_fee =
            params.amount("application_fee_amount")?.or(params.amount("application_fee")?);
        plan.on_behalf_of = params.filled("on_behalf_of")?.map(str::to_owned);
        for (id, param) in
            [(&plan.destination, "destination"), (&plan.on_behalf_of, "on_behalf_of")]
        {
            let Some(id) = id else { continue };
            let known = tx.find(Kind::Account, PLATFORM, id).filter(|account| {
                id != PLATFORM && tx.is_platform() && account.get("deleted").is_none()
            });
            let account = known.ok_or_else(|| ApiError::no_such(param, id, param))?;
            check_capability(tx, &account, "transfers")?;
        }
        plan.check(tx, amount)?;
        Ok(plan)
    }

    /// The rules between the parts.
    pub fn check(&self, tx: &Tx<'_>, amount: i64) -> Result<(), ApiError> {
        let fee = self.application_fee;
        let wrong = |message: &str, param: &str| Err(ApiError::invalid(message).param(param));
        if fee.is_some() && self.transfer_amount.is_some() {
            return Err(ApiError::invalid(
                "You may not provide the application_fee_amount parameter and the \
                 transfer_data[amount] parameter at the same time.",
            )
            .code("parameters_exclusive")
            .param("application_fee_amount"));
        }
        if fee.is_some() && self.destination.is_none() && tx.is_platform() {
            return Err(ApiError::invalid(
                "Can only apply an application_fee_amount when the PaymentIntent is attempting a \
                 direct payment (using an OAuth key or Stripe-Account header) or destination \
                 payment (using `transfer_data[destination]`).",
            )
            .code("application_fees_not_allowed")
            .param("application_fee_amount"));
        }
        if fee.is_some_and(|fee| fee > amount) {
            return wrong(
                "The application fee must be less than or equal to the amount of the charge.",
                "application_fee_amount",
            );
        }
        if self.transfer_amount.is_some_and(|transfer| transfer > amount) {
            return wrong(
                "The transfer amount must be less than or equal to the amount of the charge.",
                "transfer_data[amount]",
            );
        }
        Ok(())
    }
}

/// Refuses an account without a capability, when `enforce_capabilities` is set.
pub fn check_capability(tx: &Tx<'_>, account: &Value, name: &str) -> Result<(), ApiError> {
    // A standard account has `legacy_payments`, which no request asks for.
    let is_standard = account["type"] == "standard";
    let may = is_standard || account["capabilities"][name] == "active";
    if may || !tx.state.settings.enforce_capabilities {
        return Ok(());
    }
    Err(ApiError::invalid(
        "Your destination account needs to have at least one of the following capabilities \
         enabled: transfers, crypto_transfers, legacy_payments",
    )
    .code("insufficient_capabilities_for_transfer"))
}

/// The hidden number of the card that paid.
pub fn card_number(charge: &Value) -> &str {
    match text(charge, "_number") {
        "" => text(&charge["source"], "_number"),
        number => number,
    }
}

/// A charge of the account acted on.
pub fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(Kind::Charge, id).ok_or_else(|| ApiError::not_found("charge", id))
}

/// A charge that has succeeded so far, with no money booked yet.
pub fn new(tx: &mut Tx<'_>, amount: i64, currency: &str, funding: &Funding, plan: &Plan) -> Value {
    let id = tx.id("ch_");
    let card = &funding.card;
    let transfer_data = plan
        .destination
        .as_ref()
        .map(|destination| json!({"amount": plan.transfer_amount, "destination": destination}));
    let mut charge = blank(&id, amount, currency, tx.now);
    for (name, value) in [
        ("application_fee_amount", json!(plan.application_fee)),
        ("billing_details", billing(card)),
        ("calculated_statement_descriptor", json!("SLUICEGATE")),
        ("customer", json!(funding.customer)),
        ("destination", json!(plan.destination)),
        ("on_behalf_of", json!(plan.on_behalf_of)),
        ("outcome", outcome(funding.behavior)),
        ("payment_method", card["id"].clone()),
        ("payment_method_details", details(card)),
        ("receipt_url", json!(format!("https://pay.stripe.com/receipts/{id}"))),
        ("source", card.clone()),
        ("transfer_data", json!(transfer_data)),
    ] {
        charge[name] = value;
    }
    charge
}

/// Every field of a charge, in Stripe's order, with nothing in it yet.
pub fn blank(id: &str, amount: i64, currency: &str, created: i64) -> Value {
    let mut charge = BLANK.clone();
    charge["id"] = json!(id);
    charge["amount"] = json!(amount);
    charge["currency"] = json!(currency);
    charge["created"] = json!(created);
    charge
}

fn billing(card: &Value) -> Value {
    json!({
        "address": {"city": card["address_city"], "country": card["address_country"],
            "line1": card["address_line1"], "line2": card["address_line2"],
            "postal_code": card["address_zip"], "state": card["address_state"]},
        "email": null, "name": card["name"], "phone": null,
    })
}

/// What the network said of a payment that went through.
pub fn outcome(behavior: Behavior) -> Value {
    let level = if let Behavior::Risk(level) = behavior { level } else { "normal" };
    let kind = if level == "elevated" { "manual_review" } else { "authorized" };
    let score = match level {
        "elevated" => 71,
        "highest" => 92,
        _ => 21,
    };
    json!({
        "network_status": "approved_by_network", "reason": null, "risk_level": level,
        "risk_score": score, "seller_message": "Payment complete.", "type": kind,
    })
}

fn details(card: &Value) -> Value {
    if text(card, "object") == "bank_account" {
        return json!({"ach_debit": {"bank_name": card["bank_name"], "country": card["country"],
            "last4": card["last4"], "routing_number": card["routing_number"]},
            "type": "ach_debit"});
    }
    let brand = super::super::card::network(text(card, "brand"));
    json!({
        "card": {
            "brand": brand,
            "checks": {"address_line1_check": card["address_line1_check"],
                "address_postal_code_check": card["address_zip_check"],
                "cvc_check": card["cvc_check"]},
            "country": card["country"], "exp_month": card["exp_month"],
            "exp_year": card["exp_year"], "fingerprint": card["fingerprint"],
            "funding": card["funding"], "installments": null, "last4": card["last4"],
            "network": brand, "three_d_secure": null, "wallet": null,
        },
        "type": "card",
    })
}
