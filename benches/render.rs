//! Rendering a complete `create_payment` call as the gateway does: URL, headers and body, with the
//! functions and partials of the module.

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value as Json, json};
use sluicegate::app::template_host::TemplateHost;
use sluicegate::gateway::call::Call;
use std::hint::black_box;

fn data() -> Json {
    json!({
        "data": {
            "amount": 2000, "currency": "USD", "source": "tok_visa", "customer": "cus_123",
            "capture": false, "description": "Two coffee mugs & a print", "statement_descriptor": "MILLRACE",
            "transfer_group": "ORDER-1042", "receipt_email": "ada@example.com", "on_behalf_of": "",
            "metadata": { "note": "by the water", "order": "1042", "shop": "Millrace" },
        },
    })
}

/// The repository's own create_payment: URL, headers and body, with its functions and partials.
fn whole_call(criterion: &mut Criterion) {
    let served = support::serve("whsec_not_used_here");
    let instance = served.runtime.instance();
    let api_call =
        instance.catalog.api_call("modules/stripe/create_payment").expect("the call").clone();
    let data = data()["data"].clone();
    criterion.bench_function("create_payment_call", |bencher| {
        bencher.iter(|| {
            let host = served.runtime.host(served.runtime.bare_scope());
            let request_context = host.request_context().expect("a request_context");
            let on = TemplateHost::new(&host, &request_context);
            Call::render(&api_call, black_box(&data), &on.renderer()).expect("rendered")
        });
    });
}

criterion_group!(benches, whole_call);
criterion_main!(benches);
