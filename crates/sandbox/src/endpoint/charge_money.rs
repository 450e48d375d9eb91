//! The money of a charge: its balance transactions, the transfer, the application fee.

use super::super::api_error::ApiError;
use super::super::card::Behavior;
use super::super::clock::DAY;
use super::super::event::emit;
use super::super::state::PLATFORM;
use super::super::tx::{BalanceEntry, Tx, number, text};
use super::application_fee::{self, NewFee};
use super::charge_object;
use super::transfer_money::{self, Sending};
use serde_json::{Value, json};

/// Books a captured amount and passes on what the charge promises to others.
pub fn collect(tx: &mut Tx<'_>, charge: &mut Value, amount: i64) -> Result<(), ApiError> {
    let settings = &tx.state.settings;
    let share = amount.saturating_mul(settings.fee_basis_points).saturating_add(5_000) / 10_000;
    let stripe_fee = share + settings.fee_fixed;
    let number_paid = charge_object::card_number(charge);
    let at_once = settings.settle_immediately
        || super::super::card::behavior(number_paid) == Behavior::PayAvailable;
    let available_on = if at_once { tx.now } else { tx.now + 2 * DAY };
    let account = tx.account.clone();
    let application_fee = number(charge, "application_fee_amount");
    let id = text(charge, "id").to_owned();
    let currency = text(charge, "currency").to_owned();
    let direct = &*account != PLATFORM;
    let row = tx.post(&BalanceEntry {
        account: &account,
        kind: "charge",
        amount,
        currency: &currency,
        stripe_fee,
        application_fee: if direct { application_fee } else { 0 },
        available_on,
        source: &id,
        description: charge["description"].as_str(),
    });
    charge["balance_transaction"] = json!(row);
    charge["captured"] = json!(true);
    charge["amount_captured"] = json!(amount);
    charge.as_object_mut().map(|fields| fields.shift_remove("_due"));
    if direct && application_fee > 0 {
        let fee = NewFee {
            account: &account,
            amount: application_fee,
            available_on,
            originating_transaction: None,
        };
        let fee = application_fee::take(tx, charge, &fee);
        charge["application_fee"] = fee["id"].clone();
        emit(tx, "application_fee.created", PLATFORM, &fee, None);
    }
    if let Some(destination) = charge["destination"].as_str().map(str::to_owned) {
        pass_on(tx, charge, amount, &destination, available_on)?;
    }
    Ok(())
}

/// A destination charge's transfer, and the platform's fee out of it.
fn pass_on(
    tx: &mut Tx<'_>,
    charge: &mut Value,
    amount: i64,
    destination: &str,
    available_on: i64,
) -> Result<(), ApiError> {
    let id = text(charge, "id").to_owned();
    if charge["transfer_group"].is_null() {
        charge["transfer_group"] = json!(format!("group_{id}"));
    }
    let wanted = charge["transfer_data"]["amount"].as_i64().unwrap_or(amount).min(amount);
    let application_fee = number(charge, "application_fee_amount");
    let transfer = transfer_money::send(
        tx,
        &Sending {
            amount: wanted,
            currency: text(charge, "currency"),
            destination,
            source_transaction: Some(&id),
            transfer_group: charge["transfer_group"].as_str(),
            application_fee,
            available_on,
            fields: json!({}),
        },
    );
    charge["transfer"] = transfer["id"].clone();
    if application_fee > 0 {
        let (_, payment) = tx
            .anywhere(super::super::state::Kind::Charge, text(&transfer, "destination_payment"))
            .unwrap_or_default();
        charge["application_fee"] = payment["application_fee"].clone();
    }
    Ok(())
}
