//! Loading instances from disk: the faults of a broken one, the contents of a good one.

use sluicegate::module::catalog::Catalog;
use std::path::Path;

#[test]
#[ignore = "ad hoc"]
fn adhoc() {
    for root in ["/tmp/inst1", "/tmp/inst2"] {
        let start = std::time::Instant::now();
        let catalog = Catalog::load(Path::new(root), &|_| None);
        println!("{root}: {:?}", start.elapsed());
        for fault in &catalog.faults {
            println!("{fault}");
        }
        println!(
            "pages {} partials {} forms {} tables {} gq {} calls {} policies {} migrations {} assets {} layouts {} emails {} sms {} profiles {} modules {:?}",
            catalog.pages.len(),
            catalog.partials.len(),
            catalog.forms.len(),
            catalog.tables.len(),
            catalog.graph_queries.len(),
            catalog.api_calls.len(),
            catalog.policies.len(),
            catalog.migrations.len(),
            catalog.assets.len(),
            catalog.layouts.len(),
            catalog.emails.len(),
            catalog.smses.len(),
            catalog.profile_types.len(),
            catalog.modules
        );
        for r in catalog.request_types() {
            println!("{r:?}");
        }
        for p in &catalog.pages {
            println!("{} {} {} {:?} {:?}", p.method, p.slug, p.format, p.layout, p.policies);
        }
        for m in &catalog.migrations {
            println!("{:?}", m);
        }
    }
}
