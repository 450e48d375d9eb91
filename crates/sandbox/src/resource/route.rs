//! Finds the resource that a path names, and runs its operation.

use super::super::api_error::Answer;
use super::super::call::Call;
use super::super::tx::Tx;
use super::plain::PLAIN;
use super::table::RESOURCES;
use super::{
    Resource, app, credit, credit_note, engine, entitlement, invoice, issuing_authorization,
    issuing_transaction, of, payment_record, preview, stripe_data, subscription_change,
    subscription_item_route, tax_calculation, tax_transaction, template, treasury_in,
};

/// Runs the operation of a resource that a path names; `None` when there is none.
pub fn route(call: &Call, tx: &mut Tx<'_>, path: &[&str]) -> Option<Answer> {
    match (call.method, path) {
        (_, ["subscription_items", ..]) => return subscription_item_route::route(call, tx, path),
        ("DELETE", ["subscriptions", id]) => {
            return Some(subscription_change::cancel(call, tx, id));
        }
        ("GET", ["credit_notes", "preview", ..]) => {
            return Some(credit_note::preview(call, tx, path));
        }
        ("POST", ["invoices", "create_preview"]) => return Some(preview::run(call, tx)),
        ("POST", ["invoices", id, "lines", line]) => {
            return Some(invoice::update_line(call, tx, id, line));
        }
        ("POST", ["test_helpers", "issuing", "authorizations"]) => {
            return Some(issuing_authorization::create(call, tx));
        }
        ("POST", ["test_helpers", "issuing", "transactions", what]) => {
            return issuing_transaction::create(call, tx, what);
        }
        ("POST", ["test_helpers", "treasury", what]) => {
            return treasury_in::receive(call, tx, what);
        }
        ("GET", ["invoice_rendering_templates", id]) => {
            let found = of(tx, "invoice_rendering_template", id);
            return Some(found.and_then(|found| template::check_version(call, found)));
        }
        _ => {}
    }
    let found = stripe_data::route(call, path)
        .or_else(|| entitlement::route(call, tx, path))
        .or_else(|| credit::route(call, tx, path))
        .or_else(|| tax_calculation::route(call, tx, path))
        .or_else(|| tax_transaction::route(call, tx, path))
        .or_else(|| payment_record::route(call, tx, path))
        .or_else(|| app::route(call, tx, path));
    if found.is_some() {
        return found;
    }
    RESOURCES.iter().chain(PLAIN).find_map(|resource| {
        let (parent, rest) = below(resource, path)?;
        // A path that belongs to an action of another resource has no operation here.
        engine::run(resource, call, tx, parent, rest)
    })
}

/// The id above a resource, and the path below it.
fn below<'p>(resource: &Resource, path: &'p [&'p str]) -> Option<(Option<&'p str>, &'p [&'p str])> {
    let mut parent = None;
    let mut count = 0;
    for part in resource.path.split('/') {
        let given = path.get(count)?;
        match part {
            "*" => parent = Some(*given),
            part if part == *given => {}
            _ => return None,
        }
        count += 1;
    }
    Some((parent, &path[count..]))
}
