//! Executions and their steps: begin, resume, finish; the only writer of both.
//!
//! Rules (design section 4): the intent is committed before anything leaves; the answer, the
//! record writes that follow from it and the outcome commit together; a lost answer is `unknown`.

pub mod entry;
pub mod error;
pub mod fingerprint;
pub mod phase;
pub mod run;
