//! Any text in any manner compiles or is refused with a place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sluicegate_fuzz::Case;

fuzz_target!(|case: Case<'_>| {
    match case.engine().compile("case", case.template()) {
        Ok(template) => {
            let _ = template.references();
        }
        Err(error) => {
            assert!(error.mark().is_some(), "an error has its place: {error}");
        }
    }
});
