//! `events`: look at and replay webhook events.

use crate::app::house::House;
use crate::cli::arguments::Events;
use crate::cli::executions::{PER_PAGE, found, list, row, whole};
use crate::cli::offline::with_house;
use crate::cli::output::Output;
use crate::config::Config;
use crate::store::execution::{ExecutionId, ExecutionQuery};
use crate::webhook::inbox::KIND;
use anyhow::{Result, bail};
use std::process::ExitCode;

/// Lists, shows or replays.
///
/// # Errors
/// When there is no such event, or it has not been processed yet.
pub fn run(config: Config, what: &Events, output: &Output) -> Result<ExitCode> {
    with_house(config, false, |house| match what {
        Events::List { kind, page } => {
            let query = ExecutionQuery {
                kind: Some(KIND.to_owned()),
                name: kind.clone(),
                page: *page,
                per_page: PER_PAGE,
                ..ExecutionQuery::default()
            };
            list(&house.store.executions(&query)?, output);
            Ok(())
        }
        Events::Show { id } => {
            let id = find(house, id)?;
            output.value(&whole(&found(house, &id)?, &house.store.steps(&id)?));
            Ok(())
        }
        Events::Replay { id } => {
            let id = find(house, id)?;
            output.value(&row(&house.journal.replay(&id)?));
            Ok(())
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// An event by its execution's id, by `evt_…`, or by `acct_…:evt_…`.
fn find(house: &House, id: &str) -> Result<ExecutionId> {
    let by_id = ExecutionId::from(id);
    if house.store.execution(&by_id)?.is_some_and(|found| found.kind == KIND) {
        return Ok(by_id);
    }
    for key in [format!("-:{id}"), id.to_owned()] {
        if let Some(found) = house.store.execution_by_key(KIND, &key)? {
            return Ok(found.id);
        }
    }
    bail!("there is no event `{id}`; one of a connected account is named acct_…:evt_…")
}
