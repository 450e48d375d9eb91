//! A forgotten customer: personal data is gone from every table, and the books are as they were.

use crate::support::host::{Instance, TestHost};
use crate::support::postgres::shared;
use crate::support::wait::eventually;
use rusqlite::Connection;
use serde_json::{Value as Json, json};

const EMAIL: &str = "canary.lovelace@example.com";
const NAME: &str = "Canary Lovelace";

struct Books {
    customer: String,
    other: String,
}

fn done(host: &TestHost, name: &str, key: &str, data: &Json) -> Json {
    let body = json!({ "data": data, "idempotency_key": key });
    let outcome = host.request_type(name, &body).json();
    assert_eq!(outcome["state"], "completed", "{outcome}");
    outcome
}

/// A customer who paid and was refunded, another one, and a guest with the same address.
fn customers(host: &TestHost) -> Books {
    let data = json!({ "email": EMAIL, "name": NAME, "phone": "+43 1 canary", "source": "tok_visa",
        "description": "canary's account", "external_id": "user-7", "metadata": { "note": "canary" } });
    let made = done(host, "create_customer", "c1", &data);
    let customer = made["gateway"]["id"].as_str().unwrap().to_owned();
    let other = json!({ "email": "grace@example.com", "name": "Grace" });
    let other = done(host, "create_customer", "c2", &other)["gateway"]["id"].clone();
    let paid = json!({ "amount": 1234, "currency": "usd", "customer": customer,
        "description": "canary's mugs", "metadata": { "for": NAME } });
    done(host, "create_payment", "p1", &paid);
    let guest = json!({ "amount": 55, "currency": "usd", "source": "tok_visa", "email": EMAIL });
    done(host, "create_payment", "p2", &guest);
    let typed = json!({ "amount": 56, "currency": "usd", "source": "tok_visa",
        "email": EMAIL.to_uppercase(), "external_id": format!("shop-{EMAIL}") });
    done(host, "create_payment", "p3", &typed);
    Books { customer, other: other.as_str().unwrap().to_owned() }
}

fn database(host: &TestHost) -> Connection {
    let opened = Connection::open(host.instance.root().join("data/sluicegate.db")).unwrap();
    opened.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    opened
}

/// Every row of the tables that hold data, as text.
fn everything(host: &TestHost) -> String {
    let database = database(host);
    let mut all = String::new();
    for sql in [
        "SELECT coalesce(properties, '') FROM records",
        "SELECT input || coalesce(outcome, '') || coalesce(error, '') FROM executions",
        "SELECT request || coalesce(response, '') FROM steps",
        "SELECT data FROM sessions",
        "SELECT payload FROM activities",
    ] {
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.for_each(|row| all += &format!("{}\n", row.unwrap()));
    }
    all
}

fn settled(host: &TestHost) {
    eventually("every event is processed", || {
        let sql = "SELECT count(*) FROM executions WHERE finished_at IS NULL";
        let open: i64 = database(host).query_row(sql, [], |row| row.get(0)).unwrap();
        let sql = "SELECT count(*) FROM executions WHERE name = 'customer.created'";
        let events: i64 = database(host).query_row(sql, [], |row| row.get(0)).unwrap();
        if open == 0 && events == 2 { Ok(()) } else { Err(open) }
    });
}

fn forget(host: &TestHost, customer: &str, more: &[&str]) -> Json {
    let mut arguments = vec!["forget", "--customer", customer, "--json"];
    arguments.extend(more);
    host.run(&arguments).good().json()
}

#[test]
fn a_customer_is_forgotten_and_the_books_stay() {
    let host = TestHost::start();
    let Books { customer, other } = customers(&host);
    settled(&host);
    let sums = |host: &TestHost| -> Vec<Json> {
        let all = host.records("modules/payments/payment");
        let names = ["gateway_id", "amount_cents", "currency", "state", "customer_id", "paid_at"];
        let kept = |one: &Json| names.map(|name| one["properties"][name].clone());
        all.iter().map(|one| json!([one["id"], one["created_at"], kept(one)])).collect()
    };
    let before = sums(&host);
    assert!(everything(&host).contains("canary"));
    let would = forget(&host, &customer, &["--dry-run"]);
    assert!(would["would_forget"]["executions"]["request_type"].as_u64() >= Some(3), "{would}");
    assert!(everything(&host).contains(EMAIL), "a dry run changes nothing");
    let forgotten = forget(&host, &customer, &[]);
    assert_eq!(forgotten["forgotten"], would["would_forget"]);
    assert!(forgotten["not_covered"].to_string().contains("Stripe's own data"));
    let left = everything(&host);
    for word in ["canary", "Lovelace", "Canary"] {
        let at = left.find(word);
        assert!(
            at.is_none(),
            "{word}: {}",
            &left[at.unwrap().saturating_sub(300)..at.unwrap() + 60]
        );
    }
    assert_eq!(sums(&host), before);
    assert!(
        left.contains(&customer) && left.contains("grace@example.com") && left.contains(&other)
    );
    // Amounts and ids of executions are kept as well, and keys still answer.
    let amount = "SELECT input FROM executions WHERE idempotency_key = 'p1'";
    let input: String = database(&host).query_row(amount, [], |row| row.get(0)).unwrap();
    let input: Json = serde_json::from_str(&input).unwrap();
    assert_eq!(
        (&input["data"]["amount"], &input["data"]["customer"]),
        (&json!(1234), &json!(customer))
    );
    let charges = host.stripe.charges().len();
    let again = json!({ "amount": 1234, "currency": "usd", "customer": customer,
        "description": "canary's mugs", "metadata": { "for": NAME } });
    let again = done(&host, "create_payment", "p1", &again);
    assert_eq!(again["replayed"], true);
    assert_eq!(host.stripe.charges().len(), charges);
    // Events that are left in part are not processed again, and are no obstacle for others.
    let arguments = ["events", "replay", "--type", "customer.created", "--json"];
    let replayed = host.run(&arguments).good().json();
    assert_eq!(replayed.as_array().map(Vec::len), Some(1), "the other customer's");
    assert!(!everything(&host).contains("canary"));
    // Repeated: nothing is left to forget.
    let nothing = forget(&host, &customer, &[]);
    assert_eq!(nothing["forgotten"], json!({ "records": {}, "executions": {} }));
}

#[test]
fn an_open_execution_of_the_customer_is_named_and_nothing_changes() {
    let host = TestHost::start();
    let Books { customer, .. } = customers(&host);
    settled(&host);
    host.stripe.breaks("/v1/charges", "drop_before", 30);
    let data = json!({ "amount": 77, "currency": "usd", "customer": customer });
    let body = json!({ "data": data, "idempotency_key": "open" });
    let open = host.request_type("create_payment", &body).expect(202).json();
    let before = everything(&host);
    let ran = host.run(&["forget", "--customer", &customer]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains(open["execution"].as_str().unwrap()), "{}", ran.err);
    let count = |text: &str| text.matches(EMAIL).count();
    assert_eq!(count(&everything(&host)), count(&before));
    for bad in ["", "cus", "a@b.example", "cus_1 OR 1"] {
        let ran = host.run(&["forget", "--customer", bad]);
        assert!(ran.err.contains("is not the id of a customer"), "{bad}: {}", ran.err);
    }
}

#[test]
fn postgres_forgets_and_prunes_as_sqlite_does() {
    let Some(cluster) = shared() else { return };
    let host = Instance::new().variable("SLUICEGATE_DATABASE", &cluster.database()).serve();
    let Books { customer, other } = customers(&host);
    let shown = || {
        let query = "{ executions(per_page: 100) { results { id state } } \
                     records(per_page: 100) { results { properties } } }";
        let all = host.graphql(query, &json!({}));
        let ids = all["executions"]["results"].as_array().unwrap().clone();
        let show = |one: &Json| host.run(&["executions", "show", one["id"].as_str().unwrap()]).out;
        (all.to_string() + &ids.iter().map(show).collect::<String>(), ids)
    };
    eventually("every event is processed", || {
        let (text, ids) = shown();
        let is_done = ids.iter().all(|one| one["state"] == "completed");
        if is_done && text.matches("customer.created").count() >= 2 { Ok(()) } else { Err("open") }
    });
    assert!(shown().0.contains("canary"));
    forget(&host, &customer, &[]);
    let (left, _) = shown();
    assert!(!left.contains("canary") && !left.contains("Lovelace"), "{left}");
    assert!(left.contains("grace@example.com") && left.contains(&other));
    let nothing = forget(&host, &customer, &[]);
    assert_eq!(nothing["forgotten"], json!({ "records": {}, "executions": {} }));
    // Nothing is old enough to be pruned.
    let pruned = host.run(&["executions", "prune", "--older-than", "1d", "--json"]).good().json();
    assert!(pruned["pruned"].as_object().unwrap().values().all(|count| count == 0), "{pruned}");
    let charges = host.stripe.charges().len();
    let again = json!({ "amount": 1234, "currency": "usd", "customer": customer,
        "description": "canary's mugs", "metadata": { "for": NAME } });
    assert_eq!(done(&host, "create_payment", "p1", &again)["replayed"], true);
    assert_eq!(host.stripe.charges().len(), charges);
}

#[test]
fn a_submitted_form_that_is_sealed_is_found_by_the_address() {
    let instance = Instance::new();
    instance.write(
        "custom_model_types/note.yml",
        "name: note\nproperties:\n- { name: text, type: string, personal: true }\n- { name: kind, type: string }\n",
    );
    instance.write(
        "form_configurations/note.liquid",
        "---\nname: note\nresource: note\nresource_owner: anyone\ncallback_actions: >\n  {% assign a = 1 %}\n\
         fields:\n  properties:\n    text:\n    kind:\n---\n{% form %}{% endform %}",
    );
    let host = instance.serve();
    let Books { customer, .. } = customers(&host);
    settled(&host);
    for text in [EMAIL, "grace@example.com"] {
        let query = format!(
            "mutation {{ record_create(record: {{ properties: [{{ name: \"text\", value: \"{text}\" }}, \
             {{ name: \"kind\", value: \"k\" }}] }}, form_name: \"note\") {{ id }} }}"
        );
        host.graphql(&query, &json!({}));
    }
    let forgotten = forget(&host, &customer, &[])["forgotten"].clone();
    assert_eq!(forgotten["executions"]["form_submission"], 1, "{forgotten}");
    assert_eq!(forgotten["records"]["note"], 1, "{forgotten}");
    let notes = host.records("note");
    let mut texts: Vec<_> = notes.iter().map(|note| note["properties"]["text"].clone()).collect();
    texts.sort_by_key(Json::to_string);
    assert_eq!(texts, [json!("grace@example.com"), Json::Null]);
    assert!(notes.iter().all(|note| note["properties"]["kind"] == "k"));
}
