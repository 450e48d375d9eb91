//! Looks at a database without changing it.

use super::connect::Target;
use super::{durability, schema};
use crate::error::{Error, Reason};
use crate::schema_status::SchemaStatus;
use tokio::runtime::Builder;

/// The status of a PostgreSQL database.
///
/// # Errors
/// [`Error::Busy`] when the server does not answer, [`Error::Broken`] when the database belongs to
/// another program, or does not keep what it confirms.
pub fn probe(url: &str) -> Result<SchemaStatus, Error> {
    let target = Target::parse(url)?;
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Broken(Reason::of(error).with_prefix("the store's runtime")))?;
    runtime.block_on(async {
        let client = target.connect().await?;
        durability::check(&client).await?;
        let done = schema::steps_done(&client).await?;
        Ok(done.map_or(SchemaStatus::Missing, |done| SchemaStatus::of(done, schema::STEPS_KNOWN)))
    })
}
