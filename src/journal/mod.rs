//! Executions and their steps: begin, resume, finish. Only this module writes them.
//!
//! Intent first: [`begin::Journal::begin`] commits the intent before anything leaves the runtime. A
//! [`phase::Phase`] collects the record writes between two calls. A call's answer, the writes that
//! follow it and the outcome are one commit.

pub mod backoff;
pub mod begin;
pub mod buffer;
mod clock_watch;
pub mod error;
pub mod finish;
mod finish_ordered;
pub mod intent;
pub mod overlay;
pub mod phase;
pub mod resume;
pub mod run;
pub mod scripted_run;
pub mod steps;
pub mod successor;
