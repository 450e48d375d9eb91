//! Any template with any data renders within its budget, or stops with an ordinary error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluicegate_fuzz::{Case, render};

fuzz_target!(|case: Case<'_>| render(&case));
