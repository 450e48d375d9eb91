//! Checks that a commit that PostgreSQL has confirmed is on disk.

use super::errors;
use crate::error::Error;
use tokio_postgres::Client;

/// Refuses a server that confirms commits before they are on disk.
///
/// `synchronous_commit` belongs to each role and database, so that nothing shows that it is off
/// until the power fails. `fsync` and `full_page_writes` are set for the whole server, by an
/// operator who means it, for tests say: off is only warned of.
///
/// # Errors
/// [`Error::Broken`] when `synchronous_commit` is off.
pub async fn check(client: &Client) -> Result<(), Error> {
    let settings = "SELECT current_setting('synchronous_commit'), current_setting('fsync'), \
                    current_setting('full_page_writes')";
    let row = client.query_one(settings, &[]).await.map_err(errors::of)?;
    let setting = |column: usize| row.try_get::<_, String>(column).map_err(errors::of);
    if setting(0)? == "off" {
        return Err(Error::Broken(
            "PostgreSQL has `synchronous_commit = off` for this role or database: a power failure \
             would lose confirmed commits; set it to on (ALTER ROLE … SET synchronous_commit = on)"
                .into(),
        ));
    }
    for (column, name) in [(1, "fsync"), (2, "full_page_writes")] {
        if setting(column)? == "off" {
            tracing::warn!(
                "PostgreSQL runs with `{name} = off`: a power failure loses confirmed commits"
            );
        }
    }
    Ok(())
}
