//! How many requests may wait for the gateway at once, so that a slow one stops nothing else.
//!
//! A request type that a door runs holds no thread while it waits. A template that sends holds the
//! thread that renders it. Each has a lane; a full one refuses before anything is committed.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many doors may wait: each costs a connection and the bytes of its call.
const DOORS_MAX: usize = 4096;
/// How many templates of pages and forms may wait: a quarter of the blocking threads.
const TEMPLATES_MAX: usize = 64;

/// Who waits for the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lane {
    /// A command or the worker, which has threads of its own.
    #[default]
    Own,
    /// A form, an endpoint or a GraphQL mutation, without a thread.
    Door,
    /// A template of a page or of a form, which holds its thread.
    Template,
}

/// Too many wait in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests wait for the payment gateway; nothing was sent")]
pub struct Full;

/// The lanes of a process.
#[derive(Debug)]
pub struct GatewayLanes {
    doors: Arc<Semaphore>,
    templates: Arc<Semaphore>,
}

impl Default for GatewayLanes {
    fn default() -> Self {
        Self::new(DOORS_MAX, TEMPLATES_MAX)
    }
}

impl GatewayLanes {
    fn new(doors: usize, templates: usize) -> Self {
        let lane = |places| Arc::new(Semaphore::new(places));
        Self { doors: lane(doors), templates: lane(templates) }
    }

    /// Takes a place in a lane until the returned value is dropped.
    ///
    /// # Errors
    /// [`Full`].
    pub fn enter(&self, lane: Lane) -> Result<Option<OwnedSemaphorePermit>, Full> {
        let semaphore = match lane {
            Lane::Own => return Ok(None),
            Lane::Door => &self.doors,
            Lane::Template => &self.templates,
        };
        Arc::clone(semaphore).try_acquire_owned().map(Some).map_err(|_| Full)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_lane_refuses_and_the_others_do_not() {
        let lanes = GatewayLanes::new(2, 1);
        let template = lanes.enter(Lane::Template).expect("a place");
        assert_eq!(lanes.enter(Lane::Template).map(|_| ()), Err(Full));
        let doors = [lanes.enter(Lane::Door), lanes.enter(Lane::Door)];
        assert!(doors.iter().all(Result::is_ok) && lanes.enter(Lane::Door).is_err());
        assert!(lanes.enter(Lane::Own).is_ok_and(|place| place.is_none()));
        drop(template);
        assert!(lanes.enter(Lane::Template).is_ok());
    }
}
