//! The two statements of a page: its rows, and how many rows there are over all pages.

use super::dialect::Dialect;
use super::statement::{Bindings, Statement};
use super::value::Value;
use crate::page::Paging;
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
    /// Which page.
    pub paging: Paging,
}

impl<'a> PageStatement<'a> {
    /// The statements of a page.
    pub fn new<D: Dialect>(
        listing: Listing<'_>,
        mut bindings: Bindings<'a, D>,
        paging: Paging,
    ) -> Self {
        let Listing { columns, table, conditions, condition_values, order } = listing;
        let limit = bindings.bind(paging.limit());
        let offset = bindings.bind(paging.offset());
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE {conditions} ORDER BY {order} \
             LIMIT {limit} OFFSET {offset}"
        );
        let reading = Statement { sql: Cow::Owned(sql), values: bindings.into_values() };
        let counting = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {conditions} LIMIT {}) AS counted",
            paging.count_up_to()
        );
        Self { reading, counting, count_values: condition_values, paging }
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
