//! Tests of the journal: one execution whatever happens, and phases that read their own writes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::support::journal::{Fixture, fixture};
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};
use sluicegate::journal::begin::Journal;
use sluicegate::journal::error::Error;
use sluicegate::journal::intent::{Enqueue, Intent, StepAnswer, StepIntent};
use sluicegate::journal::phase::{Draft, Phase};
use sluicegate::journal::run::{Begun, Run, StepBegun};
use sluicegate_store as store;
use sluicegate_store::execution::{Execution, ExecutionQuery, Queue, State};
use sluicegate_store::page::Paging;
use sluicegate_store::query::{RecordQuery, Sort, Subject};
use sluicegate_store::record::{Change, RecordUpdate};
use std::sync::Arc;

/// The due executions of both queues.
fn due(fixture: &Fixture) -> Vec<Execution> {
    let queues = [Queue::Gateway, Queue::Local];
    queues.iter().flat_map(|queue| fixture.journal.pending(*queue, 10).unwrap()).collect()
}

fn map(value: Json) -> Map<String, Json> {
    value.as_object().unwrap().clone()
}

fn payment(amount: i64) -> Intent {
    Intent::new("request_type", "create_payment", json!({"amount": amount})).keyed("key-1")
}

fn call(body: &str) -> StepIntent {
    StepIntent::new("api_call", json!({"url": "/v1/charges", "body": body})).from_template("hash")
}

fn new(begun: Result<Begun, Error>) -> Run {
    match begun.unwrap() {
        Begun::New(run) => run,
        other => panic!("{other:?}"),
    }
}

fn answer(seq: u32, id: &str) -> Option<StepAnswer> {
    Some(StepAnswer { seq, response: json!({"status": 200, "id": id}).into() })
}

fn is_gone<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Store(store::error::Error::Gone(_))))
}

fn count(fixture: &Fixture, table: &str) -> u64 {
    fixture.store.records(&RecordQuery::table(table)).unwrap().total_entries
}

#[test]
fn a_payment_is_two_commits_and_a_repeat_returns_its_outcome() {
    let fixture = fixture();
    let run = new(fixture.journal.begin(payment(500), Some(call("amount=500"))));
    assert_eq!(run.execution().id.as_str().len(), 26);
    assert_eq!(run.steps()[0].request["body"], "amount=500");
    // The intent is on disk before anything is sent.
    let on_disk = fixture.store.steps(&run.execution().id).unwrap();
    assert_eq!(on_disk, run.steps());
    assert_eq!(fixture.store.writer_stats().commits, 1);

    let repeat = fixture.journal.begin(payment(500), Some(call("amount=500"))).unwrap();
    assert!(matches!(&repeat, Begun::InProgress(e) if e.id == run.execution().id), "{repeat:?}");
    let other = fixture.journal.begin(payment(501), Some(call("amount=501"))).unwrap();
    assert!(matches!(&other, Begun::Conflict(e) if e.id == run.execution().id), "{other:?}");
    assert_eq!(fixture.store.steps(&run.execution().id).unwrap().len(), 1);

    let mut phase = fixture.journal.phase();
    let record = phase.insert(Draft::new("payment", map(json!({"gateway_id": "ch_1"})))).unwrap();
    let before = fixture.store.writer_stats().commits;
    let outcome = json!({"state": "completed", "record": {"id": record.id.to_string()}});
    let id = run.execution().id.clone();
    fixture
        .journal
        .finish(run, answer(0, "ch_1"), phase, State::Completed, outcome.clone())
        .unwrap();
    assert_eq!(fixture.store.writer_stats().commits, before + 1);

    let Begun::Finished(stored) = fixture.journal.begin(payment(500), None).unwrap() else {
        panic!("it is finished")
    };
    assert_eq!((stored.id.clone(), stored.outcome), (id.clone(), Some(outcome.into())));
    assert_eq!(stored.state, State::Completed);
    assert_eq!(fixture.store.steps(&id).unwrap()[0].response.as_ref().unwrap()["id"], "ch_1");
    assert_eq!(fixture.store.record(record.id).unwrap(), Some(record));
    assert!(matches!(fixture.journal.begin(payment(9), None).unwrap(), Begun::Conflict(_)));
}

#[test]
fn of_many_that_begin_with_one_key_exactly_one_runs() {
    let fixture = fixture();
    let ran: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| fixture.journal.begin(payment(500), Some(call("x"))).unwrap()))
            .collect();
        let begun = threads.into_iter().map(|thread| thread.join().unwrap());
        begun.filter(|begun| matches!(begun, Begun::New(_))).count()
    });
    assert_eq!(ran, 1);
    let all = fixture.store.executions(&ExecutionQuery::default()).unwrap();
    assert_eq!(all.total_entries, 1);
}

#[test]
fn a_lost_answer_is_unknown_and_resumed_with_the_stored_bytes() {
    let fixture = fixture();
    let run = new(fixture.journal.begin(payment(500), Some(call("amount=500"))));
    assert!(due(&fixture).is_empty());
    let aside = fixture.journal.unknown(run, "time-out").unwrap();
    assert_eq!((aside.state, aside.error.as_deref()), (State::Unknown, Some("time-out")));
    assert!(aside.run_at > fixture.journal.now() && aside.finished_at.is_none());
    assert!(due(&fixture).is_empty(), "not before its time");
    assert!(matches!(fixture.journal.begin(payment(500), None).unwrap(), Begun::InProgress(_)));

    fixture.clock.advance(2);
    let due = due(&fixture);
    assert_eq!(due, [aside]);
    let mut run = fixture.journal.resume(due[0].clone()).unwrap();
    assert_eq!(run.execution().attempt, 2);
    assert!(is_gone(fixture.journal.resume(due[0].clone())), "only one claims it");
    let step = run.recall().unwrap();
    assert_eq!((step.seq, &step.request["body"]), (0, &json!("amount=500")));
    assert_eq!((step.response, run.recall()), (None, None));
    let (phase, outcome) = (fixture.journal.phase(), json!({"state": "completed"}));
    let done =
        fixture.journal.finish(run, answer(0, "ch_1"), phase, State::Completed, outcome).unwrap();
    assert_eq!((done.state, done.error), (State::Completed, None));
}

#[test]
fn a_runner_that_lost_its_lease_changes_nothing() {
    let fixture = fixture();
    let mut slow = new(fixture.journal.begin(payment(500), Some(call("amount=500"))));
    fixture.clock.advance(20);
    fixture.journal.heartbeat(&mut slow).unwrap();
    fixture.clock.advance(20);
    assert!(due(&fixture).is_empty(), "it showed that it lives");
    fixture.clock.advance(20);
    let due = due(&fixture);
    assert_eq!((due.len(), due[0].state), (1, State::Running));
    let fast = fixture.journal.resume(due[0].clone()).unwrap();

    assert!(is_gone(fixture.journal.heartbeat(&mut slow)));
    let mut phase = fixture.journal.phase();
    phase.insert(Draft::new("payment", map(json!({})))).unwrap();
    assert!(is_gone(fixture.journal.begin_step(&mut slow, &mut phase, call("second"))));
    let outcome = json!({"state": "completed"});
    let late =
        fixture.journal.finish(slow, answer(0, "a"), phase, State::Completed, outcome.clone());
    assert!(is_gone(late));
    assert_eq!(count(&fixture, "payment"), 0);
    let (id, phase) = (fast.execution().id.clone(), fixture.journal.phase());
    fixture.journal.finish(fast, answer(0, "b"), phase, State::Completed, outcome).unwrap();
    assert_eq!(fixture.store.steps(&id).unwrap()[0].response.as_ref().unwrap()["id"], "b");
}

/// A script with two calls: a record before the first, one after it, one after the second.
/// Stops before the call `dies_at`, as a crash would. Returns what was sent.
fn script(fixture: &Fixture, mut run: Run, dies_at: Option<u32>) -> Vec<String> {
    let journal = &fixture.journal;
    let mut sent = Vec::new();
    let mut phase = journal.phase();
    for round in 0..2 {
        let kind = StepIntent::new("record_id", json!(round));
        let id =
            journal.memoize(&mut run, kind, || Ok(json!(phase.reserve_id()?))).unwrap().as_i64();
        let properties = map(json!({"round": round}));
        phase.insert(Draft { id, ..Draft::new("log", properties) }).unwrap();
        let body = format!("record={}", id.unwrap());
        match journal.begin_step(&mut run, &mut phase, call(&body)).unwrap() {
            StepBegun::Answered(response) => assert_eq!(response["id"], body),
            StepBegun::Take(step) => {
                if dies_at == Some(round) {
                    return sent;
                }
                sent.push(step.request["body"].as_str().unwrap().to_owned());
                journal.answer(&mut run, answer(step.seq, &body).unwrap());
            }
        }
        assert!(phase.is_empty());
    }
    phase.insert(Draft::new("log", map(json!({"round": "last"})))).unwrap();
    journal.finish(run, None, phase, State::Completed, json!({"state": "completed"})).unwrap();
    sent
}

#[test]
fn a_script_goes_on_where_it_stopped() {
    for dies_at in [0, 1] {
        let fixture = fixture();
        let run = new(fixture.journal.begin(payment(500), None));
        let id = run.execution().id.clone();
        let now = run.now();
        let first = script(&fixture, run, Some(dies_at));
        fixture.clock.advance(60);
        let due = due(&fixture);
        let run = fixture.journal.resume(due[0].clone()).unwrap();
        assert_eq!(run.now(), now, "its idea of now does not move");
        let second = script(&fixture, run, None);
        assert_eq!(first.len() + second.len(), 2, "each call left once: {first:?} {second:?}");
        assert_eq!(count(&fixture, "log"), 3, "each record was made once");
        let steps = fixture.store.steps(&id).unwrap();
        assert!(steps.iter().all(|step| step.response.is_some()));
        assert_eq!(steps.iter().map(|step| step.seq).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
}

#[test]
fn a_run_that_does_something_else_the_second_time_is_stopped() {
    let fixture = fixture();
    let mut run = new(fixture.journal.begin(payment(500), None));
    fixture.journal.begin_step(&mut run, &mut fixture.journal.phase(), call("amount=500")).unwrap();
    let due = fixture.journal.unknown(run, "time-out").unwrap();
    let mut run = fixture.journal.resume(due).unwrap();
    let other =
        fixture.journal.begin_step(&mut run, &mut fixture.journal.phase(), call("amount=600"));
    let Err(Error::NonDeterministic { seq: 0, recorded, attempted, .. }) = other else {
        panic!("{other:?}")
    };
    assert_ne!(recorded, attempted);
    let kind = StepIntent::new("random", json!(null));
    assert!(matches!(
        fixture.journal.memoize(&mut run, kind, || Ok(json!(1))),
        Err(Error::NonDeterministic { .. })
    ));
    let id = run.execution().id.clone();
    fixture.journal.fail(run, "diverged", None).unwrap();
    let stored = fixture.store.execution(&id).unwrap().unwrap();
    assert_eq!((stored.state, stored.error.as_deref()), (State::Discarded, Some("diverged")));
    assert!(stored.finished_at.is_some());
}

#[test]
fn sealed_values_do_not_make_a_step_another() {
    let fixture = fixture();
    let sealed = |nonce: &str| {
        let request = json!({"body": "a=1", "headers": {"Authorization": format!("v1.{nonce}")}});
        StepIntent::identified("api_call", request.into(), &json!({"body": "a=1"}))
    };
    let mut run = new(fixture.journal.begin(payment(500), None));
    fixture.journal.begin_step(&mut run, &mut fixture.journal.phase(), sealed("first")).unwrap();
    let due = fixture.journal.unknown(run, "time-out").unwrap();
    let mut run = fixture.journal.resume(due).unwrap();
    let again =
        fixture.journal.begin_step(&mut run, &mut fixture.journal.phase(), sealed("second"));
    let StepBegun::Take(step) = again.unwrap() else { panic!("it has no answer") };
    assert_eq!(step.request["headers"]["Authorization"], "v1.first", "the stored bytes are sent");
}

#[test]
fn jobs_and_events_wait_their_time_and_come_once() {
    let fixture = fixture();
    let event = Intent::new("webhook_event", "charge.refunded", json!({"body": "{}"}))
        .keyed("-:evt_1")
        .ordered("ch_1");
    let first = fixture.journal.enqueue(event.clone(), fixture.journal.now()).unwrap();
    let second = fixture.journal.enqueue(event, fixture.journal.now()).unwrap();
    assert!(first.is_new && !second.is_new);
    assert_eq!(first.id, second.id);

    let mut phase = fixture.journal.phase();
    let job = Intent::new("background_job", "modules/core/broadcast", json!({}));
    let later =
        Enqueue { intent: job, run_at: fixture.journal.now() + SignedDuration::from_secs(60) };
    let id = phase.enqueue(later);
    assert_eq!(fixture.store.execution(&id).unwrap(), None, "not before the phase is committed");
    fixture.journal.write(phase).unwrap();
    let ids: Vec<_> = due(&fixture).into_iter().map(|e| e.id).collect();
    assert_eq!(ids, [first.id]);
    fixture.clock.advance(60);
    assert_eq!(due(&fixture).len(), 2);
    let job = fixture.store.execution(&id).unwrap().unwrap();
    let run = fixture.journal.resume(job).unwrap();
    let wait = Some(SignedDuration::from_secs(5));
    let aside = fixture.journal.retryable(run, "no such partial", wait).unwrap();
    assert_eq!((aside.state, aside.attempt), (State::Retryable, 1));
    assert_eq!(aside.run_at, fixture.journal.now() + SignedDuration::from_secs(5));
}

#[test]
fn an_operator_discards_and_retries_what_is_not_running() {
    let fixture = fixture();
    let run = new(fixture.journal.begin(payment(500), Some(call("amount=500"))));
    let id = run.execution().id.clone();
    assert!(is_gone(fixture.journal.discard(&id, "enough")), "it is being run");
    assert!(is_gone(fixture.journal.retry(&id)));
    fixture.journal.unknown(run, "time-out").unwrap();
    let discarded = fixture.journal.discard(&id, "enough").unwrap();
    assert_eq!(discarded.state, State::Discarded);
    assert!(due(&fixture).is_empty());
    // A call that may have been sent is not new again.
    assert_eq!(fixture.journal.retry(&id).unwrap().state, State::Unknown);
    let due = due(&fixture);
    let run = fixture.journal.resume(due[0].clone()).unwrap();
    let (phase, outcome) = (fixture.journal.phase(), json!({}));
    fixture.journal.finish(run, answer(0, "ch_1"), phase, State::Completed, outcome).unwrap();
    assert!(is_gone(fixture.journal.retry(&id)), "a completed one is not done again");
    assert!(is_gone(fixture.journal.retry(&"nobody".into())));
}

#[test]
fn only_a_phase_reads_its_uncommitted_writes() {
    let fixture = fixture();
    let mut setup = fixture.journal.phase();
    let kept = setup.insert(Draft::new("t", map(json!({"n": 1, "name": "kept"})))).unwrap();
    let gone = setup.insert(Draft::new("t", map(json!({"n": 2})))).unwrap();
    fixture.journal.write(setup).unwrap();

    let mut phase = fixture.journal.phase();
    let new = phase.insert(Draft::new("t", map(json!({"n": 3})))).unwrap();
    phase.update(kept.id, vec![("n".into(), Change::Increment(10))]).unwrap();
    phase.delete(gone.id).unwrap();
    let seen = |phase: &Phase| {
        let page = phase.records(&RecordQuery::table("t")).unwrap();
        assert_eq!(page.total_entries, page.results.len() as u64);
        page.results.into_iter().map(|r| (r.id, r.properties["n"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(seen(&phase), [(kept.id, json!(11)), (new.id, json!(3))]);
    assert_eq!(phase.record(kept.id).unwrap().unwrap().properties["name"], "kept");
    assert_eq!(seen(&fixture.journal.phase()), [(kept.id, json!(1)), (gone.id, json!(2))]);
    assert!(is_gone(phase.delete(gone.id)) && is_gone(phase.update(gone.id, vec![])));
    assert!(is_gone(phase.update(9_999, vec![])));

    let mark = phase.mark();
    phase.update(kept.id, vec![("n".into(), Change::Set(json!(0)))]).unwrap();
    phase.delete(new.id).unwrap();
    phase.insert(Draft::new("t", map(json!({"n": 4})))).unwrap();
    phase.rollback_to(mark);
    let expected = [(kept.id, json!(11)), (new.id, json!(3))];
    assert_eq!(seen(&phase), expected);
    fixture.journal.write(phase).unwrap();
    assert_eq!(seen(&fixture.journal.phase()), expected);
}

#[test]
fn a_phase_sees_its_constants_and_publishes_activities() {
    let fixture = fixture();
    let mut phase = fixture.journal.phase();
    phase.constant_set("b", "v1.b".into());
    fixture.journal.write(phase).unwrap();
    let mut phase = fixture.journal.phase();
    phase.constant_set("a", "v1.a".into());
    phase.constant_set("b", "v1.c".into());
    let activity = phase.activity(json!({"type": "created"}));
    assert_eq!((activity.uuid.len(), activity.uuid.as_bytes()[14]), (36, b'4'));
    let names = |phase: &Phase| {
        let constants = phase.constants().unwrap().into_iter();
        constants.map(|c| (c.name, c.sealed)).collect::<Vec<_>>()
    };
    let pair = |name: &str, sealed: &str| (name.to_owned(), sealed.to_owned());
    assert_eq!(names(&phase), [pair("a", "v1.a"), pair("b", "v1.c")]);
    assert_eq!(names(&fixture.journal.phase()), [pair("b", "v1.b")]);
    fixture.journal.write(phase).unwrap();
    assert_eq!(fixture.store.activities(&[], Paging::new(1, 20, 0)).unwrap().results, [activity]);
}

#[derive(Debug, Clone)]
enum Act {
    Insert(i64),
    Update(usize, i64),
    Delete(usize),
    Mark,
    Rollback,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0i64..5).prop_map(Act::Insert),
        3 => (0usize..12, -2i64..3).prop_map(|(place, by)| Act::Update(place, by)),
        2 => (0usize..12).prop_map(Act::Delete),
        1 => Just(Act::Mark),
        1 => Just(Act::Rollback),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a phase reads before its commit is what the store returns after it.
    #[test]
    fn a_phase_shows_what_its_commit_will_make(
        before in prop::collection::vec(0i64..5, 0..8),
        acts in prop::collection::vec(act(), 0..20),
        wanted in 0i64..5,
    ) {
        let fixture = fixture();
        let mut setup = fixture.journal.phase();
        let insert = |phase: &mut Phase, n: i64| phase.insert(Draft::new("t", map(json!({"n": n}))));
        let mut ids: Vec<_> = before.iter().map(|n| insert(&mut setup, *n).unwrap().id).collect();
        fixture.journal.write(setup).unwrap();
        let mut phase = fixture.journal.phase();
        let mut marks = Vec::new();
        for act in acts {
            match act {
                Act::Insert(n) => ids.push(insert(&mut phase, n).unwrap().id),
                Act::Update(place, by) if place < ids.len() => {
                    let changes = vec![("n".to_owned(), Change::Increment(by))];
                    let at = fixture.journal.now();
                    let (user_id, external_id) = (None, (by > 0).then(|| by.to_string()));
                    let id = ids[place];
                    let _ = phase.apply(RecordUpdate { id, changes, user_id, external_id, at });
                }
                Act::Delete(place) if place < ids.len() => drop(phase.delete(ids[place])),
                Act::Mark => marks.push(phase.mark()),
                Act::Rollback => marks.pop().into_iter().for_each(|mark| phase.rollback_to(mark)),
                _ => {}
            }
            fixture.clock.advance(1);
        }
        let sort = |by: Subject, descending| vec![Sort { by, descending }];
        let n = || Subject::Property("n".into());
        let queries = [
            RecordQuery::table("t"),
            RecordQuery::table("t").with("n", wanted),
            RecordQuery { per_page: 2, page: 2, sort: sort(n(), true), ..RecordQuery::table("t") },
            RecordQuery { per_page: 3, sort: sort(Subject::UpdatedAt, false), ..RecordQuery::default() },
            RecordQuery { deleted: store::query::Deleted::Only, ..RecordQuery::table("t") },
        ];
        let shown: Vec<_> = queries.iter().map(|query| phase.records(query).unwrap()).collect();
        fixture.journal.write(phase).unwrap();
        for (query, shown) in queries.iter().zip(shown) {
            prop_assert_eq!(fixture.store.records(query).unwrap(), shown, "{:?}", query);
        }
    }
}

#[test]
fn what_fails_too_often_is_discarded_with_its_reason_and_waiting_is_not_an_attempt() {
    let fixture = fixture();
    let event = Intent::new("webhook_event", "charge.refunded", json!({})).keyed("-:evt_1");
    let id = fixture.journal.enqueue(event, fixture.journal.now()).unwrap().id;
    let mut execution = fixture.store.execution(&id).unwrap().unwrap();
    let wait = SignedDuration::from_secs(1);
    for _ in 0..5 {
        let run = fixture.journal.resume(execution).unwrap();
        execution = fixture.journal.wait(run, "too early", wait).unwrap();
        assert_eq!((execution.state, execution.attempt), (State::Retryable, 0));
    }
    for attempt in 1..3 {
        let run = fixture.journal.resume(execution).unwrap();
        execution = fixture.journal.retry_or_discard(run, "no such filter", 3).unwrap();
        assert_eq!((execution.state, execution.attempt), (State::Retryable, attempt));
    }
    let run = fixture.journal.resume(execution).unwrap();
    let last = fixture.journal.retry_or_discard(run, "no such filter", 3).unwrap();
    assert_eq!(last.state, State::Discarded);
    assert!(last.error.unwrap().contains("no such filter"));
    let again = fixture.journal.replay(&last.id).unwrap();
    assert_eq!(again.state, State::Available, "an operator claims it again");
}

#[test]
fn a_clock_that_is_set_back_strands_nothing() {
    let fixture = fixture();
    let claimed = |queue| fixture.journal.claim_due(queue, 10).unwrap();
    let keyed = |key: &str| Intent::new("webhook_event", "charge.refunded", json!({})).keyed(key);
    // While the clock is an hour ahead: one runs, one waits for a retry, one has just arrived, and
    // a job is to run in two hours.
    fixture.clock.advance(3600);
    assert!(claimed(Queue::Local).is_empty() && claimed(Queue::Gateway).is_empty());
    let running = new(fixture.journal.begin(payment(500), Some(call("amount=500"))));
    let unknown = Intent::new("request_type", "create_payment", json!({})).keyed("key-2");
    let unknown = new(fixture.journal.begin(unknown, Some(call("amount=600"))));
    let unknown = fixture.journal.unknown(unknown, "no answer").unwrap();
    fixture.journal.enqueue(keyed("evt_1"), fixture.journal.now()).unwrap();
    let later = fixture.journal.now() + SignedDuration::from_hours(2);
    fixture.journal.enqueue(keyed("evt_later"), later).unwrap();

    fixture.clock.advance(-3600);
    let operator = fixture.journal.discard(&running.execution().id, "by hand");
    assert!(operator.is_ok(), "an operator can always decide: {operator:?}");
    let events = claimed(Queue::Local);
    let keys: Vec<_> = events.iter().map(|run| run.execution().idempotency_key.clone()).collect();
    assert_eq!(keys, [Some("evt_1".to_owned())], "the job waits its two hours");
    let sent = claimed(Queue::Gateway);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].execution().id, unknown.id);
    fixture.clock.advance(2 * 3600 + 1);
    let events = claimed(Queue::Local);
    assert!(
        events.iter().any(|run| run.execution().idempotency_key.as_deref() == Some("evt_later"))
    );
}

#[test]
fn events_of_one_object_keep_their_order_over_a_clock_that_is_set_back() {
    let fixture = fixture();
    let arrive = |key: &str| {
        let intent = Intent::new("webhook_event", "account.updated", json!({})).keyed(key);
        let entry = fixture.journal.enqueue(intent.ordered("-:acct_1"), fixture.journal.now());
        entry.unwrap().id
    };
    let mut arrived = Vec::new();
    for (key, moved) in [("evt_1", 0), ("evt_2", -3600), ("evt_3", -1), ("evt_4", 7200)] {
        fixture.clock.advance(moved);
        arrived.push(arrive(key));
    }
    let mut processed = Vec::new();
    for _ in 0..arrived.len() {
        let due = fixture.journal.claim_due(Queue::Local, 10).unwrap();
        assert_eq!(due.len(), 1, "one at a time");
        for run in due {
            processed.push(run.execution().id.clone());
            let phase = fixture.journal.phase();
            fixture.journal.finish(run, None, phase, State::Completed, json!({})).unwrap();
        }
    }
    assert_eq!(processed, arrived);
}

#[test]
fn a_lease_further_away_than_a_lease_can_be_has_expired() {
    let fixture = fixture();
    fixture.clock.advance(3600);
    let run = new(fixture.journal.begin(payment(500), Some(call("amount=500"))));
    fixture.clock.advance(-3600);
    // A process that begins now knows only what the database says.
    let journal = Journal::new(Arc::clone(&fixture.store), Arc::clone(&fixture.clock) as _);
    let claimed = journal.claim_due(Queue::Gateway, 10).unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].execution().id, run.execution().id);
    // The one that held it notices.
    let lost =
        fixture.journal.finish(run, None, fixture.journal.phase(), State::Completed, json!({}));
    assert!(is_gone(lost));
}
