//! A small catalog, its schema, and an in-memory backend.

use super::fake::Fake;
use serde_json::{Value as Json, json};
use sluicegate::executor::wait;
use sluicegate::graphql::limits::Limits;
use sluicegate::graphql::permission::Caller;
use sluicegate::graphql::schema::{ExternalDocument, Schema};
use sluicegate_module::catalog::Catalog;
use sluicegate_secret::api_token::TokenScope;
use std::sync::Arc;

const API_CALL: &str = "---\nto: https://x.test/\nrequest_type: Post\n---\n";
const CREATE_PAYMENT: &str = "---
to: https://x.test/
request_type: Post
description: Takes money from a card.
params:
  amount: { type: integer, required: true, minimum: 50, example: 500, description: In cents }
  currency: { type: string, required: true, enum: [usd, eur], max_length: 3 }
  capture: boolean
  rate: { type: number, description: 'A share, if any.' }
  metadata: hash
  expand: array
---
";
const PAYMENT: &str = "name: payment
properties:
- { name: amount, type: integer }
- { name: livemode, type: boolean }
- { name: external_id, type: string }
- { name: tags, type: array }
- { name: data, type: string }
- { name: pin, type: string, secret: true }
";

fn catalog() -> Catalog {
    let call = |gateway: &str, name: &str| {
        format!("modules/{gateway}/public/notifications/api_call_notifications/{name}.liquid")
    };
    let partial = |gateway: &str, name: &str| {
        format!("modules/{gateway}/public/views/partials/response_mapper/{name}.liquid")
    };
    let files = [
        ("modules/payments/public/custom_model_types/payment.yml".to_owned(), PAYMENT),
        (call("stripe", "create_payment"), CREATE_PAYMENT),
        (partial("stripe", "create_payment"), "{}"),
        // This one has the name of one of the platform's operations.
        (call("stripe", "constant_set"), API_CALL),
        (call("zebra", "create_payment"), API_CALL),
        (call("zebra", "9-lives"), API_CALL),
        (partial("zebra", "create_payment"), "---\nmetadata: { shown: yes }\n---\n{}"),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(path, text).expect("a file");
    }
    Catalog::load(folder.path(), &|_| None)
}

pub struct Bench {
    pub schema: Schema,
    pub fake: Arc<Fake>,
}

pub fn bench() -> Bench {
    let catalog = catalog();
    let schema = Schema::build(&catalog).expect("a schema");
    let bench = Bench { schema, fake: Arc::new(Fake::new(catalog)) };
    let fake = &bench.fake;
    let payment = "modules/payments/payment";
    fake.add(
        payment,
        json!({ "amount": 500, "livemode": true, "external_id": "a", "pin": "canary",
                              "tags": ["x", "y"], "data": "{\"k\":[1]}" }),
    );
    fake.add(
        payment,
        json!({ "amount": 70, "livemode": false, "external_id": "b", "tags": ["y"] }),
    );
    fake.add("refund", json!({ "payment_id": "1", "amount": 20 }));
    fake.add("refund", json!({ "payment_id": "1", "amount": 10, "user_id": "u" }));
    bench
}

impl Bench {
    pub fn outside(&self, source: &str, variables: Json) -> Json {
        self.execute(source, None, &variables, Limits::EXTERNAL)
    }

    pub fn execute(
        &self,
        source: &str,
        operation: Option<&str>,
        variables: &Json,
        limits: Limits,
    ) -> Json {
        let caller = Caller::Token(TokenScope::Administer);
        self.send(&ExternalDocument { source, operation, variables, limits, caller })
    }

    pub fn send(&self, document: &ExternalDocument<'_>) -> Json {
        wait(self.schema.execute(document, self.fake.clone()))
    }

    pub fn liquid(&self, source: &str, variables: Json) -> Json {
        self.schema.run_for_liquid(source, &variables, self.fake.clone(), Limits::TEMPLATE)
    }

    pub fn ids(&self, filter: &str) -> Vec<i64> {
        let source = format!("{{ r: records(filter: {filter}) {{ results {{ id }} }} }}");
        let answer = self.outside(&source, json!({}));
        let rows = answer["data"]["r"]["results"].as_array();
        let rows = rows.unwrap_or_else(|| panic!("{filter}: {answer}"));
        rows.iter().filter_map(|row| row["id"].as_str()?.parse().ok()).collect()
    }
}

pub fn message(answer: &Json) -> &str {
    answer["errors"][0]["message"].as_str().unwrap_or("no error")
}
