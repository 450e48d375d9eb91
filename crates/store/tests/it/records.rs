//! Records: inserted, updated, soft-deleted, queried by page and order.

use super::{at, databases, insert, map};
use serde_json::json;
use sluicegate_store::error::Error;
use sluicegate_store::query::{Deleted, RecordQuery, Sort, Subject};
use sluicegate_store::record::{Change, Record, RecordUpdate};
use sluicegate_store::write::Write;

#[test]
fn a_record_reads_back_as_it_was_written() {
    for opened in databases() {
        let mut record = Record::new(
            opened.store.next_record_id().unwrap(),
            "modules/payments/payment",
            map(json!({"amount": 500, "zeta": 1, "alpha": null, "text": "it's \"ü\" \u{1F4B3}",
                "float": 1.1, "large": u64::MAX, "list": [1, "a", {"b": []}]})),
            at(0),
        );
        record.user_id = Some("7".into());
        record.external_id = Some("order-1".into());
        record.updated_at = at(1);
        record.deleted_at = Some(at(2));
        opened.store.commit(vec![Write::RecordInsert(record.clone())]).unwrap();
        let read = opened.store.record(record.id).unwrap().unwrap();
        assert_eq!(read, record);
        // The module's order of properties is kept.
        assert_eq!(read.properties.keys().nth(1).map(String::as_str), Some("zeta"));
        assert_eq!(opened.store.record(record.id + 1).unwrap(), None);
    }
}

#[test]
fn an_update_changes_what_it_names() {
    for opened in databases() {
        let store = &opened.store;
        let id =
            insert(store.as_ref(), &[json!({"state": "pending", "amount": 500, "tags": ["a"]})])[0];
        let update = RecordUpdate {
            id,
            changes: vec![
                ("state".into(), Change::Set(json!("paid"))),
                ("amount".into(), Change::Increment(-20)),
                ("tags".into(), Change::Append(json!("b"))),
                ("tags".into(), Change::Remove(json!("a"))),
                ("new".into(), Change::Set(json!(null))),
            ],
            user_id: None,
            external_id: Some("x".into()),
            at: at(5),
        };
        store.commit(vec![Write::RecordUpdate(update)]).unwrap();
        let read = store.record(id).unwrap().unwrap();
        let expected = json!({"state": "paid", "amount": 480, "tags": ["b"], "new": null});
        assert_eq!(read.properties, map(expected));
        assert_eq!((read.external_id.as_deref(), read.user_id), (Some("x"), None));
        assert_eq!((read.created_at, read.updated_at), (at(0), at(5)));
    }
}

#[test]
fn a_change_that_makes_no_sense_is_refused_and_nothing_changes() {
    for opened in databases() {
        let id = insert(opened.store.as_ref(), &[json!({"amount": i64::MAX, "a": 1})])[0];
        let mut update = RecordUpdate::set(id, map(json!({"a": 2})), at(1));
        update.changes.push(("amount".into(), Change::Increment(1)));
        let refused = opened.store.commit(vec![Write::RecordUpdate(update)]).unwrap_err();
        assert!(matches!(&refused, Error::Refused(why) if why.contains("amount")), "{refused}");
        assert_eq!(opened.store.record(id).unwrap().unwrap().properties["a"], 1);
    }
}

#[test]
fn a_deleted_record_is_hidden_and_still_takes_the_answer_of_a_call() {
    for opened in databases() {
        let store = &opened.store;
        let ids = insert(store.as_ref(), &[json!({"n": 1}), json!({"n": 2})]);
        store.commit(vec![Write::RecordDelete { id: ids[0], at: at(3) }]).unwrap();
        // Deleted again later: the first timestamp stays.
        store.commit(vec![Write::RecordDelete { id: ids[0], at: at(9) }]).unwrap();
        let found = |deleted| {
            let page = store.records(&RecordQuery { deleted, ..RecordQuery::table("t") }).unwrap();
            page.results.iter().map(|record| record.id).collect::<Vec<_>>()
        };
        assert_eq!(found(Deleted::Exclude), [ids[1]]);
        assert_eq!(found(Deleted::Only), [ids[0]]);
        assert_eq!(found(Deleted::Any), ids);
        let update = RecordUpdate::set(ids[0], map(json!({"gateway_id": "ch_1"})), at(4));
        store.commit(vec![Write::RecordUpdate(update)]).unwrap();
        let read = store.record(ids[0]).unwrap().unwrap();
        assert_eq!(read.deleted_at, Some(at(3)));
        assert_eq!(read.properties["gateway_id"], "ch_1");
    }
}

#[test]
fn a_record_that_never_existed_is_gone() {
    for opened in databases() {
        let update = RecordUpdate::set(99, map(json!({"a": 1})), at(0));
        let gone = opened.store.commit(vec![Write::RecordUpdate(update)]);
        assert!(matches!(gone, Err(Error::Gone(_))), "{gone:?}");
        let gone = opened.store.commit(vec![Write::RecordDelete { id: 99, at: at(0) }]);
        assert!(matches!(gone, Err(Error::Gone(_))), "{gone:?}");
    }
}

#[test]
fn ids_are_assigned_once() {
    for opened in databases() {
        let given: Vec<_> = std::thread::scope(|scope| {
            let store = &opened.store;
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        (0..300).map(|_| store.next_record_id().unwrap()).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let distinct: std::collections::BTreeSet<_> = given.iter().collect();
        assert_eq!(distinct.len(), 2400);
    }
}

#[test]
fn an_imported_id_is_not_assigned_again() {
    for opened in databases() {
        let foreign = Record::new(5, "t", map(json!({})), at(0));
        opened.store.commit(vec![Write::RecordInsert(foreign)]).unwrap();
        assert_eq!(opened.store.next_record_id().unwrap(), 6);
    }
}

#[test]
fn pages_have_their_position() {
    for opened in databases() {
        let rows: Vec<_> = (0..45).map(|n| json!({"n": n})).collect();
        let ids = insert(opened.store.as_ref(), &rows);
        let page = |number| {
            let query = RecordQuery { page: number, ..RecordQuery::table("t") };
            opened.store.records(&query).unwrap()
        };
        let first = page(1);
        assert_eq!((first.results.len(), first.total_entries, first.total_pages()), (20, 45, 3));
        assert!(first.has_next_page && !first.has_previous_page());
        let last = page(3);
        assert_eq!(last.results.iter().map(|r| r.id).collect::<Vec<_>>(), ids[40..]);
        assert!(!last.has_next_page && last.has_previous_page());
        let beyond = page(4);
        assert_eq!((beyond.results.len(), beyond.total_entries), (0, 45));
        assert_eq!(page(0).results, first.results);
        let none = opened.store.records(&RecordQuery::table("other")).unwrap();
        assert_eq!((none.total_entries, none.total_pages(), none.has_next_page), (0, 0, false));
    }
}

#[test]
fn numbers_sort_by_size_and_missing_values_come_last() {
    for opened in databases() {
        let rows =
            [json!({"n": 10}), json!({"n": 9.5}), json!({}), json!({"n": "1"}), json!({"n": -3})];
        let ids = insert(opened.store.as_ref(), &rows);
        let sorted = |descending| {
            let sort = vec![Sort { by: Subject::Property("n".into()), descending }];
            let page = opened.store.records(&RecordQuery { sort, ..RecordQuery::table("t") });
            let places = page.unwrap().results.into_iter();
            places.map(|r| ids.iter().position(|id| *id == r.id).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(sorted(false), [4, 1, 0, 3, 2]);
        assert_eq!(sorted(true), [3, 0, 1, 4, 2]);
    }
}

#[test]
fn rows_are_counted_as_far_as_the_query_says() {
    for opened in databases() {
        insert(&*opened.store, &vec![json!({}); 12]);
        let read = |page: u32, count_up_to: u32| {
            let query = RecordQuery { page, per_page: 2, count_up_to, ..RecordQuery::table("t") };
            let page = opened.store.records(&query).unwrap();
            (page.total_entries, page.has_next_page, page.results.len())
        };
        assert_eq!(read(1, 100), (12, true, 2));
        assert_eq!(read(1, 5), (5, true, 2));
        // At least the rows up to the end of the page.
        assert_eq!(read(4, 5), (8, true, 2));
        assert_eq!(read(1, 0), (2, true, 2));
        assert_eq!(read(6, 5), (12, false, 2));
        assert_eq!(read(9, 5), (5, false, 0));
        // To the end, by cursor.
        let all = opened.store.records_all(&RecordQuery::table("t")).unwrap();
        assert_eq!(all.len(), 12);
    }
}
