//! The endpoints of the API: one file for each family of paths.

use super::api_error::Answer;
use super::call::Call;
use super::resource;
use super::stripe_cli;
use super::tx::Tx;

pub mod account;
pub mod account_link;
pub mod account_state;
pub mod application_fee;
pub mod balance;
pub mod bank;
pub mod capture;
pub mod card_object;
pub mod cash_balance;
pub mod charge;
pub mod charge_money;
pub mod charge_object;
pub mod checkout;
pub mod confirmation_token;
pub mod customer;
pub mod customer_discount;
pub mod dispute;
pub mod events;
pub mod external_account;
pub mod file;
pub mod fund_cash;
pub mod funding;
pub mod intent;
pub mod mandate;
pub mod method;
pub mod microdeposits;
pub mod payout;
pub mod person;
pub mod refund;
pub mod refund_money;
pub mod refund_object;
pub mod setup;
pub mod source;
pub mod source_object;
pub mod token;
pub mod transfer;
pub mod transfer_money;
pub mod webhook_endpoint;

/// Runs the operation a path names; `None` when there is none.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    let (family, rest) = path.split_first()?;
    if let Some(found) = resource::search::route(call, tx, path) {
        return Some(found);
    }
    match *family {
        "customers" => customer::route(call, tx, rest),
        "charges" => charge::route(call, tx, rest),
        "refunds" => refund::route(call, tx, rest),
        "transfers" => transfer::route(call, tx, rest),
        "accounts" | "account" => account::route(call, tx, path),
        "account_links" if call.is("POST") && rest.is_empty() => {
            Some(account_link::create(call, tx))
        }
        "account_sessions" if call.is("POST") && rest.is_empty() => {
            Some(account_link::start_session(call, tx))
        }
        "webhook_endpoints" => webhook_endpoint::route(call, tx, rest),
        "payouts" => payout::route(call, tx, rest),
        "balance" | "balance_transactions" => balance::route(call, tx, path),
        "application_fees" => application_fee::route(call, tx, rest),
        "stripecli" if call.is("POST") && rest == ["sessions"] => {
            Some(stripe_cli::session(call, tx))
        }
        "events" => events::route(call, tx, rest),
        "tokens" => token::route(call, tx, rest),
        "payment_intents" => intent::route(call, tx, rest),
        "setup_intents" => setup::route(call, tx, rest),
        "setup_attempts" => setup::attempts(call, tx, rest),
        "confirmation_tokens" => confirmation_token::route(call, tx, rest),
        "test_helpers" if rest == ["confirmation_tokens"] => {
            confirmation_token::route(call, tx, &[])
        }
        "test_helpers" if call.is("POST") && rest.first() == Some(&"customers") => match rest {
            ["customers", id, "fund_cash_balance"] => Some(fund_cash::run(call, tx, id)),
            _ => None,
        },
        "test_helpers" if call.is("POST") && rest.first() == Some(&"refunds") => match rest {
            ["refunds", id, "expire"] => Some(refund::expire(tx, id)),
            _ => None,
        },
        "checkout" => checkout::route(call, tx, rest),
        "payment_pages" => checkout::payment_page::route(call, tx, rest),
        "sources" => source_object::route(call, tx, rest),
        "mandates" => mandate::route(call, tx, rest),
        "payment_methods" => method::route(call, tx, rest),
        "files" => file::route(call, tx, rest),
        "disputes" => dispute::route(call, tx, rest),
        _ => resource::route::route(call, tx, path),
    }
}
