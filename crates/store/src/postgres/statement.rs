//! Statements that stay prepared on their connection: the server plans them once.

use super::errors;
use crate::error::Error;
use crate::page::Page;
use crate::sql::page::PageStatement;
use crate::sql::row::{self, Row};
use crate::sql::statement::Statement;
use crate::sql::value::Value;
use crate::text::Number;
use deadpool_postgres::ClientWrapper;
use std::error::Error as StdError;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};

/// How many a connection keeps: more than an instance has, unless queries from outside filter by
/// ever new properties.
const PREPARED_STATEMENTS_MAX: usize = 500;

async fn prepared(client: &ClientWrapper, sql: &str) -> Result<tokio_postgres::Statement, Error> {
    if client.statement_cache.size() >= PREPARED_STATEMENTS_MAX {
        client.statement_cache.clear();
    }
    client.prepare_cached(sql).await.map_err(errors::of)
}

/// Runs a statement; returns how many rows it changed.
pub async fn execute(client: &ClientWrapper, statement: &Statement<'_>) -> Result<u64, Error> {
    let prepared = prepared(client, &statement.sql).await?;
    client.execute(&prepared, &parameters(&statement.values)).await.map_err(errors::of)
}

/// All rows of a query.
pub async fn all<T>(
    client: &ClientWrapper,
    statement: &Statement<'_>,
    read: impl Fn(&dyn Row) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let rows = query(client, &statement.sql, &statement.values).await?;
    rows.iter().map(|row| read(row)).collect()
}

/// The first row of a query, if there is one.
pub async fn one<T>(
    client: &ClientWrapper,
    statement: &Statement<'_>,
    read: impl Fn(&dyn Row) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let rows = query(client, &statement.sql, &statement.values).await?;
    rows.first().map(|row| read(row)).transpose()
}

/// A page, with its totals.
pub async fn page<T>(
    client: &ClientWrapper,
    statement: &PageStatement<'_>,
    read: impl Fn(&dyn Row) -> Result<T, Error>,
) -> Result<Page<T>, Error> {
    let rows = all(client, &statement.reading, read).await?;
    let count = match statement.paging.must_count(rows.len()) {
        true => {
            let counts = query(client, &statement.counting, statement.count_values()).await?;
            let count = counts.first().map(|row| row::first_integer(row)).transpose()?;
            count.and_then(|count| u64::try_from(count).ok())
        }
        false => None,
    };
    Ok(statement.paging.page(rows, count))
}

async fn query(
    client: &ClientWrapper,
    sql: &str,
    values: &[Value<'_>],
) -> Result<Vec<tokio_postgres::Row>, Error> {
    let prepared = prepared(client, sql).await?;
    client.query(&prepared, &parameters(values)).await.map_err(errors::of)
}

fn parameters<'a>(values: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

/// A number as PostgreSQL reads a `numeric`.
fn numeric(number: &Number) -> String {
    match (number.as_integer(), *number) {
        (Some(integer), _) | (None, Number::Integer(integer)) => integer.to_string(),
        (None, Number::Float(float)) => float.to_string(),
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.to_sql_checked(ty, out)
    }

    fn accepts(_: &Type) -> bool {
        // Each variant checks by itself.
        true
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(integer) => integer.to_sql_checked(ty, out),
            Self::Number(number) => numeric(number).to_sql_checked(ty, out),
            Self::Text(text) => text.to_sql_checked(ty, out),
            Self::Integers(integers) => integers.to_sql_checked(ty, out),
            Self::Numbers(numbers) => {
                numbers.iter().map(numeric).collect::<Vec<_>>().to_sql_checked(ty, out)
            }
            Self::Texts(texts) => texts.to_sql_checked(ty, out),
        }
    }
}

impl Row for tokio_postgres::Row {
    fn text(&self, column: usize) -> Result<Option<&str>, Error> {
        self.try_get(column).map_err(errors::of)
    }

    fn integer(&self, column: usize) -> Result<Option<i64>, Error> {
        self.try_get(column).map_err(errors::of)
    }
}
