//! Pending migrations, each once, in the order of their timestamps.

use crate::app::error::Error;
use crate::app::house::House;
use crate::app::scope::Scope;
use crate::journal::entry::{Begun, Intent};
use crate::journal::phase::Buffer as _;
use crate::module::migration::Migration;
use crate::store::execution::State;
use crate::template::render::OutputMode;
use serde_json::json;
use std::sync::Arc;

/// The kind of these executions.
pub const KIND: &str = "migration";

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

fn one(house: &Arc<House>, migration: &Migration) -> Result<bool, Error> {
    let name = migration.source.name.clone();
    let intent = Intent {
        id: house.journal.next_id(),
        kind: KIND.to_owned(),
        name: name.clone(),
        input: json!({}),
        idempotency_key: Some(name.clone()),
        fingerprint: name,
        ordering_key: None,
    };
    let run = match house.journal.begin(intent, None)? {
        Begun::New(run) => run,
        Begun::Finished(_) | Begun::Conflict(_) => return Ok(false),
        Begun::InProgress(execution) => match house.journal.claim(execution)? {
            Some(run) => run,
            None => return Ok(false),
        },
    };
    let mut scope = Scope::new(house.bare_context());
    scope.parent = Some(run.execution().id.clone());
    let host = house.host(scope);
    let scene = host.scene()?;
    let scene_host = host.on(&scene);
    let mut phase = house.journal.phase();
    let mut result = Ok(());
    scene_host.within(&mut phase, &mut || {
        result = host
            .world
            .templates
            .render(&migration.source, &scene, json!({}), OutputMode::Raw, &scene_host)
            .map(|_| ());
    });
    if let Err(error) = result {
        house.journal.retry_later(run, &error.to_string())?;
        return Err(error.into());
    }
    house.journal.finish(run, None, phase, State::Completed, json!({ "done": true }))?;
    Ok(true)
}
