//! Whether PostgreSQL keeps what it says it has committed.

use super::{fault, rows};
use crate::error::Error;
use tokio_postgres::Client;

/// A promise is made once a commit is answered, so the answer has to mean that it is on disk.
///
/// A server that does not sync at all is its operator's choice, for tests say, and is warned of:
/// it is set for the whole server. `synchronous_commit` is each role's and each database's own, and
/// nobody would see that it is off until the power fails.
///
/// # Errors
/// [`Error::Broken`] when commits are answered before they are on disk.
pub async fn check(client: &Client) -> Result<(), Error> {
    let settings = "SELECT current_setting('synchronous_commit'), current_setting('fsync'), \
                    current_setting('full_page_writes')";
    let row = client.query_one(settings, &[]).await.map_err(fault::of)?;
    let setting = |place| rows::get::<String>(&row, place);
    if setting(0)? == "off" {
        return Err(Error::Broken(
            "PostgreSQL has `synchronous_commit = off` for this role or database: what was promised \
             would be lost with the power; set it to on (ALTER ROLE … SET synchronous_commit = on)"
                .into(),
        ));
    }
    for (place, name) in [(1, "fsync"), (2, "full_page_writes")] {
        if setting(place)? == "off" {
            tracing::warn!(
                "PostgreSQL runs with `{name} = off`: a power failure loses what was promised"
            );
        }
    }
    Ok(())
}
