//! Subscription schedules: phases that begin and end by a test clock, and what ends a schedule.

use super::client::{PLATFORM, Sandbox, id};
use serde_json::{Value, json};

/// 2026-01-31 10:00 UTC, and a month and two later.
const JANUARY: i64 = 1_769_853_600;
const FEBRUARY: i64 = 1_772_272_800;
const MARCH: i64 = 1_774_951_200;
const PATH: &str = "/v1/subscription_schedules";

struct Shop {
    sandbox: Sandbox,
    clock: String,
    customer: String,
    price: String,
}

impl Shop {
    async fn open() -> Self {
        let sandbox = Sandbox::settling().await;
        let form = format!("frozen_time={JANUARY}");
        let clock = id(&sandbox.post("/v1/test_helpers/test_clocks", &form).await.ok());
        let form = format!("source=tok_visa&test_clock={clock}");
        let customer = id(&sandbox.post("/v1/customers", &form).await.ok());
        let form = "currency=usd&unit_amount=1000&product_data[name]=Tea&recurring[interval]=month";
        let price = id(&sandbox.post("/v1/prices", form).await.ok());
        Self { sandbox, clock, customer, price }
    }

    /// A phase of the form, with a quantity.
    fn phase(&self, at: usize, quantity: i64) -> String {
        let item = format!("phases[{at}][items][0]");
        format!("&{item}[price]={}&{item}[quantity]={quantity}", self.price)
    }

    async fn schedule(&self, more: &str) -> Value {
        let form = format!("customer={}{more}", self.customer);
        self.sandbox.post(PATH, &form).await.ok()
    }

    async fn advance(&self, to: i64) {
        let path = format!("/v1/test_helpers/test_clocks/{}/advance", self.clock);
        self.sandbox.post(&path, &format!("frozen_time={to}")).await.ok();
    }

    async fn get(&self, schedule: &Value) -> Value {
        self.sandbox.get(&format!("{PATH}/{}", id(schedule))).await.ok()
    }

    async fn subscription(&self, schedule: &Value) -> Value {
        let id = schedule["subscription"].as_str().unwrap();
        self.sandbox.get(&format!("/v1/subscriptions/{id}")).await.ok()
    }

    async fn told(&self) -> Vec<String> {
        let all = self.sandbox.event_types(PLATFORM).await;
        let own = all.iter().filter_map(|kind| kind.strip_prefix("subscription_schedule."));
        own.map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn phases_follow_each_other_before_the_renewal_and_the_last_one_completes() {
    let shop = Shop::open().await;
    let more = format!(
        "&start_date=now&end_behavior=cancel{}&phases[0][iterations]=1{}\
         &phases[1][duration][interval]=month",
        shop.phase(0, 1),
        shop.phase(1, 3)
    );
    let schedule = shop.schedule(&more).await;
    assert_eq!(schedule["status"], "active");
    assert_eq!(schedule["current_phase"], json!({"start_date": JANUARY, "end_date": FEBRUARY}));
    let subscription = shop.subscription(&schedule).await;
    assert_eq!(subscription["schedule"], schedule["id"]);
    assert_eq!(subscription["items"]["data"][0]["quantity"], 1);

    shop.advance(FEBRUARY + 2 * 3_600).await;
    let second = shop.get(&schedule).await;
    assert_eq!(second["current_phase"]["start_date"], FEBRUARY);
    let subscription = shop.subscription(&schedule).await;
    assert_eq!(subscription["items"]["data"][0]["quantity"], 3);
    let list = format!("/v1/invoices?subscription={}", id(&subscription));
    let invoices = shop.sandbox.get(&list).await.ok();
    let totals: Vec<_> =
        invoices["data"].as_array().unwrap().iter().map(|invoice| &invoice["total"]).collect();
    assert_eq!(totals, [&json!(3_000), &json!(1_000)], "the renewal bills the new phase");

    let end = second["current_phase"]["end_date"].as_i64().unwrap();
    shop.advance(end + 3_600).await;
    let last = shop.get(&schedule).await;
    assert_eq!((&last["status"], &last["completed_at"]), (&json!("completed"), &json!(end)));
    assert_eq!(shop.subscription(&schedule).await["status"], "canceled");
    assert_eq!(shop.told().await, ["created", "updated", "expiring", "completed"]);
    let path = format!("{PATH}/{}/cancel", id(&schedule));
    shop.sandbox.post(&path, "").await.refused(400);
}

#[tokio::test]
async fn a_schedule_in_the_future_begins_by_the_clock_and_its_subscription_stays() {
    let shop = Shop::open().await;
    let more = format!("&start_date={FEBRUARY}{}&phases[0][end_date]={MARCH}", shop.phase(0, 2));
    let schedule = shop.schedule(&more).await;
    assert_eq!(schedule["status"], "not_started");
    assert!(schedule["subscription"].is_null());
    let listed = shop.sandbox.get(&format!("{PATH}?scheduled=true")).await.ok();
    assert_eq!(listed["data"][0]["id"], schedule["id"]);
    shop.advance(FEBRUARY + 10).await;
    let begun = shop.get(&schedule).await;
    assert_eq!(begun["status"], "active");
    shop.advance(MARCH + 10).await;
    assert_eq!(shop.get(&schedule).await["status"], "completed");
    let subscription = shop.subscription(&begun).await;
    assert_eq!(subscription["status"], "active");
    assert!(subscription["schedule"].is_null());
}

#[tokio::test]
async fn a_subscription_gets_a_schedule_which_is_changed_and_released() {
    let shop = Shop::open().await;
    let form = format!("customer={}&items[0][price]={}", shop.customer, shop.price);
    let subscription = shop.sandbox.post("/v1/subscriptions", &form).await.ok();
    let form = format!("from_subscription={}", id(&subscription));
    let refused = shop.sandbox.post(PATH, &format!("{form}&start_date=now")).await.refused(400);
    assert_eq!(refused["param"], "start_date");
    let schedule = shop.sandbox.post(PATH, &form).await.ok();
    assert_eq!(schedule["phases"][0]["items"][0]["price"], shop.price);
    shop.sandbox.post(PATH, &form).await.refused(400);

    let path = format!("{PATH}/{}", id(&schedule));
    let form = format!("metadata[a]=b{}&proration_behavior=none", shop.phase(0, 5));
    let changed = shop.sandbox.post(&path, &form).await.ok();
    assert_eq!(changed["metadata"]["a"], "b");
    let now = shop.subscription(&schedule).await;
    assert_eq!(now["items"]["data"][0]["quantity"], 5);
    let released = shop.sandbox.post(&format!("{path}/release"), "").await.ok();
    assert_eq!(released["status"], "released");
    assert_eq!(released["released_subscription"], subscription["id"]);
    shop.sandbox.post(&path, "metadata[a]=c").await.refused(400);
    assert_eq!(shop.told().await, ["created", "updated", "released"]);
}

#[tokio::test]
async fn cancellation_ends_the_subscription_and_its_end_aborts_the_schedule() {
    let shop = Shop::open().await;
    let schedule = shop.schedule(&format!("&start_date=now{}", shop.phase(0, 1))).await;
    let path = format!("{PATH}/{}/cancel", id(&schedule));
    assert_eq!(shop.sandbox.post(&path, "prorate=false").await.ok()["status"], "canceled");
    assert_eq!(shop.subscription(&schedule).await["status"], "canceled");
    let other = shop.schedule(&format!("&start_date=now{}", shop.phase(0, 1))).await;
    let path = format!("/v1/subscriptions/{}", other["subscription"].as_str().unwrap());
    shop.sandbox.delete(&path).await.ok();
    assert_eq!(shop.get(&other).await["status"], "canceled");
    assert_eq!(shop.told().await, ["created", "canceled", "created", "aborted"]);
}

#[tokio::test]
async fn the_clock_of_the_sandbox_moves_schedules_too() {
    let shop = Shop::open().await;
    let owner = id(&shop.sandbox.post("/v1/customers", "source=tok_visa").await.ok());
    let form = format!(
        "customer={owner}&start_date=now{}{}&phases[0][duration][interval]=month",
        shop.phase(0, 1),
        shop.phase(1, 4)
    );
    let schedule = shop.sandbox.post(PATH, &form).await.ok();
    shop.sandbox.control("/clock", json!({"days": 32})).await.ok();
    let subscription = shop.subscription(&schedule).await;
    assert_eq!(subscription["items"]["data"][0]["quantity"], 4);
    let latest = subscription["latest_invoice"].as_str().unwrap();
    let invoice = shop.sandbox.get(&format!("/v1/invoices/{latest}")).await.ok();
    assert_eq!(invoice["total"], 4_000);
    shop.sandbox.control("/clock", json!({"days": 32})).await.ok();
    assert_eq!(shop.get(&schedule).await["status"], "completed");
}

#[tokio::test]
async fn what_a_schedule_cannot_be() {
    let shop = Shop::open().await;
    let form = format!("customer={}", shop.customer);
    let refused = shop.sandbox.post(PATH, &form).await.refused(400);
    assert_eq!(refused["param"], "phases");
    let both =
        format!("{form}{}&phases[0][iterations]=1&phases[0][end_date]={MARCH}", shop.phase(0, 1));
    shop.sandbox.post(PATH, &both).await.refused(400);
    let past = format!("{form}{}&phases[0][end_date]=1&start_date=now", shop.phase(0, 1));
    let refused = shop.sandbox.post(PATH, &past).await.refused(400);
    assert_eq!(refused["param"], "phases[0][end_date]");
    shop.sandbox.get(&format!("{PATH}/sub_sched_none")).await.refused(404);
}
