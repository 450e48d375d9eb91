//! Finds what parameters name, for all families.

use super::api_error::{Answer, ApiError};
use super::state::Kind;
use super::tx::Tx;

/// A customer that is not deleted, by the id of a path.
pub fn live_customer(tx: &Tx<'_>, id: &str) -> Answer {
    let customer = tx.get(Kind::Customer, id).filter(|customer| customer.get("deleted").is_none());
    customer.ok_or_else(|| ApiError::not_found("customer", id))
}

/// A customer named among the parameters.
pub fn customer(tx: &Tx<'_>, id: &str) -> Answer {
    live_customer(tx, id).map_err(|_| ApiError::no_such("customer", id, "customer"))
}
