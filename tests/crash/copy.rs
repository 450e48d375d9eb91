//! Copies the rows that the checks need from PostgreSQL into an in-memory SQLite database, so that
//! one set of queries serves both.

use rusqlite::{Connection, params};
use tokio_postgres::{Error, NoTls};

/// Copies the current rows of a PostgreSQL database.
pub fn of(url: &str) -> Result<Connection, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let rows = runtime.map_err(|e| e.to_string())?.block_on(read(url));
    let (executions, records) = rows.map_err(|error| error.to_string())?;
    let copy = || {
        let copy = Connection::open_in_memory()?;
        copy.execute_batch(
            "CREATE TABLE executions (kind, name, state, attempt, error, input, outcome);
             CREATE TABLE records (table_name, properties); BEGIN",
        )?;
        for row in executions {
            let values = params![
                row.get::<_, String>(0),
                row.get::<_, String>(1),
                row.get::<_, String>(2),
                row.get::<_, i64>(3),
                row.get::<_, Option<String>>(4),
                row.get::<_, String>(5),
                row.get::<_, Option<String>>(6)
            ];
            copy.execute("INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?, ?)", values)?;
        }
        for row in records {
            let values = params![row.get::<_, String>(0), row.get::<_, String>(1)];
            copy.execute("INSERT INTO records VALUES (?, ?)", values)?;
        }
        Ok::<_, rusqlite::Error>(copy)
    };
    copy().map_err(|error| error.to_string())
}

/// Returns one number.
#[allow(dead_code, reason = "the crash test copies everything")]
pub fn count(url: &str, sql: &str) -> Result<i64, String> {
    let ask = async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        client.query_one(sql, &[]).await.and_then(|row| row.try_get(0))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| e.to_string())?.block_on(ask).map_err(|error: Error| error.to_string())
}

/// Executes one statement.
#[allow(dead_code, reason = "the crash test copies everything")]
pub fn execute(url: &str, sql: &str) -> Result<(), String> {
    let ask = async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(sql).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| e.to_string())?.block_on(ask).map_err(|error: Error| error.to_string())
}

type Rows = Vec<tokio_postgres::Row>;

async fn read(url: &str) -> Result<(Rows, Rows), Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let executions =
        "SELECT kind, name, state, attempt, error, input, outcome::text FROM executions";
    let records = "SELECT table_name, properties::text FROM records";
    Ok((client.query(executions, &[]).await?, client.query(records, &[]).await?))
}
