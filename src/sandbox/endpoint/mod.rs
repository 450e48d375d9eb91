//! The endpoints, one family a file; each knows the paths below its own.

use super::call::Call;
use super::refusal::Answer;
use super::turn::Turn;

pub mod account;
pub mod account_state;
pub mod application_fee;
pub mod balance;
pub mod bank;
pub mod capture;
pub mod charge;
pub mod charge_money;
pub mod charge_object;
pub mod customer;
pub mod dispute;
pub mod events;
pub mod external_account;
pub mod file;
pub mod funding;
pub mod payment_method;
pub mod payout;
pub mod person;
pub mod refund;
pub mod refund_money;
pub mod source;
pub mod token;
pub mod transfer;
pub mod transfer_money;
pub mod webhook_endpoint;

/// Runs the operation a path names; `None` when there is none.
pub fn route(call: &Call, turn: &mut Turn<'_>, path: &[&str]) -> Option<Answer> {
    let (family, rest) = path.split_first()?;
    match *family {
        "customers" => customer::route(call, turn, rest),
        "charges" => charge::route(call, turn, rest),
        "refunds" => refund::route(call, turn, rest),
        "transfers" => transfer::route(call, turn, rest),
        "accounts" | "account" => account::route(call, turn, path),
        "webhook_endpoints" => webhook_endpoint::route(call, turn, rest),
        "payouts" => payout::route(call, turn, rest),
        "balance" | "balance_transactions" => balance::route(call, turn, path),
        "application_fees" => application_fee::route(call, turn, rest),
        "events" => events::route(call, turn, rest),
        "tokens" => token::route(call, turn, rest),
        "payment_methods" => payment_method::route(call, turn, rest),
        "files" => file::route(call, turn, rest),
        "disputes" => dispute::route(call, turn, rest),
        _ => None,
    }
}
