//! Payments from a customer's cash balance: they wait for a bank transfer, and take what arrives.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::event::emit;
use super::super::super::lookup::customer;
use super::super::super::state::Kind;
use super::super::super::tx::{Tx, number, text};
use super::super::cash_balance::{self, instructions};
use super::super::method::resolve;
use super::{payment, unexpected};
use serde_json::{Value, json};

const OPTIONS: &str = "payment_method_options[customer_balance]";

/// Begins a payment: it takes the cash that is there, and asks for a transfer of the rest.
pub fn begin(tx: &mut Tx<'_>, mut intent: Value, method: &Value) -> Answer {
    let id = text(&intent, "customer").to_owned();
    if id.is_empty() {
        return Err(ApiError::missing("customer"));
    }
    let owner = customer(tx, &id)?;
    let currency = text(&intent, "currency").to_owned();
    let options = &intent["payment_method_options"]["customer_balance"];
    let (funding, transfer) = (text(options, "funding_type"), &options["bank_transfer"]);
    let missing = number(&intent, "amount") - number(&owner["_cash"], &currency);
    if funding.is_empty() {
        if missing <= 0 {
            return take(tx, intent, method, number(&owner["_cash"], &currency));
        }
        let message = "The customer's cash balance is too low for this payment.";
        let refusal = ApiError::invalid(message).status(402).code("insufficient_funds");
        return payment::refuse(tx, intent, method, ApiError { kind: "card_error", ..refusal });
    }
    let word = text(transfer, "type");
    let param = format!("{OPTIONS}[bank_transfer][type]");
    if word.is_empty() {
        return Err(ApiError::missing(&param));
    }
    instructions::check(word, &currency, &param)?;
    let word = instructions::named(word).to_owned();
    intent["payment_method_options"]["customer_balance"]["bank_transfer"]["type"] = json!(word);
    intent["status"] = json!("requires_action");
    intent["next_action"] = instructions::next_action(tx, &intent, rest(&intent));
    tx.update(&intent);
    let account = tx.account.clone();
    let has_cash = number(&owner["_cash"], &currency);
    if cash_balance::is_automatic(&owner) && has_cash > 0 {
        return take(tx, intent, method, has_cash);
    }
    emit(tx, "payment_intent.requires_action", &account, &intent, None);
    Ok(intent)
}

/// What a payment still needs.
fn rest(intent: &Value) -> i64 {
    (number(intent, "amount") - number(intent, "_funded")).max(0)
}

/// Applies cash to a payment, as much of it as the payment needs.
fn take(tx: &mut Tx<'_>, mut intent: Value, method: &Value, cash: i64) -> Answer {
    let amount = cash.min(rest(&intent));
    let (owner, currency) = (text(&intent, "customer").to_owned(), text(&intent, "currency"));
    let detail = json!({"payment_intent": intent["id"]});
    cash_balance::book(tx, &owner, (-amount, currency), "applied_to_payment", detail)?;
    intent["_funded"] = json!(number(&intent, "_funded") + amount);
    if rest(&intent) == 0 {
        return payment::pay(tx, intent, method);
    }
    intent["status"] = json!("requires_action");
    intent["next_action"] = instructions::next_action(tx, &intent, rest(&intent));
    tx.update(&intent);
    let account = tx.account.clone();
    emit(tx, "payment_intent.partially_funded", &account, &intent, None);
    Ok(intent)
}

/// `POST /v1/payment_intents/:id/apply_customer_balance`.
pub fn apply(call: &Call, tx: &mut Tx<'_>, intent: Value) -> Answer {
    let id = text(&intent, "customer").to_owned();
    if id.is_empty() {
        let message = "This PaymentIntent has no customer whose balance could be applied.";
        return Err(unexpected::state(&intent, message));
    }
    let currency = text(&intent, "currency").to_owned();
    let is_waiting = waits(&intent);
    let cash = cash_balance::available(tx, &id, &currency);
    let wanted = call.params.amount("amount")?.unwrap_or_else(|| cash.min(rest(&intent)));
    if !is_waiting || cash == 0 {
        let message = "The customer has no cash balance in the currency of this PaymentIntent, or \
            it does not wait for a bank transfer.";
        return Err(ApiError::invalid(message).code("payment_intent_unexpected_state"));
    }
    if wanted > cash || wanted > rest(&intent) {
        let message = "The amount is larger than the cash balance, or than what the PaymentIntent \
            still needs.";
        return Err(ApiError::invalid(message).param("amount"));
    }
    let method = resolve::of_intent(tx, &intent);
    take(tx, intent, &method, wanted)
}

fn waits(intent: &Value) -> bool {
    intent["status"] == "requires_action"
        && intent["next_action"]["type"] == "display_bank_transfer_instructions"
}

/// Cash arrived: the payment with its reference takes it, then one of just that amount, then the
/// oldest. Returns whether cash is left.
pub fn reconcile(
    tx: &mut Tx<'_>,
    owner: &str,
    currency: &str,
    sent: Option<&str>,
) -> Result<bool, ApiError> {
    loop {
        let cash = cash_balance::available(tx, owner, currency);
        let ids = tx.ids(Kind::PaymentIntent).into_iter().rev();
        let found = ids.filter_map(|id| tx.get(Kind::PaymentIntent, &id));
        let waiting: Vec<Value> = found
            .filter(|intent| {
                intent["customer"] == owner && intent["currency"] == currency && waits(intent)
            })
            .collect();
        let referred = waiting.iter().find(|intent| {
            let reference = instructions::reference(tx, text(intent, "id"));
            sent.is_some_and(|sent| sent.contains(&reference))
        });
        let next = referred.or(waiting.iter().find(|intent| rest(intent) == cash));
        let Some(next) = next.or(waiting.first()).filter(|_| cash > 0) else {
            return Ok(cash > 0);
        };
        let method = resolve::of_intent(tx, next);
        take(tx, next.clone(), &method, cash)?;
    }
}

/// Gives the cash of a payment that is canceled back to the customer.
pub fn release(tx: &mut Tx<'_>, intent: &mut Value) -> Result<(), ApiError> {
    let funded = number(intent, "_funded");
    if funded == 0 {
        return Ok(());
    }
    intent["_funded"] = json!(0);
    let detail = json!({"payment_intent": intent["id"]});
    let (owner, currency) = (text(intent, "customer").to_owned(), text(intent, "currency"));
    cash_balance::book(tx, &owner, (funded, currency), "unapplied_from_payment", detail)?;
    cash_balance::tell_available(tx, &owner)
}
