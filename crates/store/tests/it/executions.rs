//! Executions and steps: inserted, answered, queried.

use super::{at, completed, databases, execution, step};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sluicegate_store::error::Error;
use sluicegate_store::execution::{
    Execution, ExecutionId, ExecutionQuery, ExecutionUpdate, Queue, State,
};
use sluicegate_store::page::Paging;
use sluicegate_store::state::{Activity, Session};
use sluicegate_store::write::Write;

#[test]
fn executions_and_steps_read_back_as_they_were_written() {
    for opened in databases() {
        let store = &opened.store;
        let mut full = execution("e1", Some("k"));
        full.outcome = Some(json!({"record": {"id": "1"}}).into());
        full.error = Some("it's late".into());
        full.ordering_key = Some("ch_1".into());
        full.finished_at = Some(at(9));
        let mut answered = step("e1", 1);
        answered.response = Some(json!(null).into());
        answered.answered_at = Some(at(3));
        store
            .commit(vec![
                Write::ExecutionInsert(full.clone()),
                Write::StepInsert(answered.clone()),
                Write::StepInsert(step("e1", 0)),
            ])
            .unwrap();
        let id = ExecutionId::from("e1");
        assert_eq!(store.execution(&id).unwrap(), Some(full));
        // `null` is an answer.
        assert_eq!(store.steps(&id).unwrap(), [step("e1", 0), answered]);
    }
}

#[test]
fn a_step_is_taken_once_and_answered_once() {
    for opened in databases() {
        let store = &opened.store;
        let orphan = store.commit(vec![Write::StepInsert(step("nobody", 0))]);
        assert!(matches!(orphan, Err(Error::Refused(_))), "{orphan:?}");
        let writes =
            vec![Write::ExecutionInsert(execution("e1", None)), Write::StepInsert(step("e1", 0))];
        store.commit(writes).unwrap();
        let again = store.commit(vec![Write::StepInsert(step("e1", 0))]);
        assert!(matches!(again, Err(Error::Refused(_))), "{again:?}");
        let answer = |seq, response| {
            let execution_id = ExecutionId::from("e1");
            let response = Json::into(response);
            store.commit(vec![Write::StepAnswer { execution_id, seq, response, at: at(4) }])
        };
        answer(0, json!({"status": 200})).unwrap();
        assert!(matches!(answer(0, json!({"status": 500})), Err(Error::Gone(_))));
        assert!(matches!(answer(1, json!({})), Err(Error::Gone(_))));
        let steps = store.steps(&ExecutionId::from("e1")).unwrap();
        assert_eq!(steps[0].response, Some(json!({"status": 200}).into()));
        assert_eq!(steps[0].answered_at, Some(at(4)));
    }
}

#[test]
fn an_update_without_an_outcome_keeps_the_old_one() {
    for opened in databases() {
        let store = &opened.store;
        store.commit(vec![Write::ExecutionInsert(execution("e1", None))]).unwrap();
        store.commit(vec![Write::ExecutionUpdate(completed("e1"))]).unwrap();
        let mut update = completed("e1");
        update.from = vec![State::Completed];
        update.outcome = None;
        store.commit(vec![Write::ExecutionUpdate(update)]).unwrap();
        let read = store.execution(&ExecutionId::from("e1")).unwrap().unwrap();
        assert_eq!(read.outcome, completed("e1").outcome);
    }
}

#[test]
fn executions_are_found_by_what_an_operator_asks() {
    for opened in databases() {
        let store = &opened.store;
        let make = |id: &str, change: &dyn Fn(&mut Execution)| {
            let mut execution = execution(id, None);
            change(&mut execution);
            Write::ExecutionInsert(execution)
        };
        store
            .commit(vec![
                make("a", &|e| e.state = State::Unknown),
                make("b", &|e| e.created_at = at(5)),
                make("c", &|e| (e.kind, e.created_at) = ("webhook_event".into(), at(3))),
                make("d", &|e| e.name = "create_refund".into()),
            ])
            .unwrap();
        let found = |query: ExecutionQuery| {
            let page = store.executions(&query).unwrap();
            page.results.into_iter().map(|e| e.id.0).collect::<Vec<_>>()
        };
        let all = ExecutionQuery::default;
        assert_eq!(found(all()), ["b", "c", "d", "a"]);
        let states = vec![State::Unknown, State::Discarded];
        assert_eq!(found(ExecutionQuery { states, ..all() }), ["a"]);
        let kind = Some("webhook_event".to_owned());
        assert_eq!(found(ExecutionQuery { kind, ..all() }), ["c"]);
        let name = Some("create_refund".to_owned());
        assert_eq!(found(ExecutionQuery { name, ..all() }), ["d"]);
        let created_from = Some(at(3));
        assert_eq!(found(ExecutionQuery { created_from, ..all() }), ["b", "c"]);
        let page = store.executions(&ExecutionQuery { per_page: 3, page: 2, ..all() }).unwrap();
        assert_eq!((page.results.len(), page.total_entries, page.total_pages()), (1, 4, 2));
    }
}

#[test]
fn due_are_those_that_wait_and_those_whose_runner_died() {
    for opened in databases() {
        let store = &opened.store;
        let executions = [
            ("late", State::Retryable, 1, None),
            ("later", State::Unknown, 2, None),
            ("now", State::Available, 10, None),
            ("soon", State::Available, 11, None),
            ("dead", State::Running, 5, Some(9)),
            ("alive", State::Running, 0, Some(11)),
            ("done", State::Completed, 0, None),
            ("given up", State::Discarded, 0, None),
        ];
        let writes = executions.map(|(id, state, run_at, lease)| {
            let mut execution = execution(id, None);
            (execution.state, execution.run_at) = (state, at(run_at));
            execution.lease_until = lease.map(at);
            Write::ExecutionInsert(execution)
        });
        store.commit(writes.to_vec()).unwrap();
        let due = |limit| {
            let due = store.due(at(10), Queue::Gateway, limit).unwrap().into_iter();
            due.map(|execution| execution.id.0).collect::<Vec<_>>()
        };
        assert_eq!(due(10), ["late", "later", "dead", "now"]);
        assert_eq!(due(2), ["late", "later"]);
    }
}

#[test]
fn nothing_overtakes_what_came_before_it_in_its_order() {
    for opened in databases() {
        let store = &opened.store;
        let make = |id: &str, key: Option<&str>, created: i64| {
            let mut one = execution(id, None);
            (one.kind, one.state) = ("webhook_event".into(), State::Available);
            (one.ordering_key, one.created_at) = (key.map(str::to_owned), at(created));
            one.run_at = at(created);
            Write::ExecutionInsert(one)
        };
        let writes = vec![
            make("first", Some("ch_1"), 1),
            make("second", Some("ch_1"), 2),
            make("other", Some("ch_2"), 3),
            make("free", None, 4),
            make("free too", None, 4),
        ];
        store.commit(writes).unwrap();
        let due = || {
            let due = store.due(at(10), Queue::Local, 10).unwrap().into_iter();
            due.map(|execution| execution.id.0).collect::<Vec<_>>()
        };
        assert_eq!(due(), ["first", "other", "free", "free too"]);
        let next = |key: &str, now: i64| {
            store.next_in_order(key, None, at(now)).unwrap().map(|execution| execution.id.0)
        };
        assert_eq!(next("ch_1", 10).as_deref(), Some("first"));
        assert_eq!((next("ch_2", 2), next("ch_3", 10)), (None, None), "not yet, and no such key");
        let besides = store.next_in_order("ch_1", Some(&"first".into()), at(10)).unwrap();
        assert_eq!(besides.map(|execution| execution.id.0).as_deref(), Some("second"));
        assert!(store.due(at(10), Queue::Gateway, 10).unwrap().is_empty());
        let ended = |id: &str, state: State, at: Timestamp| {
            let from = vec![State::Available, State::Retryable];
            vec![Write::ExecutionUpdate(ExecutionUpdate {
                id: id.into(),
                from,
                from_attempt: None,
                state,
                attempt: 1,
                run_at: at,
                lease_until: None,
                outcome: None,
                error: None,
                finished_at: None,
            })]
        };
        store.commit(ended("first", State::Retryable, at(20))).unwrap();
        assert_eq!(
            due(),
            ["other", "free", "free too"],
            "it waits for the first to be tried again"
        );
        store.commit(ended("first", State::Discarded, at(20))).unwrap();
        assert_eq!(due(), ["second", "other", "free", "free too"]);
        assert_eq!(store.oldest_open().unwrap(), Some(at(2)));
    }
}

#[test]
fn only_old_completed_executions_are_purged() {
    for opened in databases() {
        let store = &opened.store;
        let make = |id: &str, kind: &str, state: State, finished: i64| {
            let mut one = execution(id, None);
            (one.kind, one.state, one.finished_at) = (kind.into(), state, Some(at(finished)));
            Write::ExecutionInsert(one)
        };
        let writes = vec![
            make("old", "webhook_event", State::Completed, 1),
            make("older", "webhook_event", State::Completed, 0),
            make("new", "webhook_event", State::Completed, 9),
            make("dead", "webhook_event", State::Discarded, 1),
            make("payment", "request_type", State::Completed, 1),
        ];
        store.commit(writes).unwrap();
        let forget = |limit| {
            let kind = "webhook_event".to_owned();
            store.commit(vec![Write::ExecutionsPurge { kind, before: at(5), limit }]).unwrap();
            store.executions(&ExecutionQuery::default()).unwrap().total_entries
        };
        assert_eq!((forget(1), forget(10), forget(10)), (4, 3, 3));
        assert!(store.execution(&"new".into()).unwrap().is_some());
    }
}

#[test]
fn old_executions_are_reduced_to_their_keys_or_deleted() {
    for opened in databases() {
        let store = &opened.store;
        let make = |id: &str, key: Option<&str>, state: State, finished: Option<i64>| {
            let mut one = execution(id, key);
            (one.state, one.finished_at) = (state, finished.map(at));
            (one.outcome, one.error) =
                (Some(json!({ "a": "canary" }).into()), Some("canary".into()));
            Write::ExecutionInsert(one)
        };
        let mut writes = vec![
            make("1-keyed", Some("k1"), State::Completed, Some(1)),
            make("2-free", None, State::Discarded, Some(2)),
            make("3-new", Some("k3"), State::Completed, Some(9)),
            make("4-open", Some("k4"), State::Unknown, None),
            make("5-doubtful", Some("k5"), State::Discarded, Some(1)),
        ];
        for id in ["1-keyed", "2-free", "4-open", "5-doubtful"] {
            writes.push(Write::StepInsert(step(id, 0)));
        }
        for id in ["1-keyed", "2-free"] {
            let (execution_id, response) = (id.into(), json!({ "body": "cus_1" }).into());
            writes.push(Write::StepAnswer { execution_id, seq: 0, response, at: at(1) });
        }
        store.commit(writes).unwrap();
        let kind = store.execution(&"1-keyed".into()).unwrap().unwrap().kind;
        let ids = |all: Vec<Execution>| all.into_iter().map(|one| one.id.0).collect::<Vec<_>>();
        let old = |limit| ids(store.finished_before(&kind, at(5), limit).unwrap());
        assert_eq!(old(10), ["1-keyed", "2-free"], "not the new, the open, the doubtful one");
        assert_eq!(old(1), ["1-keyed"]);
        assert_eq!(store.count_finished_before(&kind, at(5)).unwrap(), 2);
        let containing =
            |after: &str| ids(store.executions_containing("cus_1", after, 10).unwrap());
        assert_eq!(containing(""), ["1-keyed", "2-free"]);
        assert_eq!(containing("1-keyed"), ["2-free"]);
        assert_eq!(ids(store.executions_containing("canary", "", 2).unwrap()).len(), 2);
        let reduce = |id: &str| Write::ExecutionReduce {
            id: id.into(),
            input: json!({ "kept": 1 }),
            outcome: Some(json!({ "state": "completed" })),
            at: at(20),
        };
        let delete = |id: &str| Write::ExecutionDelete { id: id.into(), at: at(20) };
        // An open execution is neither reduced nor deleted; a reduced one is not reduced again.
        let writes = vec![reduce("1-keyed"), delete("2-free"), reduce("4-open"), delete("4-open")];
        store.commit(writes).unwrap();
        store.commit(vec![reduce("1-keyed"), delete("2-free")]).unwrap();
        let kept = store.execution_by_key(&kind, "k1").unwrap().unwrap();
        assert_eq!((kept.input.get("kept"), kept.error), (Some(&json!(1)), None));
        assert_eq!(kept.outcome, Some(json!({ "state": "completed" }).into()));
        assert!(store.steps(&"1-keyed".into()).unwrap().is_empty());
        assert!(store.execution(&"2-free".into()).unwrap().is_none());
        assert_eq!(store.steps(&"4-open".into()).unwrap().len(), 1);
        assert_eq!(store.steps(&"5-doubtful".into()).unwrap().len(), 1);
        assert!(old(10).is_empty() && containing("").is_empty());
        // Its key is still taken.
        let again = store.commit(vec![make("6-again", Some("k1"), State::Completed, Some(1))]);
        assert!(matches!(again, Err(Error::Conflict { existing }) if existing.0 == "1-keyed"));
    }
}

#[test]
fn sessions_and_activities_with_a_text_are_forgotten() {
    for opened in databases() {
        let store = &opened.store;
        let session = |id: &str, data: Json| {
            Write::SessionPut(Session {
                id_hash: id.into(),
                data,
                user_id: None,
                expires_at: at(99),
            })
        };
        let activity = |uuid: &str, payload: Json| {
            Write::ActivityInsert(Activity { uuid: uuid.into(), payload, created_at: at(1) })
        };
        let writes = vec![
            session("a", json!({ "customer": "cus_1" })),
            session("b", json!({ "customer": "cus_12" })),
            activity("x", json!({ "customer": "cus_1" })),
            activity("y", json!({ "customer": "cus_12" })),
            Write::ForgetText { text: "\"cus_1\"".into() },
        ];
        store.commit(writes).unwrap();
        let left = |id: &str| store.session(id).unwrap().is_some();
        assert_eq!((left("a"), left("b")), (false, true));
        let left = store.activities(&[], Paging::new(1, 10, 0)).unwrap().results;
        assert_eq!(left.iter().map(|one| one.uuid.as_str()).collect::<Vec<_>>(), ["y"]);
    }
}
