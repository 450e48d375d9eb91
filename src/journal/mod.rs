//! Executions and their steps: begin, resume, finish; the only writer of both.
//!
//! Intent first: [`begin::Journal::begin`] commits what is going to be done before anything leaves
//! the runtime. A [`phase::Phase`] collects the record writes between two calls; the answer of a
//! call, the writes that follow and the outcome are one commit.

pub mod backoff;
pub mod begin;
pub mod buffer;
pub mod error;
pub mod finish;
pub mod intent;
pub mod overlay;
pub mod phase;
pub mod resume;
pub mod run;
pub mod scripted_run;
pub mod steps;
