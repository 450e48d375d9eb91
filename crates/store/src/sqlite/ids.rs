//! Record ids, reserved in blocks so that handing one out costs nothing.

use super::transaction::Work;
use super::writer::Writer;
use crate::error::Error;
use crate::record::RecordId;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

// A block left over by a kill is a gap in the ids: start small, grow with the demand.
const FIRST_BLOCK: i64 = 8;
const LARGEST_BLOCK: i64 = 1024;

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

    /// An id that nobody else has or will have.
    pub fn next(&self, writer: &Writer) -> Result<RecordId, Error> {
        let mut block = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(id) = block.free.next() {
            return Ok(id);
        }
        let first = writer.run(Work::ReserveIds { count: block.size })?;
        block.free = first + 1..first + block.size;
        block.size = (block.size * 2).min(LARGEST_BLOCK);
        Ok(first)
    }

    /// Gives back what was never handed out, so that a restart leaves no gap.
    pub fn give_back(&self, writer: &Writer) {
        let mut block = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = std::mem::replace(&mut block.free, 0..0);
        if !free.is_empty() {
            // A gap is harmless; there is nobody left to tell.
            drop(writer.run(Work::ReturnIds { free }));
        }
    }
}
