//! An execution that this process runs, with the steps recorded so far.

use crate::store::execution::{Execution, Step};

/// The right to go on with an execution, until it is finished or handed back.
#[derive(Debug)]
pub struct Run {
    execution: Execution,
    steps: Vec<Step>,
}

impl Run {
    /// A run of `execution` that has recorded `steps`.
    pub(super) fn new(execution: Execution, steps: Vec<Step>) -> Self {
        Self { execution, steps }
    }

    /// What is run.
    pub fn execution(&self) -> &Execution {
        &self.execution
    }

    /// A recorded step by its place.
    pub fn step(&self, seq: u32) -> Option<&Step> {
        self.steps.iter().find(|step| step.seq == seq)
    }

    /// The place of the next step.
    pub fn next_seq(&self) -> u32 {
        self.steps.iter().map(|step| step.seq + 1).max().unwrap_or_default()
    }
}
