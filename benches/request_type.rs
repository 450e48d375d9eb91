//! One request type end to end over the sandbox, beside the bare HTTP call that it makes.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Map, Value as Json, json};
use sluicegate::app::operations::Operations;
use sluicegate::gateway::outcome::State;
use sluicegate::gateway::request_type_call::RequestTypeCall;
use std::sync::Arc;
use support::{Callers, Served, cpu_time, groups, serve, together, waits};

const BODY: &str =
    "amount=2000&currency=usd&source=tok_visa&description=Two%20mugs&metadata%5Border%5D=7";

fn data() -> Map<String, Json> {
    let data = json!({ "amount": 2000, "currency": "usd", "source": "tok_visa",
        "description": "Two mugs", "metadata": { "order": "7" } });
    data.as_object().cloned().unwrap_or_default()
}

/// The call itself.
const HEADERS: &str = "Authorization: Bearer sk_test_sluicegate_sandbox\r\n\
    Content-Type: application/x-www-form-urlencoded\r\nStripe-Version: 2020-03-02\r\n";

fn measure(criterion: &mut Criterion) {
    let served = serve("whsec_not_used_here");
    if let Some(count) = payments() {
        return (0..count).for_each(|_| in_process(&served));
    }
    for callers in [1, 64] {
        let mut group = criterion.benchmark_group(format!("create_payment/{callers}_callers"));
        group.throughput(Throughput::Elements(1));
        group.sample_size(20);
        let door = "/api/request_types/create_payment";
        let body = json!({ "data": data() }).to_string();
        let before = served.runtime.store.writer_stats();
        for (name, addr, path, headers, body) in [
            ("bare_http_call", served.sandbox.addr(), "/v1/charges", HEADERS, BODY),
            ("endpoint", served.addr, door, "Content-Type: application/json\r\n", body.as_str()),
        ] {
            let calling = Callers::of(addr);
            let request = calling.request(path, headers, body);
            let one = move |_| {
                let (calling, request) = (Arc::clone(&calling), Arc::clone(&request));
                async move { calling.call(&request).await }
            };
            let again = one.clone();
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|count| {
                    together(&served.tokio_runtime, callers, count, one.clone())
                });
            });
            let before = cpu_time();
            let (median, most) = waits(&served.tokio_runtime, callers, 500 * callers, again);
            let cpu = (cpu_time() - before) / u32::try_from(500 * callers).expect("few");
            println!(
                "create_payment/{callers}_callers/{name}: p50 {median:.2?}, p99 {most:.2?}, \
                 processor {cpu:.1?} each"
            );
        }
        groups(before, served.runtime.store.writer_stats());
        if callers == 1 {
            group.bench_function("in_process", |bencher| bencher.iter(|| in_process(&served)));
        }
        group.finish();
    }
}

/// With `PAYMENTS=N`, so many are made in this process and nothing is measured: for a profiler.
fn payments() -> Option<u64> {
    std::env::var("PAYMENTS").ok()?.parse().ok()
}

/// Without the endpoint's HTTP: what `sluicegate call` does.
fn in_process(served: &Served) {
    let scope = served.runtime.bare_scope();
    let submission = RequestTypeCall {
        name: "create_payment".to_owned(),
        data: data(),
        ..RequestTypeCall::default()
    };
    let host = served.runtime.host(scope);
    let outcome = sluicegate::executor::wait(Operations::new(&host).request_type(submission))
        .expect("an outcome");
    assert_eq!(outcome.state, State::Completed);
}

criterion_group!(benches, measure);
criterion_main!(benches);
