//! Transfers to connected accounts, and their reversals.

use super::super::api_error::{Answer, ApiError};
use super::super::call::{Call, check_step, money};
use super::super::event::emit;
use super::super::listing;
use super::super::state::{Kind, PLATFORM};
use super::super::tx::{Tx, is, number, text};
use super::charge_object::check_capability;
use super::transfer_money::{self, Reversing, Sending, row_available_on};
use serde_json::{Value, json};

/// Paths below `/v1/transfers`.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, tx),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["destination", "transfer_group"]);
            listing::page(tx, call, tx.ids(Kind::Transfer), &filter)
        }
        ("GET", [id]) => of(tx, id),
        ("POST", [id]) => update(call, tx, id),
        ("GET", [id, "reversals"]) => of(tx, id)
            .and_then(|_| listing::page(tx, call, tx.children(Kind::Reversal, id), &|_| true)),
        ("POST", [id, "reversals"]) => reverse(call, tx, id),
        ("GET", [id, "reversals", reversal]) => part(tx, id, reversal),
        ("POST", [id, "reversals", reversal]) => part(tx, id, reversal).and_then(|mut found| {
            call.params.patch_metadata(&mut found)?;
            tx.update(&found);
            Ok(found)
        }),
        _ => return None,
    })
}

fn of(tx: &Tx<'_>, id: &str) -> Answer {
    tx.get(Kind::Transfer, id).ok_or_else(|| ApiError::not_found("transfer", id))
}

fn part(tx: &Tx<'_>, id: &str, reversal: &str) -> Answer {
    let found = tx.get(Kind::Reversal, reversal).filter(|found| found["transfer"] == id);
    found.ok_or_else(|| ApiError::not_found("transfer reversal", reversal))
}

/// `description` and `metadata` of a new object.
fn fields(call: &Call) -> Answer {
    let mut fields = json!({"description": null, "metadata": {}});
    call.params.patch(&mut fields, &["description"])?;
    call.params.patch_metadata(&mut fields)?;
    Ok(fields)
}

fn create(call: &Call, tx: &mut Tx<'_>) -> Answer {
    let params = &call.params;
    let currency = call.currency()?;
    let destination = params.required("destination")?;
    let account = tx.find(Kind::Account, PLATFORM, destination).filter(|account| {
        tx.is_platform() && destination != PLATFORM && account.get("deleted").is_none()
    });
    let account =
        account.ok_or_else(|| ApiError::no_such("destination", destination, "destination"))?;
    check_capability(tx, &account, "transfers")?;
    let fields = fields(call)?;
    let mut group = params.filled("transfer_group")?.map(str::to_owned);
    check_step(params.amount("amount")?, &currency)?;
    let (amount, available_on) = match params.filled("source_transaction")? {
        Some(source) => from_charge(call, tx, source, &currency, &mut group)?,
        None => (call.amount()?, tx.now),
    };
    if params.filled("source_transaction")?.is_none() && tx.available(PLATFORM, &currency) < amount
    {
        return Err(ApiError::invalid(
            "You have insufficient available funds in your Stripe account. Try adding funds \
             directly to your available balance by creating Charges using the 4000000000000077 \
             test card. See: https://stripe.com/docs/testing#available-balance",
        )
        .code("balance_insufficient"));
    }
    Ok(transfer_money::send(
        tx,
        &Sending {
            amount,
            currency: &currency,
            destination,
            source_transaction: params.filled("source_transaction")?,
            transfer_group: group.as_deref(),
            application_fee: 0,
            available_on,
            fields,
        },
    ))
}

/// A transfer out of a charge: its money may still be pending, but is there only once.
fn from_charge(
    call: &Call,
    tx: &mut Tx<'_>,
    source: &str,
    currency: &str,
    group: &mut Option<String>,
) -> Result<(i64, i64), ApiError> {
    let found = tx.get(Kind::Charge, source).filter(|charge| is(charge, "captured"));
    let mut charge =
        found.ok_or_else(|| ApiError::no_such("charge", source, "source_transaction"))?;
    if text(&charge, "currency") != currency {
        let message = "The currency of source_transaction's balance transaction must be the same \
            as the transfer currency";
        return Err(ApiError::invalid(message).param("currency"));
    }
    let spent = charge["_transferred"].as_i64().unwrap_or(0);
    let left = number(&charge, "amount_captured") - spent;
    let amount = call.params.amount("amount")?.unwrap_or(left);
    if amount > left {
        let message = format!(
            "Transfers using this transaction as a source must not exceed the source amount of {}. \
             (Note: There are already existing transfers using this source, totalling {}.)",
            money(number(&charge, "amount_captured"), currency),
            money(spent, currency)
        );
        return Err(ApiError::invalid(message).param("amount"));
    }
    if group.is_none() {
        let own = text(&charge, "transfer_group");
        let own = if own.is_empty() { format!("group_{source}") } else { own.to_owned() };
        charge["transfer_group"] = json!(own);
        *group = Some(own);
    }
    charge["_transferred"] = json!(spent + amount);
    tx.update(&charge);
    Ok((amount, row_available_on(tx, &charge)))
}

fn update(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let before = of(tx, id)?;
    let mut transfer = before.clone();
    call.params.patch(&mut transfer, &["description"])?;
    call.params.patch_metadata(&mut transfer)?;
    tx.update(&transfer);
    emit(tx, "transfer.updated", PLATFORM, &transfer, Some(&before));
    Ok(transfer)
}

fn reverse(call: &Call, tx: &mut Tx<'_>, id: &str) -> Answer {
    let transfer = of(tx, id)?;
    let left = number(&transfer, "amount") - number(&transfer, "amount_reversed");
    if left == 0 {
        let message = format!("Transfer {id} is already fully reversed.");
        return Err(ApiError::invalid(message));
    }
    let asked = call.params.amount("amount")?;
    check_step(asked, text(&transfer, "currency"))?;
    let amount = asked.unwrap_or(left);
    if amount > left {
        let currency = text(&transfer, "currency");
        let message = format!(
            "Reversal amount ({}) is greater than unreversed amount on transfer ({})",
            money(amount, currency),
            money(left, currency)
        );
        return Err(ApiError::invalid(message).param("amount"));
    }
    let fee_back = match call.params.boolean("refund_application_fee")? {
        Some(true) => fee_part(tx, &transfer, amount, left),
        _ => 0,
    };
    let fields = fields(call)?;
    transfer_money::reverse(
        tx,
        &Reversing { transfer: id, amount, fee_back, source_refund: None, fields },
    )
}

/// The platform's fee in proportion to a reversal.
fn fee_part(tx: &Tx<'_>, transfer: &Value, amount: i64, left: i64) -> i64 {
    let payment = tx.anywhere(Kind::Charge, text(transfer, "destination_payment"));
    let payment = payment.map(|(_, payment)| payment).unwrap_or_default();
    let rest = super::application_fee::rest(tx, text(&payment, "application_fee"));
    if amount == left {
        return rest;
    }
    let total = i128::from(number(transfer, "amount").max(1));
    let share = i128::from(number(&payment, "application_fee_amount")) * i128::from(amount);
    i64::try_from((share + total / 2) / total).unwrap_or(0).min(rest)
}
