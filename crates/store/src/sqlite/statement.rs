//! Statements that stay prepared on their connection, with their values and rows.

use super::errors;
use crate::error::Error;
use crate::page::Page;
use crate::sql::page::PageStatement;
use crate::sql::row::{self, Row};
use crate::sql::statement::Statement;
use crate::sql::value::Value;
use crate::text::Number;
use rusqlite::types::{Null, ToSqlOutput, Type, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql, params_from_iter};
use serde_json::Value as Json;

#[cfg(test)]
thread_local! {
    /// The statements that this thread ran, for the tests of plans.
    pub static RAN: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn prepared<'c>(connection: &'c Connection, sql: &str) -> Result<CachedStatement<'c>, Error> {
    #[cfg(test)]
    RAN.with_borrow_mut(|ran| ran.push(sql.to_owned()));
    connection.prepare_cached(sql).map_err(errors::of)
}

/// Runs a statement; returns how many rows it changed.
pub fn execute(connection: &Connection, statement: &Statement<'_>) -> Result<usize, Error> {
    let mut prepared = prepared(connection, &statement.sql)?;
    prepared.execute(params_from_iter(&statement.values)).map_err(errors::of)
}

/// All rows of a query.
pub fn all<T>(
    connection: &Connection,
    statement: &Statement<'_>,
    read: impl Fn(&dyn Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    query(connection, &statement.sql, &statement.values, read)
}

/// The first row of a query, if there is one.
pub fn one<T>(
    connection: &Connection,
    statement: &Statement<'_>,
    read: impl Fn(&dyn Row) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut prepared = prepared(connection, &statement.sql)?;
    let mut rows = prepared.query(params_from_iter(&statement.values)).map_err(errors::of)?;
    rows.next().map_err(errors::of)?.map(|row| read(row)).transpose()
}

/// A page, with its totals.
pub fn page<T>(
    connection: &Connection,
    statement: &PageStatement<'_>,
    read: impl Fn(&dyn Row) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    let rows = all(connection, &statement.reading, read)?;
    let count = match statement.paging.must_count(rows.len()) {
        true => {
            let values = statement.count_values();
            let counts = query(connection, &statement.counting, values, row::first_integer)?;
            counts.first().and_then(|count| u64::try_from(*count).ok())
        }
        false => None,
    };
    Ok(statement.paging.page(rows, count))
}

fn query<T>(
    connection: &Connection,
    sql: &str,
    values: &[Value<'_>],
    read: impl Fn(&dyn Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut prepared = prepared(connection, sql)?;
    let mut rows = prepared.query(params_from_iter(values)).map_err(errors::of)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(errors::of)? {
        all.push(read(row)?);
    }
    Ok(all)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let list = |list: Json| ToSqlOutput::from(list.to_string());
        Ok(match self {
            Self::Null => ToSqlOutput::from(Null),
            Self::Integer(integer) | Self::Number(Number::Integer(integer)) => {
                ToSqlOutput::from(*integer)
            }
            Self::Number(Number::Float(float)) => ToSqlOutput::from(*float),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Integers(integers) => list(Json::from(integers.as_slice())),
            Self::Numbers(numbers) => list(numbers.iter().copied().map(Json::from).collect()),
            Self::Texts(texts) => list(texts.iter().map(|text| Json::from(&**text)).collect()),
        })
    }
}

impl Row for rusqlite::Row<'_> {
    fn text(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.get_ref(column).map_err(errors::of)? {
            ValueRef::Null => Ok(None),
            value => value.as_str().map(Some).map_err(|error| {
                let error = Box::new(error);
                errors::of(rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error))
            }),
        }
    }

    fn integer(&self, column: usize) -> Result<Option<i64>, Error> {
        self.get(column).map_err(errors::of)
    }
}
