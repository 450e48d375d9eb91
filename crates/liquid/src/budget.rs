//! What one render may spend: steps, depth, output, values and time; everything draws on it.

use crate::deferred_cost;
use crate::error::{Error, Kind};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// A step pays for walking over this many values.
const VALUES_A_STEP: u64 = 16;
/// From this many bytes on, work on a value is worth a look at the clock.
const HEAVY: usize = 8 * 1024;

/// The limits of a render.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Nodes rendered, loop turns and filter calls.
    pub steps: u64,
    /// Nesting of loops and partials together.
    pub depth: u32,
    /// Nesting of everything together: what keeps the stack from overflowing.
    pub nesting: u32,
    /// Bytes written, wherever they go: to the page or into a `capture`.
    pub output_bytes: usize,
    /// Bytes of values that filters and tags make.
    pub value_bytes: usize,
    /// Wall time.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 2_000_000,
            depth: 100,
            nesting: 300,
            output_bytes: 16 * 1024 * 1024,
            value_bytes: 64 * 1024 * 1024,
            time: Duration::from_secs(2),
        }
    }
}

/// What is left of the limits.
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
    /// A full budget; the time begins now.
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

    /// Spends one step; looks at the time now and then.
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

    /// Pays for what walks over values cost, and looks at the time.
    ///
    /// # Errors
    /// A limit error.
    pub fn settle(&self) -> Result<(), Error> {
        let Some(walked) = deferred_cost::take() else {
            return Err(Error::limit("a value that stands for too many others"));
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

    /// Settles when something was done to a value that is not small.
    ///
    /// # Errors
    /// A limit error.
    #[inline]
    pub fn weigh(&self, bytes: usize) -> Result<(), Error> {
        if bytes >= HEAVY { self.settle() } else { Ok(()) }
    }

    /// Whether a value of about `bytes` can be made at all; spends nothing.
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

    /// Does not count `time`: what a render waits for outside is no work of its own.
    pub fn forgive(&self, time: Duration) {
        self.begun.set(self.begun.get() + time);
    }

    /// Goes into a block that is no loop; [`Budget::leave_block`] comes back.
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

    /// Comes back from a block.
    #[inline]
    pub fn leave_block(&self) {
        self.nesting.set(self.nesting.get().saturating_sub(1));
    }

    /// Goes one level deeper; [`Budget::leave`] goes back.
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

    /// Comes back from a level.
    #[inline]
    pub fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }

    /// Spends output.
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

    /// Spends memory for a value of about `bytes`, before it is made.
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

// Apart, so that what happens all the time stays small.
#[cold]
fn more_than(limit: u64, what: &str) -> Error {
    Error::limit(format!("more than {limit} {what}"))
}

#[cold]
fn too_deep() -> Error {
    Error::new(Kind::Depth, "Nesting too deep")
}
