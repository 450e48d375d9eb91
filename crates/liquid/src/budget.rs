//! The budget of a render: steps, depth, output, values and time.

use crate::deferred_cost;
use crate::error::{Error, Kind};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// The values that a walk visits for one step.
const VALUES_A_STEP: u64 = 16;
/// The size of a value that is large enough to check the clock.
const LARGE_BYTES: usize = 8 * 1024;

/// What one render may spend.
///
/// ```
/// use sluicegate_liquid::Limits;
/// use std::time::Duration;
///
/// const LIMITS: Limits = Limits::new().steps(100_000).time(Duration::from_millis(200));
/// assert_eq!(LIMITS.output_bytes, Limits::default().output_bytes);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Nodes rendered, turns of loops and calls of filters; 2,000,000 unless set.
    pub steps: u64,
    /// Nesting of loops and partials together; 100 unless set.
    pub depth: u32,
    /// Nesting of all blocks together, which bounds the stack; 300 unless set.
    pub nesting: u32,
    /// Bytes written to the output or into a `capture`; 16 MiB unless set.
    pub output_bytes: usize,
    /// Bytes of the values that filters and tags make; 64 MiB unless set.
    pub value_bytes: usize,
    /// Wall time; 2 seconds unless set.
    pub time: Duration,
}

impl Limits {
    /// The default limits.
    pub const fn new() -> Self {
        Self {
            steps: 2_000_000,
            depth: 100,
            nesting: 300,
            output_bytes: 16 * 1024 * 1024,
            value_bytes: 64 * 1024 * 1024,
            time: Duration::from_secs(2),
        }
    }

    /// The same limits with other steps.
    #[must_use]
    pub const fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// The same limits with another depth of loops and partials.
    #[must_use]
    pub const fn depth(mut self, depth: u32) -> Self {
        self.depth = depth;
        self
    }

    /// The same limits with another nesting of blocks.
    #[must_use]
    pub const fn nesting(mut self, nesting: u32) -> Self {
        self.nesting = nesting;
        self
    }

    /// The same limits with another size of the output.
    #[must_use]
    pub const fn output_bytes(mut self, bytes: usize) -> Self {
        self.output_bytes = bytes;
        self
    }

    /// The same limits with another size of values.
    #[must_use]
    pub const fn value_bytes(mut self, bytes: usize) -> Self {
        self.value_bytes = bytes;
        self
    }

    /// The same limits with another wall time.
    #[must_use]
    pub const fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

/// What a render has spent of its limits.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    steps: Cell<u64>,
    depth: Cell<u32>,
    nesting: Cell<u32>,
    output: Cell<usize>,
    values: Cell<usize>,
    begun: Cell<Instant>,
}

impl Budget {
    /// An unspent budget; its time begins now.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            steps: Cell::new(0),
            depth: Cell::new(0),
            nesting: Cell::new(0),
            output: Cell::new(0),
            values: Cell::new(0),
            begun: Cell::new(Instant::now()),
        }
    }

    /// Spends one step, and checks the time every 256 steps.
    ///
    /// # Errors
    /// A limit error when steps or time are used up.
    #[inline]
    pub fn step(&self) -> Result<(), Error> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > self.limits.steps {
            return Err(more_than(self.limits.steps, "steps"));
        }
        if steps.is_multiple_of(256) { self.settle() } else { Ok(()) }
    }

    /// Charges the cost of walks over values, and checks the time.
    ///
    /// # Errors
    /// A limit error.
    pub fn settle(&self) -> Result<(), Error> {
        let Some(walked) = deferred_cost::take() else {
            return Err(Error::limit("a value that expands to too many others"));
        };
        let steps = self.steps.get().saturating_add(walked / VALUES_A_STEP);
        self.steps.set(steps);
        if steps > self.limits.steps {
            return Err(Error::limit(format!("more than {} steps", self.limits.steps)));
        }
        if self.begun.get().elapsed() > self.limits.time {
            let millis = self.limits.time.as_millis();
            return Err(Error::limit(format!("longer than {millis} ms")));
        }
        Ok(())
    }

    /// Settles after work on a large value.
    ///
    /// # Errors
    /// A limit error.
    #[inline]
    pub fn weigh(&self, bytes: usize) -> Result<(), Error> {
        if bytes >= LARGE_BYTES { self.settle() } else { Ok(()) }
    }

    /// Checks that a value of about `bytes` fits the budget, without spending it.
    ///
    /// # Errors
    /// A limit error.
    #[inline]
    pub fn room(&self, bytes: usize) -> Result<(), Error> {
        let before = self.values.get();
        self.value(bytes)?;
        self.values.set(before);
        Ok(())
    }

    /// Adds `time` to the limit: waiting for the application is not work of the template.
    pub fn forgive(&self, time: Duration) {
        self.begun.set(self.begun.get() + time);
    }

    /// Enters a block; [`Budget::leave_block`] leaves it.
    ///
    /// # Errors
    /// A limit error.
    #[inline]
    pub fn enter_block(&self) -> Result<(), Error> {
        if self.nesting.get() >= self.limits.nesting {
            return Err(too_deep());
        }
        self.nesting.set(self.nesting.get() + 1);
        Ok(())
    }

    /// Leaves a block.
    #[inline]
    pub fn leave_block(&self) {
        self.nesting.set(self.nesting.get().saturating_sub(1));
    }

    /// Enters a loop or a partial; [`Budget::leave`] leaves it.
    ///
    /// # Errors
    /// A limit error.
    #[inline]
    pub fn enter(&self) -> Result<(), Error> {
        if self.depth.get() >= self.limits.depth {
            return Err(too_deep());
        }
        self.depth.set(self.depth.get() + 1);
        Ok(())
    }

    /// Leaves a loop or a partial.
    #[inline]
    pub fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Spends bytes of output.
    ///
    /// # Errors
    /// A limit error.
    #[inline]
    pub fn output(&self, bytes: usize) -> Result<(), Error> {
        let total = self.output.get().saturating_add(bytes);
        self.output.set(total);
        if total > self.limits.output_bytes {
            return Err(more_than(self.limits.output_bytes as u64, "bytes of output"));
        }
        Ok(())
    }

    /// Spends `bytes` of values, before a value is made.
    ///
    /// # Errors
    /// A limit error.
    #[inline]
    pub fn value(&self, bytes: usize) -> Result<(), Error> {
        let total = self.values.get().saturating_add(bytes);
        if total > self.limits.value_bytes {
            return Err(more_than(self.limits.value_bytes as u64, "bytes of values"));
        }
        self.values.set(total);
        Ok(())
    }
}

// Out of line, which keeps the common path small.
#[cold]
fn more_than(limit: u64, what: &str) -> Error {
    Error::limit(format!("more than {limit} {what}"))
}

#[cold]
fn too_deep() -> Error {
    Error::new(Kind::Depth, "Nesting too deep")
}
