//! The example that fills a database leaves what payments leave.

use crate::support::host::Instance;
use serde_json::json;
use std::path::Path;
use std::process::Command;

#[test]
fn the_example_grow_fills_an_instance() {
    let instance = Instance::empty();
    // Built by `cargo test`, beside the program.
    let program = Path::new(env!("CARGO_BIN_EXE_sluicegate"));
    let program = program.with_file_name("examples").join("grow");
    let grown =
        Command::new(&program).args(["--payments", "60", "--root"]).arg(instance.root()).output();
    let grown = grown.unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo build --examples` builds it", program.display())
    });
    let said = String::from_utf8_lossy(&grown.stdout);
    assert!(grown.status.success(), "{said}{}", String::from_utf8_lossy(&grown.stderr));
    assert!(said.contains("60 payments after"), "{said}");
    let refused = Command::new(&program).output().expect("it runs");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("usage: grow --payments N"));
    let host = instance.serve();
    let query = "{ records(per_page: 1, filter: { table: { value: \"modules/payments/payment\" } \
                 properties: [{ name: \"state\", value: \"paid\" }] }) { total_entries } \
                 executions(per_page: 1, kind: \"webhook_event\", states: [\"completed\"]) \
                 { total_entries results { id } } }";
    let counted = host.graphql(query, &json!({}));
    assert_eq!(counted["records"]["total_entries"], 61, "{counted:#}");
    // Each payment has the event of its charge, and the copies have it too.
    let events = counted["executions"]["total_entries"].as_u64().expect("a number");
    assert!(events >= 61, "{counted:#}");
}
