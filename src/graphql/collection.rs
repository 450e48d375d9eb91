//! Pages of a list, in the shape of every collection of the schema.

use super::backend::ResolverError;
use super::call::FieldCall;
use serde_json::{Value as Json, json};
use sluicegate_store::page::{COUNT_MAX, PER_PAGE, Page, Paging};

/// The maximum page length.
const PER_PAGE_MAX: i64 = 10_000;

/// The last row that a page can have: the rows before a page are read and skipped.
const ROWS_MAX: u32 = 100_000;

/// Returns the requested page; null means the default. Rows are counted only for a document that
/// selects a total.
pub(super) fn paging(call: &FieldCall<'_>) -> Result<Paging, ResolverError> {
    let page = call.arg("page").and_then(Json::as_i64).unwrap_or(1);
    let per_page = call.arg("per_page").and_then(Json::as_i64).unwrap_or(i64::from(PER_PAGE));
    let refused = |what: String| ResolverError::new("invalid", what);
    if !(1..=PER_PAGE_MAX).contains(&per_page) {
        return Err(refused(format!("`per_page` has to be from 1 to {PER_PAGE_MAX}")));
    }
    let page = u32::try_from(page).ok().filter(|page| *page > 0);
    let page = page.ok_or_else(|| refused("`page` has to be 1 or more".to_owned()))?;
    let per_page = u32::try_from(per_page).unwrap_or(PER_PAGE);
    if page.saturating_mul(per_page) > ROWS_MAX {
        return Err(refused(format!(
            "a page ends at row {ROWS_MAX} or before: `page` times `per_page` is more; use a filter"
        )));
    }
    let has_total = (call.selects)("total_entries") || (call.selects)("total_pages");
    Ok(Paging::new(page, per_page, if has_total { COUNT_MAX } else { 0 }))
}

/// Converts a page to a collection.
pub(super) fn json<T>(page: Page<T>, row: impl FnMut(T) -> Json) -> Json {
    let mut collection = json!({
        "total_entries": page.total_entries,
        "total_pages": page.total_pages(),
        "current_page": page.current_page,
        "per_page": page.per_page,
        "has_next_page": page.has_next_page,
        "has_previous_page": page.has_previous_page(),
    });
    collection["results"] = page.results.into_iter().map(row).collect();
    collection
}

/// Returns one page of a complete list.
pub(super) fn of_all(call: &FieldCall<'_>, all: Vec<Json>) -> Result<Json, ResolverError> {
    Ok(json(paging(call)?.of_all(all), |row| row))
}
