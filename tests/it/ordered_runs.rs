//! The end of an ordered run claims the next of its order, in one commit.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use crate::support::journal::{Fixture, fixture};
use jiff::SignedDuration;
use serde_json::json;
use sluicegate::journal::error::Error;
use sluicegate::journal::intent::Intent;
use sluicegate::journal::run::Run;
use sluicegate::journal::successor::{Claimed, Successor};
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{ExecutionId, Queue, State};

/// Three events of one object, the first of them claimed; its end claims what comes after it.
fn ordered(fixture: &Fixture) -> (Run, Successor, Vec<ExecutionId>) {
    let arrive = |key: &str| {
        let intent = Intent::new("webhook_event", "account.updated", json!({})).keyed(key);
        fixture.journal.enqueue(intent.ordered("-:acct_1"), fixture.journal.now()).unwrap().id
    };
    let arrived = ["evt_1", "evt_2", "evt_3"].map(arrive).to_vec();
    let mut due = fixture.journal.claim_due(Queue::Local, 10).unwrap();
    let successor = Successor::default();
    (due.remove(0).with_successor(&successor), successor, arrived)
}

fn complete(fixture: &Fixture, run: Run) {
    let phase = fixture.journal.phase();
    fixture.journal.finish(run, None, phase, State::Completed, json!({})).unwrap();
}

/// The run that was claimed with the end of another.
fn claimed(fixture: &Fixture, successor: &Successor) -> Run {
    let Claimed::Next(next, lease_until) = successor.take() else { panic!("nothing was claimed") };
    fixture.journal.claimed_run(*next, lease_until).unwrap()
}

fn state(fixture: &Fixture, id: &ExecutionId) -> State {
    fixture.store.execution(id).unwrap().unwrap().state
}

#[test]
fn the_end_of_a_run_claims_the_next_of_its_order_in_the_same_commit() {
    let fixture = fixture();
    let (run, successor, arrived) = ordered(&fixture);
    let before = fixture.store.writer_stats().commits;
    complete(&fixture, run);
    assert_eq!(fixture.store.writer_stats().commits - before, 1);
    let second = claimed(&fixture, &successor);
    assert_eq!((&second.execution().id, second.execution().attempt), (&arrived[1], 1));
    assert_eq!(state(&fixture, &arrived[0]), State::Completed);
    assert_eq!(state(&fixture, &arrived[1]), State::Running);
    let due = fixture.journal.pending(Queue::Local, 10).unwrap();
    assert!(due.is_empty(), "it is held, and the third waits for it");
    // A run that is not over frees nothing.
    let second = second.with_successor(&successor);
    fixture.journal.retryable(second, "later", Some(SignedDuration::ZERO)).unwrap();
    assert!(matches!(successor.take(), Claimed::Unknown));
    assert_eq!(state(&fixture, &arrived[2]), State::Available);
    for expected in &arrived[1..] {
        let run = fixture.journal.claim_due(Queue::Local, 10).unwrap().remove(0);
        assert_eq!(&run.execution().id, expected);
        complete(&fixture, run.with_successor(&successor));
        match successor.take() {
            Claimed::Next(third, lease_until) => {
                let third = fixture.journal.claimed_run(*third, lease_until).unwrap();
                let wait = SignedDuration::ZERO;
                fixture.journal.wait(third, "given back", wait).unwrap();
            }
            Claimed::Nothing => assert_eq!(expected, &arrived[2], "only the last has none"),
            Claimed::Unknown => panic!("it has ended"),
        }
    }
}

#[test]
fn a_run_ends_also_when_its_successor_is_taken_or_must_wait() {
    let fixture = fixture();
    let (run, successor, arrived) = ordered(&fixture);
    // An operator opens an earlier one again while a later one runs.
    complete(&fixture, run);
    let second = claimed(&fixture, &successor);
    fixture.journal.replay(&arrived[0]).unwrap();
    complete(&fixture, second.with_successor(&successor));
    assert!(matches!(successor.take(), Claimed::Nothing), "the earlier one comes first");
    assert_eq!(state(&fixture, &arrived[2]), State::Available);
    let first = fixture.journal.claim_due(Queue::Local, 10).unwrap().remove(0);
    assert_eq!(first.execution().id, arrived[0]);
    // A runner that lost its execution neither ends it nor claims another.
    fixture.clock.advance(3600);
    let again = fixture.journal.claim_due(Queue::Local, 10).unwrap().remove(0);
    let phase = fixture.journal.phase();
    let lost = first.with_successor(&successor);
    let lost = fixture.journal.finish(lost, None, phase, State::Completed, json!({}));
    assert!(matches!(lost, Err(Error::Store(StoreError::Gone(_)))));
    assert!(matches!(successor.take(), Claimed::Unknown));
    assert_eq!(state(&fixture, &arrived[2]), State::Available);
    complete(&fixture, again.with_successor(&successor));
    let third = claimed(&fixture, &successor);
    assert_eq!(third.execution().id, arrived[2]);
}
