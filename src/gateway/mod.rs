//! Request types: render the call, send it, map the answer, write the record.
//!
//! The path runs one way, one file for each part: [`request_type_call`] → `begin` (check, find an earlier
//! execution, render, first commit) → `drive` (send, reconcile, resend) → `settle` (map, write, run
//! the callback, second commit). `flow` joins them; a resumed execution enters at `drive`.
//! [`contract::Gateway`] abstracts the gateway, and [`stripe`] implements it.

pub mod api_call;
mod begin;
pub mod call;
pub mod contract;
mod drive;
pub mod error;
mod flow;
pub mod http;
pub mod mapper;
pub mod metrics;
pub mod outcome;
pub mod param;
pub mod rate;
pub mod records;
pub mod reply;
pub mod request_type_call;
pub mod runner;
mod settle;
pub mod stripe;
pub mod target;
pub mod transport;
