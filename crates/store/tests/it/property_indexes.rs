//! Indexes over properties: made, used and dropped while the store is in use.

use super::{at, databases, insert, map};
use serde_json::json;
use sluicegate_store::contract::Store;
use sluicegate_store::error::Error;
use sluicegate_store::property_index::PropertyIndex;
use sluicegate_store::query::{Filter, Op, RecordQuery, Sort, Subject};
use sluicegate_store::record::{Record, RecordId, RecordUpdate};
use sluicegate_store::write::Write;

fn index(property: &str, unique: bool) -> PropertyIndex {
    PropertyIndex { table: "t".into(), property: property.into(), unique }
}

fn found(store: &dyn Store, query: &RecordQuery) -> Vec<RecordId> {
    store.records(query).unwrap().results.iter().map(|record| record.id).collect()
}

#[test]
fn an_index_changes_no_answer_when_it_is_made_and_dropped() {
    for opened in databases() {
        let store = &*opened.store;
        let rows = [
            json!({"p": 10}),
            json!({"p": "10"}),
            json!({}),
            json!({"p": 9.5}),
            json!({"p": "b"}),
            json!({"p": null}),
            json!({"p": true}),
            json!({"p": "a"}),
        ];
        let ids = insert(store, &rows);
        let sorted = |descending: bool| RecordQuery {
            sort: vec![Sort { by: Subject::Property("p".into()), descending }],
            ..RecordQuery::table("t")
        };
        let filtered = |op: Op| RecordQuery {
            filters: vec![Filter::property("p", op)],
            ..RecordQuery::table("t")
        };
        let named = |places: &[usize]| -> Vec<RecordId> {
            places.iter().map(|place| ids[*place]).collect()
        };
        for indexes in [vec![], vec![index("p", false)], vec![index("p", false)], vec![]] {
            assert_eq!(store.set_indexes(&indexes).unwrap(), []);
            let has = !indexes.is_empty();
            assert_eq!(found(store, &sorted(false)), named(&[3, 0, 1, 7, 4, 6, 2, 5]), "{has}");
            assert_eq!(found(store, &sorted(true)), named(&[6, 4, 7, 1, 0, 3, 5, 2]), "{has}");
            let second = RecordQuery { page: 2, per_page: 3, ..sorted(false) };
            assert_eq!(found(store, &second), named(&[7, 4, 6]), "{has}");
            assert_eq!(found(store, &filtered(Op::Equals(json!("10")))), named(&[0, 1]), "{has}");
            assert_eq!(found(store, &filtered(Op::Equals(json!(null)))), named(&[2, 5]), "{has}");
            assert_eq!(found(store, &filtered(Op::Equals(json!("true")))), named(&[6]), "{has}");
            let among = filtered(Op::In(vec![json!("a"), json!(9.5), json!("b")]));
            assert_eq!(found(store, &among), named(&[3, 4, 7]), "{has}");
            assert_eq!(found(store, &filtered(Op::Exists(false))), named(&[2, 5]), "{has}");
        }
    }
}

#[test]
fn a_unique_property_is_refused_a_second_time() {
    for opened in databases() {
        let store = &*opened.store;
        assert_eq!(
            store.set_indexes(&[index("slug", true), index("gateway_id", true)]),
            Ok(vec![])
        );
        let first = insert(store, &[json!({"slug": "one", "gateway_id": "ch_1"})])[0];
        insert(store, &[json!({"slug": null}), json!({}), json!({"slug": "two"})]);
        let new = |table: &str, properties: serde_json::Value| {
            let id = store.next_record_id().unwrap();
            Write::RecordInsert(Record::new(id, table, map(properties), at(1)))
        };
        let refused = |result: Result<(), Error>, property: &str| match result {
            Err(Error::Refused(why)) => assert_eq!(
                &*why,
                format!("another record of t has the same {property}, which is unique")
            ),
            other => panic!("{other:?}"),
        };
        refused(store.commit(vec![new("t", json!({"slug": "one"}))]), "slug");
        refused(store.commit(vec![new("t", json!({"gateway_id": "ch_1"}))]), "gateway_id");
        // By the second write of a commit, of which nothing stays.
        let both = vec![new("t", json!({"slug": "three"})), new("t", json!({"slug": "two"}))];
        refused(store.commit(both), "slug");
        store.commit(vec![new("t", json!({"slug": "three"}))]).unwrap();
        // Through the other ways of committing, and by an update.
        refused(store.commit_deferred(vec![new("t", json!({"slug": "two"}))]), "slug");
        let (send, received) = std::sync::mpsc::channel();
        let then = Box::new(move |result| send.send(result).unwrap());
        store.commit_with_callback(vec![new("t", json!({"slug": "two"}))], then);
        refused(received.recv().unwrap(), "slug");
        let update = RecordUpdate::set(first, map(json!({"slug": "two"})), at(2));
        refused(store.commit(vec![Write::RecordUpdate(update)]), "slug");
        // Another table, and the value of a deleted record.
        store.commit(vec![new("u", json!({"slug": "one"}))]).unwrap();
        store.commit(vec![Write::RecordDelete { id: first, at: at(3) }]).unwrap();
        store.commit(vec![new("t", json!({"slug": "one"}))]).unwrap();
    }
}

#[test]
fn an_index_that_cannot_be_made_is_named_and_the_others_work() {
    for opened in databases() {
        let store = &*opened.store;
        let ids = insert(store, &[json!({"p": "a", "q": 1}), json!({"p": "a", "q": 2})]);
        let failed = store.set_indexes(&[index("p", true), index("q", true)]).unwrap();
        let failed: Vec<_> = failed.iter().map(|one| one.index.property.as_str()).collect();
        assert_eq!(failed, ["p"]);
        let query = RecordQuery::table("t").with("p", "a");
        assert_eq!(found(store, &query), ids);
        // Once the values differ, it is made.
        let update = RecordUpdate::set(ids[1], map(json!({"p": "b"})), at(2));
        store.commit(vec![Write::RecordUpdate(update)]).unwrap();
        assert_eq!(store.set_indexes(&[index("p", true), index("q", true)]), Ok(vec![]));
        let same = Record::new(store.next_record_id().unwrap(), "t", map(json!({"p": "b"})), at(3));
        assert!(store.commit(vec![Write::RecordInsert(same)]).is_err());
    }
}
