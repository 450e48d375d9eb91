//! Request types: render the call, send it, map the answer, write the record.
//!
//! The path runs one way, a file for each part: [`request_type_call`] → `begin` (check, find an
//! earlier run, render, commit one) → `drive` (send, reconcile, send again) → `settle` (map, write,
//! call back, commit two). `flow` joins them; a resumed execution enters at `drive`. What the host
//! knows about a gateway is behind [`contract::Gateway`], and Stripe's side of it in [`stripe`].

pub mod address;
pub mod api_call;
pub mod begin;
pub mod call;
pub mod contract;
pub mod drive;
pub mod error;
pub mod flow;
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
pub mod secret_params;
pub mod settle;
pub mod stripe;
pub mod target;
pub mod transport;
