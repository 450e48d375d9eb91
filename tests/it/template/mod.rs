//! The platform's dialect: every tag by fixture and snapshot, every filter by table.

mod attacks;
mod check;
mod corpus;
mod fake_host;
mod filters;
mod hostile;
mod interrupted;
mod keys;
mod nested;
mod tags;
