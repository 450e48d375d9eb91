//! Any template in the platform's dialect, with all its tags and filters, is answered as `render --jsonl` answers it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluicegate_fuzz::dialect::{Line, answer};

fuzz_target!(|line: Line<'_>| answer(&line));
