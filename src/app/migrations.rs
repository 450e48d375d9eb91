//! Pending migrations, each once, in the order of their timestamps.

use crate::app::error::Error;
use crate::app::house::House;
use crate::app::worker::claim;
use crate::crash_point;
use crate::journal::buffer::Buffer as _;
use crate::journal::intent::Intent;
use crate::journal::run::{Begun, Run};
use crate::module::migration::Migration;
use crate::store::execution::{Execution, State};
use crate::template::render::OutputMode;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The kind of these executions.
pub const KIND: &str = "migration";

/// How often a migration of another process is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Runs every migration that has not been done, and names those that it did.
///
/// # Errors
/// The first migration that fails stops the rest; it may be mended and run again.
pub fn run(house: &Arc<House>) -> Result<Vec<String>, Error> {
    let world = house.world();
    let mut done = Vec::new();
    for migration in &world.catalog.migrations {
        if one(house, migration)? {
            done.push(migration.source.name.clone());
        }
    }
    Ok(done)
}

/// A migration that another process is running: waits until it is done, or takes it over when that
/// process died.
fn left_behind(house: &Arc<House>, mut execution: Execution) -> Result<Option<Run>, Error> {
    while execution.state == State::Running
        && execution.lease_until.is_some_and(|until| until > house.clock.now())
    {
        std::thread::sleep(LOOK_AGAIN);
        match house.store.execution(&execution.id)? {
            Some(now) => execution = now,
            None => return Ok(None),
        }
    }
    if execution.state.is_final() { Ok(None) } else { claim(house, execution) }
}

fn one(house: &Arc<House>, migration: &Migration) -> Result<bool, Error> {
    let name = migration.source.name.clone();
    let intent = Intent::new(KIND, &name, json!({})).keyed(name.as_str());
    let run = match house.journal.begin(intent, None)? {
        Begun::New(run) => run,
        Begun::Finished(_) | Begun::Conflict(_) => return Ok(false),
        Begun::InProgress(execution) => match left_behind(house, execution)? {
            Some(run) => run,
            None => return Ok(false),
        },
    };
    execute(house, migration, run)?;
    Ok(true)
}

/// Goes on with a migration whose process died: the worker's part.
///
/// # Errors
/// As [`run`].
pub fn resume(house: &Arc<House>, run: Run) -> Result<(), Error> {
    let world = house.world();
    let all = &world.catalog.migrations;
    match all.iter().find(|one| one.source.name == run.execution().name) {
        Some(migration) => execute(house, migration, run),
        None => {
            house.journal.retryable(run, "its file is not there any more", None)?;
            Ok(())
        }
    }
}

fn execute(house: &Arc<House>, migration: &Migration, run: Run) -> Result<(), Error> {
    let host = house.host(house.bare_scope());
    let scene = host.scene()?;
    let scene_host = host.on(&scene);
    let mut phase = house.journal.phase();
    let mut result = Ok(());
    let (run, stopped) = scene_host.within_run(run, &mut phase, &mut || {
        result = host
            .world
            .templates
            .render(&migration.source, &scene, json!({}), OutputMode::Raw, &scene_host)
            .map(|_| ());
    });
    if let Some(why) = stopped {
        house.journal.stop(run, why.clone())?;
        return Err(why.into());
    }
    if let Err(error) = result {
        house.journal.retryable(run, &error.to_string(), None)?;
        return Err(error.into());
    }
    crash_point!("migration_before_commit");
    house.journal.finish(run, None, phase, State::Completed, json!({ "done": true }))?;
    crash_point!("migration_after_commit");
    Ok(())
}
