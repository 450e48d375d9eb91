//! Transfers to connected accounts and their reversals.

use super::super::call::{Call, money};
use super::super::event::emit;
use super::super::listing;
use super::super::refusal::{Answer, Refusal};
use super::super::turn::{Turn, is, number, text};
use super::super::world::{Kind, PLATFORM};
use super::charge_object::check_capability;
use super::transfer_money::{self, Reversing, Sending, row_available_on};
use serde_json::{Value, json};

/// Paths below `/v1/transfers`.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    Some(match (call.method, path) {
        ("POST", []) => create(call, turn),
        ("GET", []) => {
            let filter = listing::by_fields(&call.params, &["destination", "transfer_group"]);
            listing::page(turn, call, turn.ids(Kind::Transfer), &filter)
        }
        ("GET", [id]) => of(turn, id),
        ("POST", [id]) => update(call, turn, id),
        ("GET", [id, "reversals"]) => of(turn, id)
            .and_then(|_| listing::page(turn, call, turn.children(Kind::Reversal, id), &|_| true)),
        ("POST", [id, "reversals"]) => reverse(call, turn, id),
        ("GET", [id, "reversals", reversal]) => part(turn, id, reversal),
        ("POST", [id, "reversals", reversal]) => part(turn, id, reversal).and_then(|mut found| {
            call.params.patch_metadata(&mut found)?;
            turn.update(&found);
            Ok(found)
        }),
        _ => return None,
    })
}

fn of(turn: &Turn<'_>, id: &str) -> Answer {
    turn.get(Kind::Transfer, id).ok_or_else(|| Refusal::not_found("transfer", id))
}

fn part(turn: &Turn<'_>, id: &str, reversal: &str) -> Answer {
    let found = turn.get(Kind::Reversal, reversal).filter(|found| found["transfer"] == id);
    found.ok_or_else(|| Refusal::not_found("transfer reversal", reversal))
}

/// `description` and `metadata` of a new object.
fn fields(call: &Call) -> Answer {
    let mut fields = json!({"description": null, "metadata": {}});
    call.params.patch(&mut fields, &["description"])?;
    call.params.patch_metadata(&mut fields)?;
    Ok(fields)
}

fn create(call: &Call, turn: &mut Turn<'_>) -> Answer {
    let params = &call.params;
    let currency = call.currency()?;
    let destination = params.required("destination")?;
    let account = turn.find(Kind::Account, PLATFORM, destination).filter(|account| {
        turn.is_platform() && destination != PLATFORM && account.get("deleted").is_none()
    });
    let account =
        account.ok_or_else(|| Refusal::no_such("destination", destination, "destination"))?;
    check_capability(turn, &account, "transfers")?;
    let fields = fields(call)?;
    let mut group = params.filled("transfer_group")?.map(str::to_owned);
    let (amount, available_on) = match params.filled("source_transaction")? {
        Some(source) => from_charge(call, turn, source, &currency, &mut group)?,
        None => (call.amount()?, turn.now),
    };
    if params.filled("source_transaction")?.is_none()
        && turn.available(PLATFORM, &currency) < amount
    {
        return Err(Refusal::invalid(
            "You have insufficient available funds in your Stripe account. Try adding funds \
             directly to your available balance by creating Charges using the 4000000000000077 \
             test card. See: https://stripe.com/docs/testing#available-balance",
        )
        .code("balance_insufficient"));
    }
    Ok(transfer_money::send(
        turn,
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
    turn: &mut Turn<'_>,
    source: &str,
    currency: &str,
    group: &mut Option<String>,
) -> Result<(i64, i64), Refusal> {
    let found = turn.get(Kind::Charge, source).filter(|charge| is(charge, "captured"));
    let mut charge =
        found.ok_or_else(|| Refusal::no_such("charge", source, "source_transaction"))?;
    if text(&charge, "currency") != currency {
        let message = "The currency of source_transaction's balance transaction must be the same \
            as the transfer currency";
        return Err(Refusal::invalid(message).param("currency"));
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
        return Err(Refusal::invalid(message).param("amount"));
    }
    if group.is_none() {
        let own = text(&charge, "transfer_group");
        let own = if own.is_empty() { format!("group_{source}") } else { own.to_owned() };
        charge["transfer_group"] = json!(own);
        *group = Some(own);
    }
    charge["_transferred"] = json!(spent + amount);
    turn.update(&charge);
    Ok((amount, row_available_on(turn, &charge)))
}

fn update(call: &Call, turn: &mut Turn<'_>, id: &str) -> Answer {
    let before = of(turn, id)?;
    let mut transfer = before.clone();
    call.params.patch(&mut transfer, &["description"])?;
    call.params.patch_metadata(&mut transfer)?;
    turn.update(&transfer);
    emit(turn, "transfer.updated", PLATFORM, &transfer, Some(&before));
    Ok(transfer)
}

fn reverse(call: &Call, turn: &mut Turn<'_>, id: &str) -> Answer {
    let transfer = of(turn, id)?;
    let left = number(&transfer, "amount") - number(&transfer, "amount_reversed");
    if left == 0 {
        let message = format!("Transfer {id} is already fully reversed.");
        return Err(Refusal::invalid(message));
    }
    let amount = call.params.amount("amount")?.unwrap_or(left);
    if amount > left {
        let currency = text(&transfer, "currency");
        let message = format!(
            "Reversal amount ({}) is greater than unreversed amount on transfer ({})",
            money(amount, currency),
            money(left, currency)
        );
        return Err(Refusal::invalid(message).param("amount"));
    }
    let fee_back = match call.params.boolean("refund_application_fee")? {
        Some(true) => fee_part(turn, &transfer, amount, left),
        _ => 0,
    };
    let fields = fields(call)?;
    transfer_money::reverse(
        turn,
        &Reversing { transfer: id, amount, fee_back, source_refund: None, fields },
    )
}

/// The platform's fee in proportion to a reversal.
fn fee_part(turn: &Turn<'_>, transfer: &Value, amount: i64, left: i64) -> i64 {
    let payment = turn.anywhere(Kind::Charge, text(transfer, "destination_payment"));
    let payment = payment.map(|(_, payment)| payment).unwrap_or_default();
    let rest = super::application_fee::rest(turn, text(&payment, "application_fee"));
    if amount == left {
        return rest;
    }
    let whole = i128::from(number(transfer, "amount").max(1));
    let share = i128::from(number(&payment, "application_fee_amount")) * i128::from(amount);
    i64::try_from((share + whole / 2) / whole).unwrap_or(0).min(rest)
}
