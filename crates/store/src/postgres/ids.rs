//! Record ids, reserved in blocks so that handing one out costs nothing.

use crate::error::Error;
use crate::record::RecordId;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

// A block left over by a kill is a gap in the ids: start small, grow with the demand.
const FIRST_BLOCK: i64 = 8;
const LARGEST_BLOCK: i64 = 1024;

/// Reserves: `$1` ids past all others, also past ids that came in from outside.
pub const RESERVE: &str = "UPDATE counters SET next = $1 + \
     greatest(next, (SELECT coalesce(max(id), 0) + 1 FROM records)) \
     WHERE name = 'record' RETURNING next";
/// Gives a block back, unless another process reserved after it.
pub const RETURN: &str = "UPDATE counters SET next = $1 WHERE name = 'record' AND next = $2";

/// The ids this process has reserved and not handed out.
pub struct Ids(Mutex<Block>);

struct Block {
    free: Range<RecordId>,
    size: i64,
}

impl Ids {
    /// Nothing reserved yet.
    pub fn new() -> Self {
        Self(Mutex::new(Block { free: 0..0, size: FIRST_BLOCK }))
    }

    /// An id that nobody else has or will have; `reserve` gives the end of a block of that size.
    pub fn next(
        &self,
        reserve: impl FnOnce(i64) -> Result<RecordId, Error>,
    ) -> Result<RecordId, Error> {
        let mut block = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = block.free.next() {
            return Ok(id);
        }
        let end = reserve(block.size)?;
        let first = end - block.size;
        block.free = first + 1..end;
        block.size = (block.size * 2).min(LARGEST_BLOCK);
        Ok(first)
    }

    /// What was never handed out.
    pub fn left(&self) -> Range<RecordId> {
        let mut block = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut block.free, 0..0)
    }
}
