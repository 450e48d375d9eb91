//! Commits: atomic, guarded, concurrent, grouped.

use super::{at, completed, databases, execution, insert, map, step};
use serde_json::json;
use sluicegate_store::error::Error;
use sluicegate_store::execution::{ExecutionId, State};
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::{Change, Record, RecordUpdate};
use sluicegate_store::write::Write;
use std::sync::Barrier;

#[test]
fn a_commit_that_fails_leaves_nothing() {
    for opened in databases() {
        let store = &opened.store;
        let id = insert(store.as_ref(), &[json!({"n": 1})])[0];
        let writes = vec![
            Write::RecordUpdate(RecordUpdate::set(id, map(json!({"n": 2})), at(1))),
            Write::ExecutionInsert(execution("e1", Some("k"))),
            Write::StepInsert(step("e1", 0)),
            Write::RecordDelete { id: 999, at: at(1) },
        ];
        assert!(matches!(store.commit(writes), Err(Error::Gone(_))));
        assert_eq!(store.record(id).unwrap().unwrap().properties["n"], 1);
        assert_eq!(store.execution(&ExecutionId::from("e1")).unwrap(), None);
        assert_eq!(store.steps(&ExecutionId::from("e1")).unwrap(), []);
    }
}

#[test]
fn a_key_is_taken_once_in_its_kind() {
    for opened in databases() {
        let store = &opened.store;
        store.commit(vec![Write::ExecutionInsert(execution("e1", Some("k")))]).unwrap();
        let again = store.commit(vec![Write::ExecutionInsert(execution("e2", Some("k")))]);
        assert_eq!(again, Err(Error::Conflict { existing: ExecutionId::from("e1") }));
        let mut event = execution("e3", Some("k"));
        event.kind = "webhook_event".into();
        store.commit(vec![Write::ExecutionInsert(event)]).unwrap();
        for id in ["e4", "e5"] {
            store.commit(vec![Write::ExecutionInsert(execution(id, None))]).unwrap();
        }
        let twice = store.commit(vec![Write::ExecutionInsert(execution("e4", None))]);
        assert!(matches!(twice, Err(Error::Refused(_))), "{twice:?}");
        let holder = store.execution_by_key("request_type", "k").unwrap().unwrap();
        assert_eq!(holder.id.as_str(), "e1");
    }
}

#[test]
fn a_guard_fails_the_whole_commit() {
    for opened in databases() {
        let store = &opened.store;
        store.commit(vec![Write::ExecutionInsert(execution("e1", None))]).unwrap();
        let finish = |update| {
            let id = store.next_record_id().unwrap();
            let record = Record::new(id, "t", map(json!({})), at(0));
            store.commit(vec![Write::RecordInsert(record), Write::ExecutionUpdate(update)])
        };
        let mut late = completed("e1");
        late.from_attempt = Some(2);
        let mut waiting = completed("e1");
        waiting.from = vec![State::Available, State::Unknown];
        let mut nowhere = completed("e1");
        nowhere.from = vec![];
        for wrong in [late, waiting, nowhere, completed("e2")] {
            let gone = finish(wrong.clone());
            assert!(matches!(gone, Err(Error::Gone(_))), "{wrong:?}: {gone:?}");
        }
        assert_eq!(store.records(&RecordQuery::table("t")).unwrap().total_entries, 0);
        finish(completed("e1")).unwrap();
        assert!(matches!(finish(completed("e1")), Err(Error::Gone(_))));
        assert_eq!(store.records(&RecordQuery::table("t")).unwrap().total_entries, 1);
        let done = store.execution(&ExecutionId::from("e1")).unwrap().unwrap();
        assert_eq!((done.state, done.finished_at), (State::Completed, Some(at(2))));
    }
}

#[test]
fn many_threads_commit_and_nothing_is_lost_or_half_done() {
    for opened in databases() {
        let store = &opened.store;
        let total = insert(store.as_ref(), &[json!({"sum": 0})])[0];
        let start = Barrier::new(16);
        let results: Vec<bool> = std::thread::scope(|scope| {
            let start = &start;
            let threads: Vec<_> = (0..16)
                .map(|thread| {
                    scope.spawn(move || {
                        start.wait();
                        (0..25).map(|n| half_the_time(store.as_ref(), total, thread, n)).collect()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|t| -> Vec<bool> { t.join().unwrap() }).collect()
        });
        let stored = results.iter().filter(|stored| **stored).count();
        // Each of the 200 keys was tried twice.
        assert_eq!(stored, 200);
        let sum = store.record(total).unwrap().unwrap().properties["sum"].clone();
        assert_eq!(sum, json!(stored), "an increment was lost or half a commit was kept");
        let records = store.records(&RecordQuery::table("made")).unwrap();
        assert_eq!(records.total_entries, stored as u64);
        let stats = store.writer_stats();
        assert!(stats.largest_group > 1, "commits were never grouped: {stats:?}");
        assert!(stats.groups < stats.commits, "commits were never grouped: {stats:?}");
    }
}

/// Commits three writes under a key that another thread uses as well; true when it was stored.
fn half_the_time(store: &dyn super::Store, total: i64, thread: usize, n: usize) -> bool {
    let key = format!("{}-{n}", thread / 2);
    let record = Record::new(store.next_record_id().unwrap(), "made", map(json!({})), at(0));
    let add = RecordUpdate {
        changes: vec![("sum".into(), Change::Increment(1))],
        ..RecordUpdate::set(total, map(json!({})), at(1))
    };
    let result = store.commit(vec![
        Write::RecordInsert(record),
        Write::RecordUpdate(add),
        Write::ExecutionInsert(execution(&format!("{thread}-{n}"), Some(&key))),
    ]);
    match result {
        Ok(()) => true,
        Err(Error::Conflict { existing }) => {
            let other = thread ^ 1;
            assert_eq!(existing.as_str(), format!("{other}-{n}"));
            false
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_a_commit_returned_is_seen_by_the_next_read() {
    for opened in databases() {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for n in 0..40 {
                        let id = insert(opened.store.as_ref(), &[json!({"n": n})])[0];
                        assert!(opened.store.record(id).unwrap().is_some());
                    }
                });
            }
        });
    }
}

#[test]
fn an_empty_commit_changes_nothing() {
    for opened in databases() {
        opened.store.commit(vec![]).unwrap();
    }
}
