//! One request type end to end over the sandbox, beside the bare HTTP call it makes.

mod support;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Map, Value as Json, json};
use sluicegate::app::scope::Scope;
use sluicegate::gateway::outcome::State;
use sluicegate::gateway::request_type::Submission;
use sluicegate::store::contract::Tally;
use std::sync::Arc;
use support::{Served, client, serve, together};

const BODY: &str =
    "amount=2000&currency=usd&source=tok_visa&description=Two%20mugs&metadata%5Border%5D=7";

fn data() -> Map<String, Json> {
    let data = json!({ "amount": 2000, "currency": "usd", "source": "tok_visa",
        "description": "Two mugs", "metadata": { "order": "7" } });
    data.as_object().cloned().unwrap_or_default()
}

/// The call itself, as any program would make it.
async fn bare(client: reqwest::Client, url: String) {
    let sending = client
        .post(url)
        .bearer_auth("sk_test_sluicegate_sandbox")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Stripe-Version", "2020-03-02")
        .body(BODY);
    let answer = sending.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.bytes().await.expect("a body");
}

/// The same charge through `POST /api/request_types/create_payment`.
async fn endpoint(client: reqwest::Client, url: String, body: String) {
    let sending = client.post(url).header("Content-Type", "application/json").body(body);
    let answer = sending.send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    answer.bytes().await.expect("a body");
}

fn measure(criterion: &mut Criterion) {
    let served = serve("whsec_not_used_here");
    for callers in [1, 64] {
        let mut group = criterion.benchmark_group(format!("create_payment/{callers}_callers"));
        group.throughput(Throughput::Elements(1));
        group.sample_size(20);
        let http = client();
        let charges = format!("{}/v1/charges", served.sandbox.url());
        group.bench_function("bare_http_call", |bencher| {
            bencher.iter_custom(|count| {
                let (http, charges) = (http.clone(), charges.clone());
                together(&served.runtime, callers, count, move |_| {
                    bare(http.clone(), charges.clone())
                })
            });
        });
        let door = format!("http://{}/api/request_types/create_payment", served.addr);
        let body = json!({ "data": data() }).to_string();
        let before = served.house.store.tally();
        group.bench_function("endpoint", |bencher| {
            bencher.iter_custom(|count| {
                let (http, door, body) = (http.clone(), door.clone(), body.clone());
                let one = move |_| endpoint(http.clone(), door.clone(), body.clone());
                together(&served.runtime, callers, count, one)
            });
        });
        groups(before, served.house.store.tally());
        if callers == 1 {
            group.bench_function("in_process", |bencher| bencher.iter(|| in_process(&served)));
        }
        group.finish();
    }
}

/// How well commits shared the disk.
fn groups(before: Tally, after: Tally) {
    let groups = (after.groups - before.groups).max(1);
    let commits = after.commits - before.commits;
    let micros = (after.commit_micros - before.commit_micros) / groups;
    println!(
        "{commits} commits in {groups} groups: {} each, {micros} µs to commit one",
        commits / groups
    );
}

/// Without the HTTP of the endpoint: what `sluicegate call` does.
fn in_process(served: &Served) {
    let scope = Scope::new(served.house.bare_context());
    let submission =
        Submission { name: "create_payment".to_owned(), data: data(), ..Submission::default() };
    let outcome =
        Arc::clone(&served.house).host(scope).request_type(submission).expect("an outcome");
    assert_eq!(outcome.state, State::Completed);
}

criterion_group!(benches, measure);
criterion_main!(benches);
