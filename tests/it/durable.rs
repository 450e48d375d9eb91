//! Templates that send calls: killed in the middle and resumed, they repeat nothing.

use crate::support::host::{Instance, Process, TestHost};
use crate::support::html::forms;
use crate::support::http::send;
use crate::support::stripe::Stripe;
use crate::support::wait::eventually;
use rusqlite::Connection;
use serde_json::{Value as Json, json};

/// A host and a Stripe in separate processes, so that Stripe outlives the host.
struct Pair {
    host: TestHost,
    sandbox: Process,
    url: String,
}

impl Pair {
    fn start(instance: Instance) -> Self {
        let sandbox = Process::sandbox();
        let stripe = Stripe { addr: sandbox.address("/_sandbox/health") };
        let url = format!("http://{}", stripe.addr);
        let mut host = instance.serve_with(&["--stripe", &url]);
        host.stripe = stripe;
        Self { host, sandbox, url }
    }

    /// Kills the host, repairs Stripe, expires all leases, and restarts the host.
    fn killed(self, meanwhile: impl FnOnce(&Instance)) -> Self {
        let Self { mut host, sandbox, url } = self;
        host.process.kill();
        let stripe = host.stripe;
        let TestHost { instance, process, .. } = host;
        drop(process);
        let database = Connection::open(instance.root().join("data/sluicegate.db")).expect("it");
        let ended = "UPDATE executions SET lease_until = 1, run_at = 1 WHERE finished_at IS NULL";
        database.execute(ended, []).expect("ended");
        drop(database);
        stripe.control("DELETE", "/faults", &Json::Null);
        meanwhile(&instance);
        let mut host = instance.serve_with(&["--stripe", &url]);
        host.stripe = stripe;
        Self { host, sandbox, url }
    }

    /// Waits until this path was posted to `count` times.
    fn asked(&self, path: &str, times: usize) {
        eventually("Stripe is asked", || {
            let requests = self.host.stripe.control("GET", "/requests", &Json::Null);
            let all = requests["data"].as_array().expect("a list");
            let posted = all.iter().filter(|r| r["path"] == path && r["method"] == "POST");
            if posted.count() >= times { Ok(()) } else { Err(requests.to_string()) }
        });
    }

    fn executions(&self, kind: &str) -> Vec<Json> {
        let list = ["executions", "list", "--kind", kind, "--json"];
        let page = self.host.run(&list).good().json();
        page["results"].as_array().expect("a list").clone()
    }

    fn ended(&self, kind: &str, state: &str) -> Vec<Json> {
        eventually("they end", || {
            let all = self.executions(kind);
            let done = !all.is_empty() && all.iter().all(|one| one["state"] == state);
            if done { Ok(all) } else { Err(json!(all).to_string()) }
        })
    }

    fn count(&self, path: &str) -> usize {
        self.host.stripe.read(path)["data"].as_array().expect("a list").len()
    }
}

/// Pays, records the payment, and passes it on: two calls, with records before, between and
/// after them.
const PAYS_TWICE: &str = r#"
{% graphql begun %}mutation { record_create(record: { table: "order", properties: [{ name: "note", value: "begun" }] }) { id } }{% endgraphql %}
{% assign order = begun.record_create.id %}
{% capture named %}order {{ order }} {{ "now" | date: "%s" }} {{ 8 | random_string }}{% endcapture %}
{% graphql paid, named: named %}mutation($named: String) { create_payment(data: { amount: 700, currency: "usd", source: "tok_visa", description: $named }) { state gateway { id } record { id } } }{% endgraphql %}
{% graphql noted, id: order, charge: paid.create_payment.gateway.id %}mutation($id: ID!, $charge: String) { record_update(id: $id, record: { properties: [{ name: "charge", value: $charge }] }) { id } }{% endgraphql %}
{% graphql more, named: named %}mutation($named: String) { create_payment(data: { amount: 300, currency: "usd", source: "tok_visa", description: $named }) { state gateway { id } } }{% endgraphql %}
{% graphql noted, id: order, second: more.create_payment.gateway.id, state: more.create_payment.state %}mutation($id: ID!, $second: String, $state: String) { record_update(id: $id, record: { properties: [{ name: "second", value: $second }, { name: "note", value: $state }] }) { id } }{% endgraphql %}
"#;

const ORDER: &str = "name: order\nproperties:\n  - name: note\n    type: string\n  - name: charge\n    \
                     type: string\n  - name: second\n    type: string\n";

fn shop() -> Instance {
    let instance = Instance::new();
    instance.write("custom_model_types/order.yml", ORDER);
    instance.write("views/partials/pays_twice.liquid", PAYS_TWICE);
    instance
}

/// Checks for two charges, and one order that has both.
#[track_caller]
fn assert_once(pair: &Pair) {
    let charges = pair.host.stripe.charges();
    let amounts: Vec<_> = charges.iter().map(|charge| charge["amount"].as_i64()).collect();
    assert_eq!(amounts, [Some(300), Some(700)], "{charges:#?}");
    assert_eq!(charges[0]["description"], charges[1]["description"], "now and chance are kept");
    let orders = pair.host.records("order");
    assert_eq!(orders.len(), 1, "{orders:#?}");
    let order = &orders[0]["properties"];
    assert_eq!((&order["charge"], &order["second"]), (&charges[1]["id"], &charges[0]["id"]));
    assert_eq!(order["note"], "completed");
    let told = charges[0]["description"].as_str().expect("a text");
    let id = orders[0]["id"].as_str().expect("an id");
    assert!(told.starts_with(&format!("order {id} ")), "{told}: {id}");
    pair.host.stripe.ledger();
}

/// Kills the host during the second of two payments of whatever `begin` starts.
fn killed_between(instance: Instance, begin: impl FnOnce(&Pair)) -> Pair {
    let pair = Pair::start(instance);
    begin(&pair);
    pair.killed(|_| {})
}

fn second_hangs(pair: &Pair) {
    let rule = json!({ "path": "/v1/charges", "method": "POST", "nth": 2, "times": 1000,
        "fault": "unavailable" });
    pair.host.stripe.control("POST", "/faults", &rule);
}

#[test]
fn a_job_that_pays_twice_goes_on_where_it_was() {
    let instance = shop();
    instance.write(
        "views/pages/later.liquid",
        "---\nslug: later\n---\n{% background job = 'pays_twice' %}",
    );
    let pair = killed_between(instance, |pair| {
        second_hangs(pair);
        pair.host.send("GET", "/later", &[], b"").expect(200);
        pair.asked("/v1/charges", 2);
    });
    pair.ended("background_job", "completed");
    pair.ended("request_type", "completed");
    assert_once(&pair);
}

#[test]
fn a_form_that_pays_twice_is_ended_after_a_crash() {
    let instance = shop();
    instance.write(
        "form_configurations/order.liquid",
        "---\nname: order\nresource: order\nresource_owner: anyone\nfields:\n  properties:\n    note: {}\n\
         callback_actions: \"{% include 'after_order', id: form.id %}\"\n---\n\
         {% form %}<input name=\"{{ form.fields.properties.note.name }}\" value=\"x\">{% endform %}",
    );
    let after = PAYS_TWICE.split_once("{% capture").expect("it has one").1;
    let after = format!("{{% assign order = id %}}{{% capture{after}");
    instance.write("views/partials/after_order.liquid", &after);
    instance.write("views/pages/order.liquid", "---\nslug: order\n---\n{% include_form 'order' %}");
    let pair = killed_between(instance, |pair| {
        let mut visitor = pair.host.visitor();
        let page = visitor.get("/order").expect(200).text();
        let form = forms(&page).remove(0);
        second_hangs(pair);
        // No answer comes: the host is killed, and this thread's panic is ignored.
        std::thread::spawn(move || visitor.post(&form.action, &form.pairs));
        pair.asked("/v1/charges", 2);
    });
    pair.ended("form_submission", "completed");
    assert_once(&pair);
}

#[test]
fn a_callback_that_passes_money_on_does_it_once() {
    let instance = Instance::new();
    instance.write(
        "views/partials/passes_on.liquid",
        r#"{% graphql t, a: config.seller, d: record.id %}mutation($a: String, $d: String) { create_transfer(data: { amount: 500, currency: "usd", destination: $a, description: $d }) { state gateway { id } } }{% endgraphql %}"#,
    );
    let pair = Pair::start(instance);
    let account =
        json!({ "data": { "type": "custom", "country": "US", "email": "a@example.com" } });
    let account = pair.host.request_type("create_account", &account).expect(200).json();
    let seller = account["gateway"]["id"].clone();
    let funds =
        json!({ "data": { "amount": 90000, "currency": "usd", "source": "tok_bypassPending" } });
    pair.host.request_type("create_payment", &funds).expect(200);
    pair.host.stripe.breaks("/v1/transfers", "unavailable", 1000);
    let addr = pair.host.addr;
    let paying = std::thread::spawn(move || {
        let body = json!({ "data": { "amount": 700, "currency": "usd", "source": "tok_visa" },
            "config": { "callback": "passes_on", "seller": seller }, "idempotency_key": "once" });
        let kind = [("Content-Type", "application/json")];
        let body = body.to_string();
        // No answer comes: the host is killed.
        drop(send(addr, "POST", "/api/request_types/create_payment", &kind, body.as_bytes()));
    });
    pair.asked("/v1/transfers", 1);
    let pair = pair.killed(|_| {});
    drop(paying.join());
    pair.ended("request_type", "completed");
    assert_eq!(pair.count("/v1/transfers"), 1);
    assert_eq!(pair.host.stripe.charges().len(), 2);
    let payments = pair.host.records("modules/payments/payment");
    assert_eq!(payments.len(), 2, "{payments:#?}");
    let paid = payments.iter().find(|p| p["properties"]["amount_cents"] == 700).expect("it");
    let transfer = &pair.host.stripe.read("/v1/transfers")["data"][0];
    assert_eq!(transfer["description"], paid["id"], "the record it was told of is the one kept");
    pair.host.stripe.ledger();
}

#[test]
fn a_job_that_does_something_else_now_stops_for_an_operator() {
    let instance = shop();
    instance.write(
        "views/pages/later.liquid",
        "---\nslug: later\n---\n{% background job = 'pays_twice' %}",
    );
    let pair = Pair::start(instance);
    second_hangs(&pair);
    pair.host.send("GET", "/later", &[], b"").expect(200);
    pair.asked("/v1/charges", 2);
    let pair = pair.killed(|instance| {
        let changed = PAYS_TWICE.replace("amount: 700", "amount: 900");
        instance.write("views/partials/pays_twice.liquid", &changed);
    });
    let jobs = pair.ended("background_job", "discarded");
    let why = jobs[0]["error"].as_str().expect("a reason");
    assert!(why.contains("stopped"), "{why}");
    let amounts: Vec<_> =
        pair.host.stripe.charges().iter().map(|charge| charge["amount"].as_i64()).collect();
    assert!(!amounts.contains(&Some(900)), "{amounts:?}");
}

/// A form that queues an email, an API call that is wanted and one that is not.
fn signs_up() -> Instance {
    let instance = shop();
    instance.write(
        "form_configurations/sign_up.liquid",
        "---\nname: sign_up\nresource: order\nresource_owner: anyone\nfields:\n  properties:\n    note:\n      \
         validation: { presence: true }\napi_call_notifications: [greet, never]\nasync_callback_actions:\n  \
         content: \"{% graphql g, n: form.properties.note, c: form.id %}mutation($n: String, $c: String) { record_create(record: { table: \\\"order\\\", properties: [{ name: \\\"note\\\", value: $n }, { name: \\\"charge\\\", value: $c }] }) { id } }{% endgraphql %}\"\n---\n\
         {% form %}<input name=\"{{ form.fields.properties.note.name }}\">{% endform %}",
    );
    let call = |name: &str, condition: &str| {
        let text = format!(
            "---\nname: {name}\nto: https://api.stripe.com/v1/customers\nrequest_type: POST\ntrigger_condition: \"{condition}\"\n\
             headers: '{{ \"Authorization\": \"Bearer {{{{ context.constants.stripe_sk_key }}}}\", \"Content-Type\": \"application/x-www-form-urlencoded\" }}'\n\
             callback: \"{{% graphql g, c: response.body %}}mutation($c: String) {{ record_create(record: {{ table: \\\"order\\\", properties: [{{ name: \\\"second\\\", value: $c }}] }}) {{ id }} }}{{% endgraphql %}}\"\n\
             ---\ndescription={{{{ data.properties.note | url_encode }}}}"
        );
        instance.write(&format!("notifications/api_call_notifications/{name}.liquid"), &text);
    };
    call("greet", "{{ form.id != blank }}");
    call("never", "{{ form.id == blank }}");
    instance.write(
        "views/pages/sign_up.liquid",
        "---\nslug: sign_up\n---\n{% include_form 'sign_up' %}",
    );
    instance
}

#[test]
fn what_a_form_leaves_to_the_background_is_done_once() {
    let pair = Pair::start(signs_up());
    pair.host.stripe.breaks("/v1/customers", "unavailable", 1000);
    let mut visitor = pair.host.visitor();
    let page = visitor.get("/sign_up").expect(200).text();
    let form = forms(&page).remove(0);
    let written = |note: &str| {
        let mut pairs = form.pairs.clone();
        let field = pairs.iter_mut().find(|(name, _)| name.contains("note")).expect("it");
        field.1 = note.to_owned();
        pairs
    };
    // A refused submission queues nothing.
    visitor.post(&form.action, &written("")).expect(200);
    assert!(pair.executions("background_job").is_empty());
    visitor.post(&form.action, &written("Hello & canary"));
    pair.asked("/v1/customers", 1);
    let pair = pair.killed(|_| {});
    let jobs = pair.ended("background_job", "completed");
    assert_eq!(jobs.len(), 3, "{jobs:#?}");
    assert!(!json!(jobs).to_string().contains("canary"), "what a visitor wrote is sealed");
    let customers = pair.host.stripe.read("/v1/customers")["data"].clone();
    assert_eq!(customers.as_array().expect("a list").len(), 1, "{customers:#}");
    assert_eq!(customers[0]["description"], "Hello & canary");
    let orders = pair.host.records("order");
    assert_eq!(orders.len(), 3, "{orders:#?}");
    let signed = orders
        .iter()
        .find(|o| o["properties"]["charge"].is_null() && o["properties"]["second"].is_null());
    let letter = orders.iter().find(|order| !order["properties"]["charge"].is_null()).expect("it");
    assert_eq!(letter["properties"]["charge"], signed.expect("it")["id"]);
    let told = orders.iter().find_map(|order| order["properties"]["second"].as_str()).expect("it");
    assert!(told.contains(customers[0]["id"].as_str().expect("an id")), "{told}");
}
