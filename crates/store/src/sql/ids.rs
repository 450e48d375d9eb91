//! Record ids, reserved in blocks so that handing one out costs nothing.

use super::dialect::Dialect;
use super::statement::Statement;
use super::value::values;
use crate::error::Error;
use crate::record::RecordId;
use parking_lot::Mutex;
use std::ops::Range;

// The rest of a block is a gap in the ids when the process is killed: start small, grow with the
// demand.
const FIRST_BLOCK: i64 = 8;
const LARGEST_BLOCK: i64 = 1024;

/// Reserves `count` ids past all others, also past ids that were imported; returns their end.
pub fn reserve<D: Dialect>(count: i64) -> Statement<'static> {
    let sql = format!(
        "UPDATE counters SET next = ?1 + \
         {}(next, (SELECT coalesce(max(id), 0) + 1 FROM records)) \
         WHERE name = 'record' RETURNING next",
        D::GREATEST
    );
    Statement::new::<D>(sql, values![count])
}

/// Returns a block, unless another process reserved after it.
pub fn return_block<D: Dialect>(free: &Range<RecordId>) -> Statement<'static> {
    let sql = "UPDATE counters SET next = ?1 WHERE name = 'record' AND next = ?2";
    Statement::new::<D>(sql, values![free.start, free.end])
}

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

    /// An id that is unique for ever; `reserve` returns the end of a new block of the given size.
    pub fn next(
        &self,
        reserve: impl FnOnce(i64) -> Result<RecordId, Error>,
    ) -> Result<RecordId, Error> {
        let mut block = self.0.lock();
        if let Some(id) = block.free.next() {
            return Ok(id);
        }
        let end = reserve(block.size)?;
        let first = end - block.size;
        block.free = first + 1..end;
        block.size = (block.size * 2).min(LARGEST_BLOCK);
        Ok(first)
    }

    /// Takes what was never handed out.
    pub fn take_rest(&self) -> Range<RecordId> {
        std::mem::replace(&mut self.0.lock().free, 0..0)
    }
}
