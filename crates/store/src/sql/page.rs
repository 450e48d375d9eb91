//! The two statements of a page: its rows, and how many rows there are over all pages.

use super::dialect::Dialect;
use super::statement::{Bindings, Statement};
use super::value::Value;
use std::borrow::Cow;

/// A list that is read page by page.
pub struct Listing<'a> {
    /// The columns of a row.
    pub columns: &'a str,
    /// The table.
    pub table: &'a str,
    /// Which rows.
    pub conditions: String,
    /// How many values the conditions bind; they are the first.
    pub condition_values: usize,
    /// Their order.
    pub order: String,
}

/// A page to be read.
pub struct PageStatement<'a> {
    /// Reads the rows.
    pub reading: Statement<'a>,
    /// Counts all rows; binds the first [`PageStatement::count_values`].
    pub counting: String,
    count_values: usize,
    /// The number of the page, from 1.
    pub page: u32,
    /// How many rows a full page has.
    pub per_page: u32,
}

impl<'a> PageStatement<'a> {
    /// The statements of page `page` with `per_page` rows.
    pub fn new<D: Dialect>(
        listing: Listing<'_>,
        mut bindings: Bindings<'a, D>,
        page: u32,
        per_page: u32,
    ) -> Self {
        let (page, per_page) = (page.max(1), per_page.max(1));
        let Listing { columns, table, conditions, condition_values, order } = listing;
        let limit = bindings.bind(per_page);
        let offset = bindings.bind((i64::from(page) - 1) * i64::from(per_page));
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE {conditions} ORDER BY {order} \
             LIMIT {limit} OFFSET {offset}"
        );
        let reading = Statement { sql: Cow::Owned(sql), values: bindings.into_values() };
        let counting = format!("SELECT count(*) FROM {table} WHERE {conditions}");
        Self { reading, counting, count_values: condition_values, page, per_page }
    }

    /// The values that the counting statement binds.
    pub fn count_values(&self) -> &[Value<'a>] {
        &self.reading.values[..self.count_values]
    }
}

/// All conditions hold; without conditions every row is meant.
pub fn all_of(conditions: &[String]) -> String {
    if conditions.is_empty() { "TRUE".into() } else { conditions.join(" AND ") }
}
