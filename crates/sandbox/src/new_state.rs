//! The state that a sandbox or a world begins with.

use super::config::Config;
use super::error::Error;
use super::journal::Journal;
use super::state::{SandboxState, Settings};
use super::{due_work, identifier};

/// The state from the data file, or a new one.
pub fn load(config: &Config) -> Result<SandboxState, Error> {
    let Some(path) = &config.data else { return Ok(new_state(config)) };
    let (mut state, was_stored) = Journal::open(path, || empty(config))?;
    // The configuration wins over stored settings.
    state.settings.settle_immediately = config.settle_immediately;
    state.settings.enforce_capabilities = config.enforce_capabilities;
    state.settings.default_version.clone_from(&config.api_version);
    state.webhook_ports = config.webhook_ports.clone();
    state.objects_max = config.objects;
    if !was_stored {
        due_work::create_platform(&mut state);
    }
    Ok(state)
}

/// A new state in memory, with the platform's account.
pub fn new_state(config: &Config) -> SandboxState {
    let mut state = empty(config);
    due_work::create_platform(&mut state);
    state
}

fn empty(config: &Config) -> SandboxState {
    let settings = Settings {
        settle_immediately: config.settle_immediately,
        enforce_capabilities: config.enforce_capabilities,
        default_version: config.api_version.clone(),
        ..Settings::default()
    };
    let seed = config.seed.clone().unwrap_or_else(identifier::random_seed);
    let mut state = SandboxState::new(seed, settings);
    state.webhook_ports = config.webhook_ports.clone();
    state.objects_max = config.objects;
    state
}
