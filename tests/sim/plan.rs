//! A run as a plan: small actions that proptest generates and shrinks, and the checks at its end.

use crate::fault::{CommitFault, WireFault};
use crate::harness::{Harness, OPERATIONS, amount};
use crate::stripe::Ledger;
use proptest::prelude::*;
use sluicegate::gateway::outcome::{Outcome, State as OutcomeState};
use sluicegate_store::execution::State;

/// One action.
#[derive(Debug, Clone)]
pub enum Action {
    /// A client calls an operation, for the first time or again.
    Ask(usize, Vec<WireFault>, Option<(u8, CommitFault)>),
    /// The worker polls for due work.
    Work(Vec<WireFault>, Option<(u8, CommitFault)>),
    /// Time passes.
    Wait(i64),
    /// An operator retries an operation.
    Operator(usize),
    /// Others use the same Stripe account.
    Elsewhere,
}

/// Generates plans.
pub fn plans() -> impl Strategy<Value = Vec<Action>> {
    proptest::collection::vec(action(), 1..14)
}

fn action() -> impl Strategy<Value = Action> {
    let http_client = || proptest::collection::vec(http_client(), 0..4);
    let commit = || proptest::option::weighted(0.35, (0_u8..4, commit()));
    prop_oneof![
        5 => (0..OPERATIONS.len(), http_client(), commit()).prop_map(|(one, w, c)| Action::Ask(one, w, c)),
        4 => (http_client(), commit()).prop_map(|(w, c)| Action::Work(w, c)),
        4 => prop::sample::select(vec![40_i64, 40, 70, 3600, 22 * 3600, 25 * 3600]).prop_map(Action::Wait),
        1 => (0..OPERATIONS.len()).prop_map(Action::Operator),
        1 => Just(Action::Elsewhere),
    ]
}

fn http_client() -> impl Strategy<Value = WireFault> {
    use WireFault as F;
    prop::sample::select(vec![
        F::RequestLost,
        F::AnswerLost,
        F::TakesEffectLater,
        F::BreaksAfterEffect,
        F::BreaksBefore,
        F::TooMany,
        F::InUse,
        F::DiesBefore,
        F::DiesAfter,
        F::Stalls,
        F::StallsBefore,
    ])
}

fn commit() -> impl Strategy<Value = CommitFault> {
    use CommitFault as F;
    prop::sample::select(vec![F::DiesBefore, F::DiesAfter, F::AnswerLost, F::Refused])
}

/// Carries out a plan.
///
/// # Errors
/// The promise that was broken.
pub fn live(plan: &[Action]) -> Result<u64, String> {
    let harness = Harness::new();
    let mut told: Vec<(usize, Outcome)> = Vec::new();
    let mut asked = [false; OPERATIONS.len()];
    for action in plan {
        harness.expect(&[], None);
        match action {
            Action::Ask(operation, http_client, commit) => {
                asked[*operation] = true;
                harness.expect(http_client, *commit);
                told.extend(harness.ask(*operation).map(|outcome| (*operation, outcome)));
            }
            Action::Work(http_client, commit) => {
                harness.expect(http_client, *commit);
                harness.work();
            }
            Action::Wait(seconds) => harness.clock.advance(*seconds),
            Action::Operator(operation) => harness.operator(*operation),
            Action::Elsewhere => harness.stripe.happen_elsewhere(),
        }
    }
    // No more faults: everything must complete by itself.
    harness.expect(&[], None);
    for _ in 0..8 {
        harness.clock.advance(61);
        harness.work();
    }
    for operation in (0..OPERATIONS.len()).filter(|one| asked[*one]) {
        told.extend(harness.ask(operation).map(|outcome| (operation, outcome)));
        harness.clock.advance(61);
        harness.work();
        told.extend(harness.ask(operation).map(|outcome| (operation, outcome)));
    }
    promises(&harness, &told, &asked)?;
    Ok(harness.stripe.exchanges())
}

fn promises(harness: &Harness, told: &[(usize, Outcome)], asked: &[bool]) -> Result<(), String> {
    let (ledger, rows) = (harness.stripe.ledger(), harness.store.rows());
    if let Some(open) = rows.executions.iter().find(|one| !one.state.is_final()) {
        return Err(format!("P4: {} {:?} is {:?}", open.name, open.idempotency_key, open.state));
    }
    for operation in (0..OPERATIONS.len()).filter(|one| asked[*one]) {
        let name = OPERATIONS[operation];
        let effects = effects(&ledger, operation);
        if effects.len() > 1 {
            return Err(format!("P1: {name} took effect as {effects:?}"));
        }
        let answers: Vec<_> =
            told.iter().filter(|(of, _)| *of == operation).map(|(_, outcome)| outcome).collect();
        let last = answers.last().ok_or_else(|| format!("P4: {name} was told nothing"))?;
        for answer in &answers {
            let id = answer.gateway.as_ref().and_then(|one| one.id.clone());
            match answer.state {
                OutcomeState::Pending => {}
                OutcomeState::Completed if operation != 4 && effects.first() != id.as_ref() => {
                    return Err(format!("P2: {name} was told {id:?} and Stripe has {effects:?}"));
                }
                state if state != last.state => {
                    return Err(format!(
                        "P2: {name} was told {state:?}, and later {:?}",
                        last.state
                    ));
                }
                OutcomeState::Completed | OutcomeState::Declined => {}
                state => return Err(format!("P3: {name} was told {state:?}: {answer:?}")),
            }
        }
        let key = format!("key-{operation}");
        let held = rows.executions.iter().find(|one| one.idempotency_key.as_deref() == Some(&key));
        let discarded = held.is_some_and(|one| one.state == State::Discarded);
        // Only an undeterminable outcome is left to an operator.
        if last.state == OutcomeState::Pending && !(discarded && name == "create_credit_card") {
            return Err(format!("P4: {name} stays pending: {held:?}"));
        }
        let mapped = rows.records.iter().filter(|record| {
            let id = record.properties.get("gateway_id").and_then(|id| id.as_str());
            id.is_some() && id == effects.first().map(String::as_str)
        });
        let wanted = usize::from(last.state == OutcomeState::Completed && operation != 4);
        if mapped.count() != wanted {
            return Err(format!(
                "P3: {name} has {effects:?}, told {:?}, records {:?}",
                last.state, rows.records
            ));
        }
        if operation == 4
            && last.state == OutcomeState::Completed
            && rows.records[0].deleted_at.is_none()
        {
            return Err("P3: the account is gone and its record is not".to_owned());
        }
    }
    Ok(())
}

/// The ids of an operation's effects at Stripe; a declined charge is not an effect.
fn effects(ledger: &Ledger, operation: usize) -> Vec<String> {
    let of = |is: &dyn Fn(&serde_json::Value) -> bool| {
        let mine = ledger.objects.iter().filter(|(_, one)| is(one) && one["status"] != "failed");
        mine.filter_map(|(_, one)| one["id"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    match operation {
        3 => of(&|one| one["id"] == "ch_held" && one["captured"] == true),
        4 => Vec::new(),
        5 => of(&|one| one["source"] == "tok_once"),
        other => of(&|one| one["amount"] == amount(other)),
    }
}
