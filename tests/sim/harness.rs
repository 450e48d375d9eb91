//! The real journal and gateway over the models: one harness per plan.

use crate::fault::{CommitFault, Death, WireFault};
use crate::store::Model;
use crate::stripe::Stripe;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};
use sluicegate::clock::{Clock, ManualClock};
use sluicegate::gateway::outcome::Outcome;
use sluicegate::gateway::request_type_call::RequestTypeCall;
use sluicegate::gateway::runner::Runner;
use sluicegate::gateway::stripe::Stripe as StripeGateway;
use sluicegate::gateway::target::Target;
use sluicegate::gateway::transport::{RetryPolicy, Transport};
use sluicegate::journal::begin::Journal;
use sluicegate::journal::buffer::Buffer;
use sluicegate::journal::phase::Phase;
use sluicegate::journal::scripted_run::ScriptedRun;
use sluicegate::template::host::{FormCall, GraphqlCall, Host, LogEntry};
use sluicegate::template::render::Templates;
use sluicegate::template::renderer::Renderer;
use sluicegate::template::request_context::RequestContext;
use sluicegate_module::catalog::Catalog;
use sluicegate_secret::InstanceKey;
use sluicegate_store::contract::Store;
use sluicegate_store::execution::Queue;
use sluicegate_store::record::Record;
use sluicegate_store::write::Write;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{Arc, OnceLock};

const LEASE: SignedDuration = SignedDuration::from_secs(20);

/// The operations of a run, each under its own key.
pub const OPERATIONS: [&str; 6] = [
    "create_payment",
    "create_payment",
    "create_transfer",
    "capture_payment",
    "delete_account",
    "create_credit_card",
];

/// A host with its store, its Stripe and its clock.
pub struct Harness {
    pub store: Arc<Model>,
    pub stripe: Arc<Stripe>,
    pub clock: Arc<ManualClock>,
    journal: Journal,
    transport: Transport,
    key: InstanceKey,
}

/// The modules, loaded once for all runs.
fn written() -> &'static (Arc<Catalog>, Templates) {
    static WRITTEN: OnceLock<(Arc<Catalog>, Templates)> = OnceLock::new();
    WRITTEN.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let catalog = Arc::new(Catalog::load(root, &|_| Some("sk_test_simulation".to_owned())));
        let templates = Templates::new(Arc::clone(&catalog));
        (catalog, templates)
    })
}

impl Harness {
    pub fn new() -> Arc<Self> {
        let start: Timestamp = "2026-03-10T12:00:00Z".parse().expect("a timestamp");
        let clock = Arc::new(ManualClock::at(start));
        let (store, stripe) =
            (Arc::new(Model::default()), Arc::new(Stripe::new(Arc::clone(&clock))));
        let (rows, time): (Arc<dyn Store>, Arc<dyn Clock>) = (store.clone(), clock.clone());
        let journal = Journal::new(rows, time).with_lease(LEASE);
        let transport = Transport::over(
            stripe.clone(),
            Target::live(&StripeGateway, Vec::new()),
            RetryPolicy::default(),
        );
        let key = InstanceKey::random();
        let harness = Arc::new(Self { store, stripe, clock, journal, transport, key });
        harness.stripe.meet(Arc::downgrade(&harness));
        harness.stripe.seed();
        let account = Map::from_iter([("gateway_id".to_owned(), json!("acct_1"))]);
        let record = Record::new(1, "modules/payments/account", account, start);
        harness.store.commit(vec![Write::RecordInsert(record)]).expect("furnished");
        harness
    }

    /// A client calls, always with the same key; `None` when the host crashed or failed.
    pub fn ask(&self, operation: usize) -> Option<Outcome> {
        let amount = amount(operation);
        let data = match operation {
            1 => json!({ "amount": amount, "currency": "usd", "source": "tok_chargeDeclined" }),
            0 => json!({ "amount": amount, "currency": "usd", "source": "tok_visa" }),
            2 => json!({ "amount": amount, "currency": "usd", "destination": "acct_1" }),
            3 => json!({ "gateway_id": "ch_held" }),
            4 => json!({ "gateway_id": "acct_1", "id": "1" }),
            _ => json!({ "customer_id": "cus_1", "source": "tok_once" }),
        };
        let Json::Object(data) = data else { unreachable!() };
        let submission = RequestTypeCall {
            name: OPERATIONS[operation].to_owned(),
            data,
            idempotency_key: Some(format!("key-{operation}")),
            ..RequestTypeCall::default()
        };
        let told = catch_death(|| self.gateway(|gateway| gateway.run(submission)));
        told.and_then(Result::ok)
    }

    /// The worker runs due work until a crash.
    pub fn work(&self) {
        catch_death(|| self.work_beside());
    }

    /// The same for another process, while this one stalls.
    pub fn work_beside(&self) {
        let Ok(due) = self.journal.pending(Queue::Gateway, 20) else { return };
        for execution in due {
            if let Ok(run) = self.journal.resume(execution) {
                let _ = self.gateway(|gateway| gateway.resume(run));
            }
        }
    }

    /// An operator retries every suspended execution.
    pub fn operator(&self, operation: usize) {
        let key = format!("key-{operation}");
        let held = self.store.execution_by_key("request_type", &key).expect("a model answers");
        if let Some(execution) = held {
            let _ = catch_death(|| self.journal.retry(&execution.id).map(drop));
        }
    }

    fn gateway<T>(&self, work: impl FnOnce(Runner<'_>) -> T) -> T {
        let (catalog, templates) = written();
        let request_context = RequestContext::new(Map::new());
        request_context.set_constants(catalog.secrets.iter().cloned().collect());
        let host =
            Alone { now: self.clock.now(), phase: RefCell::default(), run: RefCell::default() };
        work(Runner {
            catalog,
            renderer: Renderer { templates, request_context: &request_context, host: &host },
            journal: &self.journal,
            transport: &self.transport,
            key: &self.key,
            buffer: &host,
        })
    }

    /// Switches faults on or off.
    pub fn expect(&self, http_client: &[WireFault], commit: Option<(u8, CommitFault)>) {
        self.stripe.expect(http_client);
        self.store.break_commit(commit);
    }
}

/// The amount identifies an operation.
pub fn amount(operation: usize) -> i64 {
    500 + i64::try_from(operation).expect("few")
}

/// Runs until the end or a simulated crash; other panics are bugs.
fn catch_death<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => Some(value),
        Err(panic) if panic.is::<Death>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// A host whose queries return nothing.
struct Alone {
    now: Timestamp,
    phase: RefCell<Option<Phase>>,
    run: RefCell<Option<ScriptedRun>>,
}

impl Host for Alone {
    fn graphql(&self, _: GraphqlCall) -> Json {
        json!({ "records": { "results": [] } })
    }

    fn include_form(&self, call: FormCall) -> Result<String, String> {
        Err(format!("no form {}", call.name))
    }

    fn log(&self, _: LogEntry) {}

    fn now(&self) -> Timestamp {
        self.now
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

impl Buffer for Alone {
    fn swap_phase(&self, phase: Option<Phase>) -> Option<Phase> {
        self.phase.replace(phase)
    }

    fn swap_run(&self, run: Option<ScriptedRun>) -> Option<ScriptedRun> {
        self.run.replace(run)
    }
}
