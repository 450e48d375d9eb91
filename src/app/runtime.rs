//! The runtime: every part of the host, built once.

use crate::app::constants::{Constants, is_reserved};
use crate::app::database_log::DatabaseLog;
use crate::app::delivery_load::DeliveryLoad;
use crate::app::error::Error;
use crate::app::gateway_lanes::GatewayLanes;
use crate::app::instance::Instance;
use crate::app::rate_limit::{RateLimit, RateLimits};
use crate::app::readiness::Readiness;
use crate::app::scope::Scope;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, Database, Environment, Stripe};
use crate::gateway::contract::{FutureTimes, Gateway};
use crate::gateway::stripe::Stripe as StripeGateway;
use crate::gateway::target::{Allowed, Target};
use crate::gateway::transport::{RetryPolicy, Transport};
use crate::journal::begin::Journal;
use crate::webhook::deliveries::Deliveries;
use crate::webhook::inbox::Inbox;
use crate::webhook::secrets::Secrets;
use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, RwLock};
use serde_json::{Map, Value as Json, json};
use sluicegate_secret::{InstanceKey, Secret};
use sluicegate_store::contract::Store;
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::postgres::database::Postgres;
use sluicegate_store::sqlite::database::Sqlite;
use sluicegate_store::state::Constant;
use sluicegate_store::write::Write;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// The gateway of this build. A second one belongs next to `gateway/stripe/`.
const GATEWAY: &dyn Gateway = &StripeGateway;

/// The context that constants' values are sealed with.
const CONSTANT_PLACE: &str = "constants/value";

/// Longer than one attempt at the gateway. The lease is renewed before each further attempt, so
/// that two processes never send for one run, and a dead process's runs are claimed soon.
const LEASE: SignedDuration = SignedDuration::from_secs(20);

/// All parts of the host, built once and shared by all requests.
pub struct Runtime {
    /// The operator's settings.
    pub config: Config,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The database.
    pub store: Arc<dyn Store>,
    /// The only writer of executions.
    pub journal: Journal,
    /// The only sender of outbound calls.
    pub transport: Transport,
    /// The URL that replaces Stripe's, if any.
    pub stripe_url: Option<String>,
    /// Wakes the worker.
    pub wake: Notify,
    /// How many requests wait for the gateway.
    pub(super) gateway_lanes: GatewayLanes,
    /// Counts incoming webhook deliveries.
    pub delivery_load: DeliveryLoad,
    constants: Constants,
    stopping: AtomicBool,
    secrets: Secrets,
    /// Logs failures of the database once.
    pub database_log: DatabaseLog,
    /// The readiness check.
    pub readiness: Readiness,
    /// Counts delivery results, for the metrics page.
    pub deliveries: Deliveries,
    /// What each address may do that is not verified.
    pub rate_limits: RateLimits,
    instance: RwLock<Arc<Instance>>,
    /// Why indexes that the tables declare are missing.
    pub index_faults: Mutex<Vec<String>>,
}

impl Runtime {
    /// Opens the database, loads the instance, and connects the parts. `stripe_url` replaces
    /// Stripe's servers; the transport runs on `runtime`.
    ///
    /// # Errors
    /// [`Error`] when the folder is not an instance, or the database or TLS is unavailable.
    /// Diagnostics of modules are not errors here: see [`Instance::diagnostics`].
    pub fn build(
        config: Config,
        stripe_url: Option<String>,
        runtime: Handle,
    ) -> Result<Arc<Self>, Error> {
        let root = &config.root;
        Instance::require(root)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = open(&config.database)?;
        check_key(&*store, &config.instance_key, clock.now())?;
        let journal = Journal::new(Arc::clone(&store), Arc::clone(&clock))
            .with_lease(LEASE / sluicegate_failpoint::time_scale().min(10).cast_signed());
        let hosts = config.outbound_hosts.iter().map(|entry| Allowed::parse(entry));
        let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        let target = match &stripe_url {
            Some(url) => Target::stand_in(GATEWAY, url, hosts)?,
            None => Target::live(GATEWAY, hosts),
        };
        let rate = match (&stripe_url, config.stripe_rate, config.is_live()) {
            (_, Some(rate), _) => (rate > 0.0).then_some(rate),
            (Some(_), None, _) => None,
            (None, None, livemode) => Some(GATEWAY.rate_per_second(livemode)),
        };
        let transport = Transport::new(target, runtime, RetryPolicy::default())?.with_rate(rate);
        let version = clock.now().as_millisecond();
        let instance = Instance::load(root, version, &|name| config.module_variable(name));
        Ok(Arc::new(Self {
            clock,
            store,
            journal,
            transport,
            stripe_url,
            wake: Notify::new(),
            delivery_load: DeliveryLoad::default(),
            constants: Constants::default(),
            stopping: AtomicBool::new(false),
            secrets: Secrets::default(),
            database_log: DatabaseLog::default(),
            readiness: Readiness::default(),
            deliveries: Deliveries::default(),
            rate_limits: RateLimits {
                forms: RateLimit::new(config.rates.forms),
                refused_webhooks: RateLimit::new(config.rates.refused_webhooks),
                sign_ins: RateLimit::new(config.rates.sign_ins),
            },
            gateway_lanes: GatewayLanes::default(),
            instance: RwLock::new(Arc::new(instance)),
            index_faults: Mutex::default(),
            config,
        }))
    }

    /// Asks the worker to begin nothing more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
    }

    /// True after [`Runtime::stop`].
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// The inbox of webhook events.
    pub fn inbox(&self) -> Inbox<'_> {
        Inbox {
            gateway: GATEWAY,
            clock: &*self.clock,
            journal: &self.journal,
            store: &*self.store,
            key: &self.config.instance_key,
            configured: &self.config.webhook_secrets,
            secrets: &self.secrets,
            future: match self.config.refuse_future_webhooks {
                true => FutureTimes::Refused,
                false => FutureTimes::Accepted,
            },
            deliveries: &self.deliveries,
        }
    }

    /// The currently loaded files.
    pub fn instance(&self) -> Arc<Instance> {
        Arc::clone(&self.instance.read())
    }

    /// Loads the files again. Requests in progress keep the state they began with.
    pub fn reload(&self) -> Arc<Instance> {
        let config = &self.config;
        let version = self.clock.now().as_millisecond();
        let variable = |name: &str| config.module_variable(name);
        let instance = Arc::new(Instance::load(&config.root, version, &variable));
        *self.instance.write() = Arc::clone(&instance);
        instance
    }

    /// A scope without a visitor, for commands and the worker.
    pub fn bare_scope(self: &Arc<Self>) -> Scope {
        let runtime = Arc::clone(self);
        Scope::made_by(move || runtime.bare_context())
    }

    fn bare_context(&self) -> Map<String, Json> {
        let url = self.public_url();
        let host = url.split("://").nth(1).unwrap_or("localhost");
        let context = json!({
            "params": {}, "headers": {}, "session": {}, "flash": {}, "current_user": null,
            "location": { "host": host, "href": "/", "url": host, "pathname": "/", "search": "" },
            "visitor": { "ip": "127.0.0.1" }, "language": "en",
            "environment": self.config.environment.name(),
        });
        context.as_object().cloned().unwrap_or_default()
    }

    /// The URL at which visitors reach the instance.
    pub fn public_url(&self) -> String {
        let address = || format!("http://{}", self.config.addr);
        self.config.public_url.clone().unwrap_or_else(address)
    }

    /// All constants for templates; stored ones override those of the environment.
    ///
    /// # Errors
    /// The store's.
    pub fn constants(&self, instance: &Instance) -> Result<BTreeMap<String, Secret>, StoreError> {
        let mut constants = instance.constants();
        let open = |one: Constant| {
            let value = self.config.instance_key.open(CONSTANT_PLACE, &one.sealed)?;
            Some((one.name, value))
        };
        let kept = self.constants.get(|| {
            let all = self.store.constants()?;
            Ok::<_, StoreError>(all.into_iter().filter_map(open).collect())
        })?;
        constants.extend(kept.iter().cloned());
        constants.retain(|name, _| !is_reserved(name));
        Ok(constants)
    }

    /// Seals a constant's value for a write, and bypasses the cache meanwhile.
    pub fn seal_constant(&self, value: &str) -> String {
        self.constants.written();
        self.config.instance_key.seal(CONSTANT_PLACE, value)
    }

    /// True in the development environment.
    pub fn is_development(&self) -> bool {
        self.config.environment == Environment::Development
    }

    /// True when the gateway is Stripe itself.
    pub fn is_live(&self) -> bool {
        self.config.stripe == Stripe::Live
    }
}

/// The name and plaintext of the constant that identifies a database's instance key.
const KEY_MARK: &str = "sluicegate/instance_key";

/// Refuses a database that was created with another instance key: neither could open what the other
/// sealed.
fn check_key(store: &dyn Store, key: &InstanceKey, now: Timestamp) -> Result<(), Error> {
    let marked = || -> Result<_, StoreError> {
        Ok(store.constants()?.into_iter().find(|constant| constant.name == KEY_MARK))
    };
    if marked()?.is_none() {
        let sealed = key.seal(KEY_MARK, KEY_MARK);
        let mark = Constant { name: KEY_MARK.to_owned(), sealed, updated_at: now };
        store.commit(vec![Write::ConstantSet(mark)])?;
    }
    // Read again: if two processes start at once, the last write wins.
    match marked()? {
        Some(mark) if key.open(KEY_MARK, &mark.sealed).is_none() => Err(Error::OtherKey),
        _ => Ok(()),
    }
}

fn open(database: &Database) -> Result<Arc<dyn Store>, Error> {
    Ok(match database {
        Database::Sqlite(path) => Arc::new(Sqlite::open(path)?),
        Database::Postgres(url) => Arc::new(Postgres::open(url)?),
    })
}
