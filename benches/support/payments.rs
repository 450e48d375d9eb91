//! Many payments at the JSON endpoint, for the benches that compare their rate.

use super::{Callers, Served, cpu_time, together, waits};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// What many payments took.
pub struct Payments {
    pub per_second: f64,
    pub median: Duration,
    pub p99: Duration,
    /// The processor's time for each, of the whole process.
    pub cpu: Duration,
}

/// Makes `count` payments with `callers` at once for their rate, and as many for their latency.
pub fn measure(served: &Served, callers: u64, count: u64) -> Payments {
    let calling = Callers::of(served.addr);
    let body = json!({ "data": { "amount": 2000, "currency": "usd", "source": "tok_visa" } });
    let headers = "Content-Type: application/json\r\n";
    let request = calling.request("/api/request_types/create_payment", headers, &body.to_string());
    let one = move |_| {
        let (calling, request) = (Arc::clone(&calling), Arc::clone(&request));
        async move { calling.call(&request).await }
    };
    let before = cpu_time();
    let taken = together(&served.tokio_runtime, callers, count, one.clone());
    let cpu = (cpu_time() - before) / u32::try_from(count).expect("few");
    let (median, p99) = waits(&served.tokio_runtime, callers, count, one);
    Payments { per_second: count as f64 / taken.as_secs_f64(), median, p99, cpu }
}

/// Waits until no event waits any more.
pub fn wait_for_events(served: &Served) {
    while served.runtime.store.oldest_open().expect("read").is_some() {
        std::thread::sleep(Duration::from_millis(20));
    }
}
