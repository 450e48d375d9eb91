//! Forgets a customer: removes personal data and keeps the books.
//!
//! Modules say what is personal: `personal: true` at a property of a table or a parameter of an
//! API call. Executions go first and records last: what finds the rest is there until the end, so
//! that a run that died is simply repeated.

use crate::app::retention::bare_outcome;
use crate::app::runtime::Runtime;
use crate::app::{job_queue, record_form, replay};
use crate::gateway::{call, reply, secret_params};
use crate::journal::finish::REDUCED_AT;
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::catalog::Catalog;
use sluicegate_module::param::SecretPart;
use sluicegate_module::table::{Property, PropertyKind, Table};
use sluicegate_store::error::Error as StoreError;
use sluicegate_store::execution::{Execution, Step};
use sluicegate_store::kind::ExecutionKind;
use sluicegate_store::query::{Deleted, Filter, Op, RecordQuery, Subject};
use sluicegate_store::record::{Record, RecordId, RecordUpdate};
use sluicegate_store::write::Write;
use std::collections::{BTreeMap, BTreeSet};

/// The number of executions or records changed in one commit.
const BATCH: u32 = 100;
/// What is sealed in executions and steps: submitted forms, jobs, calls with secret parameters,
/// and the results of steps.
const SEALED: [&str; 6] = [
    record_form::PLACE,
    job_queue::PLACE,
    replay::PLACE,
    reply::SEAL_PLACE,
    call::SEALED_CALL,
    secret_params::PLACE,
];
/// A shorter id would be found by chance.
const ID_CHARS_MIN: usize = 6;
/// What the books need of an object in an event.
const BOOKS: [&str; 16] = [
    "id",
    "object",
    "amount",
    "amount_captured",
    "amount_refunded",
    "application_fee",
    "application_fee_amount",
    "balance_transaction",
    "charge",
    "created",
    "currency",
    "customer",
    "fee",
    "payment_intent",
    "status",
    "paid",
];

/// Why a customer was not forgotten.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The id cannot be one.
    #[error("`{0}` is not the id of a customer; expected one such as cus_NffrFeUfNV2Hib")]
    Id(String),
    /// Executions of the customer are not finished.
    #[error(
        "{} of the customer not finished: {}; let them end, or discard them, then ask again",
        if .0.len() == 1 { "an execution is" } else { "executions are" },
        .0.join(", ")
    )]
    Open(Vec<String>),
    /// The database failed. What was done until then stays done: ask again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was forgotten, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Records by table.
    pub records: BTreeMap<String, u64>,
    /// Executions by kind.
    pub executions: BTreeMap<String, u64>,
}

/// Forgets the customer with this id at the gateway. A dry run only counts.
///
/// # Errors
/// [`Error`].
pub fn forget(runtime: &Runtime, customer: &str, dry_run: bool) -> Result<Forgotten, Error> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if customer.len() < ID_CHARS_MIN || !customer.chars().all(is_word) {
        return Err(Error::Id(customer.to_owned()));
    }
    let instance = runtime.instance();
    let catalog = &instance.catalog;
    let mut forget =
        Forget { runtime, catalog, at: runtime.clock.now(), addresses: BTreeSet::new() };
    let records = forget.records(customer)?;
    let addresses = forget.addresses_in(&records);
    forget.addresses.clone_from(&addresses);
    let mut terms = vec![customer.to_owned()];
    terms.extend(addresses.iter().cloned());
    // Events about what the customer paid may have a name in them, and not the customer's id.
    let ids = records.iter().filter_map(|record| record.properties.get("gateway_id")?.as_str());
    terms.extend(ids.filter(|id| id.len() >= ID_CHARS_MIN).map(str::to_owned));
    let executions = forget.executions(&terms)?;
    let open: Vec<_> =
        executions.values().filter(|(one, _)| !one.state.is_final()).map(|(one, _)| one).collect();
    if !open.is_empty() {
        let named = |one: &&Execution| format!("{} ({}, {})", one.id, one.name, one.state.name());
        return Err(Error::Open(open.iter().map(named).collect()));
    }
    let mut forgotten = Forgotten::default();
    for (execution, _) in executions.values() {
        *forgotten.executions.entry(execution.kind.clone()).or_default() += 1;
    }
    // The customer's own records come last: they have the addresses that find the others.
    let mut blanks = forget.with_address(&addresses, &records)?;
    blanks.extend(records.iter().filter_map(|record| forget.blank_of(record)));
    for blank in &blanks {
        *forgotten.records.entry(blank.table.clone()).or_default() += 1;
    }
    if !dry_run {
        forget.forget_texts(&terms)?;
        forget.reduce(executions.into_values())?;
        forget.blank(&blanks)?;
    }
    Ok(forgotten)
}

/// An execution, and whether a call of it has no answer.
type Found = (Execution, bool);

/// The properties of a record that become null.
struct Blank {
    id: RecordId,
    table: String,
    properties: Map<String, Json>,
}

struct Forget<'a> {
    runtime: &'a Runtime,
    catalog: &'a Catalog,
    at: Timestamp,
    /// The customer's e-mail addresses.
    addresses: BTreeSet<String>,
}

impl Forget<'_> {
    /// The records of tables with personal properties that name the customer, deleted ones too.
    fn records(&self, customer: &str) -> Result<Vec<Record>, Error> {
        let mut found = BTreeMap::new();
        for table in self.catalog.tables.values() {
            if !table.properties.iter().any(|property| property.personal) {
                continue;
            }
            let is_link = |kind| matches!(kind, PropertyKind::String | PropertyKind::Text);
            let links =
                table.properties.iter().filter(|p| is_link(p.kind) && !p.personal && !p.secret);
            for link in links {
                let page = self.with_value(table, &link.name, customer)?;
                found.extend(page.into_iter().map(|record| (record.id, record)));
            }
        }
        Ok(found.into_values().collect())
    }

    /// The records of a table, deleted ones too, with this value of a property.
    fn with_value(&self, table: &Table, name: &str, value: &str) -> Result<Vec<Record>, Error> {
        self.matching(RecordQuery::table(&table.name).with(name, value))
    }

    /// The records of a table, deleted ones too, with this value of a property in any case: a shop
    /// writes an address as it was typed. It reads all records that have the property.
    fn with_text(&self, table: &Table, name: &str, value: &str) -> Result<Vec<Record>, Error> {
        let mut query = RecordQuery::table(&table.name);
        let has_one = Filter::on(Subject::Property(name.to_owned()), Op::Exists(true));
        query.filters.push(has_one);
        let mut all = self.matching(query)?;
        all.retain(|record| {
            let text = record.properties.get(name).and_then(Json::as_str);
            text.is_some_and(|text| text.eq_ignore_ascii_case(value))
        });
        Ok(all)
    }

    fn matching(&self, query: RecordQuery) -> Result<Vec<Record>, Error> {
        // One after the other, because an index has each of them in order.
        let mut all = Vec::new();
        for deleted in [Deleted::Exclude, Deleted::Only] {
            let query = RecordQuery { deleted, ..query.clone() };
            all.extend(self.runtime.store.records_all(&query)?);
        }
        Ok(all)
    }

    /// Other records with one of the addresses, such as the payments of a guest: the address goes,
    /// and nothing else, because the record may belong to somebody else.
    fn with_address(
        &self,
        addresses: &BTreeSet<String>,
        own: &[Record],
    ) -> Result<Vec<Blank>, Error> {
        let mut found = BTreeMap::new();
        for table in self.catalog.tables.values() {
            for property in table.properties.iter().filter(|property| property.personal) {
                for address in addresses {
                    for record in self.with_text(table, &property.name, address)? {
                        if own.iter().any(|one| one.id == record.id) {
                            continue;
                        }
                        let has_address =
                            |value: &Json| value.as_str().is_some_and(|t| self.has_address(t));
                        let names = record.properties.iter().filter(|(_, v)| has_address(v));
                        let properties = names.map(|(name, _)| (name.clone(), Json::Null));
                        let properties = properties.collect();
                        let blank = Blank { id: record.id, table: record.table, properties };
                        found.insert(blank.id, blank);
                    }
                }
            }
        }
        Ok(found.into_values().collect())
    }

    fn table(&self, record: &Record) -> Option<&Table> {
        self.catalog.table(&record.table)
    }

    /// The e-mail addresses in the records: they find what does not name the customer's id.
    fn addresses_in(&self, records: &[Record]) -> BTreeSet<String> {
        let personal = records.iter().flat_map(|record| {
            let table = self.table(record).into_iter();
            let properties = table.flat_map(|table| &table.properties).filter(|p| p.personal);
            properties.filter_map(|p| record.properties.get(&p.name)?.as_str())
        });
        let is_address = |text: &&str| {
            text.len() >= ID_CHARS_MIN && text.contains('@') && !text.contains(char::is_whitespace)
        };
        personal.filter(is_address).map(str::to_owned).collect()
    }

    /// The executions that contain one of the terms as a whole word, in clear or sealed.
    fn executions(&self, terms: &[String]) -> Result<BTreeMap<String, Found>, Error> {
        let store = &self.runtime.store;
        let mut all = BTreeMap::new();
        let sealed = "\"sealed\"".to_owned();
        for searched in terms.iter().chain([&sealed]) {
            let mut after = String::new();
            loop {
                let page = store.executions_containing(searched, &after, BATCH)?;
                let is_last = page.len() < BATCH as usize;
                for execution in page {
                    after.clone_from(&execution.id.0);
                    let steps = store.steps(&execution.id)?;
                    let is_migration = execution.kind == ExecutionKind::Migration.name();
                    let texts = self.texts(&execution, &steps);
                    let has = |term: &String| texts.iter().any(|text| has_word(text, term));
                    if !is_migration && terms.iter().any(has) {
                        let is_doubtful = steps.iter().any(|step| step.response.is_none());
                        all.insert(execution.id.0.clone(), (execution, is_doubtful));
                    }
                }
                if is_last {
                    break;
                }
            }
        }
        Ok(all)
    }

    /// What an execution and its steps say, also what is sealed in them.
    fn texts(&self, execution: &Execution, steps: &[Step]) -> Vec<String> {
        let own = [Some(&*execution.input), execution.outcome.as_deref()];
        let steps = steps.iter().flat_map(|step| [Some(&*step.request), step.response.as_deref()]);
        let mut texts: Vec<String> = execution.error.iter().cloned().collect();
        for value in own.into_iter().chain(steps).flatten() {
            texts.push(value.to_string());
            self.open(value, &mut texts);
        }
        texts
    }

    fn open(&self, value: &Json, texts: &mut Vec<String>) {
        let key = &self.runtime.config.instance_key;
        match value {
            Json::Object(map) => {
                if let Some(sealed) = map.get("sealed").and_then(Json::as_str) {
                    let opened = SEALED.iter().find_map(|place| key.open(place, sealed));
                    texts.extend(opened.map(|opened| opened.expose().to_owned()));
                }
                map.values().for_each(|value| self.open(value, texts));
            }
            Json::Array(items) => items.iter().for_each(|item| self.open(item, texts)),
            _ => {}
        }
    }

    fn reduce(&self, executions: impl Iterator<Item = Found>) -> Result<(), Error> {
        let mut writes = Vec::new();
        for (execution, is_doubtful) in executions {
            writes.push(Write::ExecutionReduce {
                input: self.input(&execution),
                outcome: Some(self.outcome(&execution, is_doubtful)),
                id: execution.id,
                at: self.at,
            });
            if writes.len() == BATCH as usize {
                self.runtime.store.commit(std::mem::take(&mut writes))?;
            }
        }
        Ok(self.runtime.store.commit(writes)?)
    }

    /// What is kept of an input.
    fn input(&self, execution: &Execution) -> Json {
        let input = &execution.input;
        let mut kept = json!({ REDUCED_AT: self.at.to_string() });
        for name in ["gateway", "user_id"] {
            if let Some(value) = input.get(name) {
                kept[name] = value.clone();
            }
        }
        if let Some(data) = input.get("data").and_then(Json::as_object) {
            kept["data"] = Json::Object(self.data(execution, data));
        }
        if let Some(event) = input.get("event") {
            let object = event.pointer("/data/object").and_then(Json::as_object);
            let object = object.map(|object| only(object, &BOOKS)).unwrap_or_default();
            let names = ["id", "type", "created", "livemode", "account", "object", "api_version"];
            let event = event.as_object().map(|event| only(event, &names)).unwrap_or_default();
            kept["event"] = Json::Object(event);
            kept["event"]["data"] = json!({ "object": object });
        }
        kept
    }

    /// Of the data of a call, the declared parameters that are plain values and not personal.
    fn data(&self, execution: &Execution, data: &Map<String, Json>) -> Map<String, Json> {
        let gateway = execution.input.get("gateway").and_then(Json::as_str);
        let call = self.catalog.api_call_of(&execution.name, gateway);
        let call = call.or_else(|| self.catalog.api_call(&execution.name));
        let params = call.and_then(|call| call.params.as_ref()).into_iter().flatten();
        let names: Vec<&str> = params
            .filter(|param| !param.personal && param.secret == SecretPart::None)
            .map(|param| param.name.as_str())
            .collect();
        self.without_addresses(only(data, &names))
    }

    /// What is left of values that are not personal by their name: an external id may be an
    /// address.
    fn without_addresses(&self, mut values: Map<String, Json>) -> Map<String, Json> {
        values.retain(|_, value| !value.as_str().is_some_and(|text| self.has_address(text)));
        values
    }

    fn has_address(&self, text: &str) -> bool {
        self.addresses.iter().any(|address| has_word(text, address))
    }

    fn outcome(&self, execution: &Execution, is_doubtful: bool) -> Json {
        let mut bare = bare_outcome(execution, is_doubtful);
        let record = execution.outcome.as_ref().and_then(|outcome| outcome.get("record"));
        let table = record.and_then(|record| record.get("table")?.as_str());
        let table = table.and_then(|table| self.catalog.table(table));
        let properties = record.and_then(|record| record.get("properties")?.as_object());
        if let (Some(table), Some(properties)) = (table, properties) {
            let kept = table.properties.iter().filter(|p| !p.personal && !p.secret);
            let kept: Vec<&str> = kept.map(|property| property.name.as_str()).collect();
            let kept = self.without_addresses(only(properties, &kept));
            bare["record"]["properties"] = Json::Object(kept);
        }
        bare
    }

    /// Deletes the sessions and activities that have one of the terms as a text.
    fn forget_texts(&self, terms: &[String]) -> Result<(), Error> {
        let forget =
            |term: &String| Write::ForgetText { text: Json::from(term.as_str()).to_string() };
        Ok(self.runtime.store.commit(terms.iter().map(forget).collect())?)
    }

    /// The personal properties of a record that have a value.
    fn blank_of(&self, record: &Record) -> Option<Blank> {
        let table = self.table(record).into_iter();
        let is_personal = |property: &&Property| {
            let value = record.properties.get(&property.name).filter(|value| !value.is_null());
            let text = value.and_then(Json::as_str);
            value.is_some() && (property.personal || text.is_some_and(|t| self.has_address(t)))
        };
        let personal = table.flat_map(|table| &table.properties).filter(is_personal);
        let properties: Map<_, _> = personal.map(|p| (p.name.clone(), Json::Null)).collect();
        let (id, table) = (record.id, record.table.clone());
        Some(Blank { id, table, properties }).filter(|blank| !blank.properties.is_empty())
    }

    fn blank(&self, blanks: &[Blank]) -> Result<(), Error> {
        for batch in blanks.chunks(BATCH as usize) {
            let update = |blank: &Blank| {
                let update = RecordUpdate::set(blank.id, blank.properties.clone(), self.at);
                Write::RecordUpdate(update)
            };
            self.runtime.store.commit(batch.iter().map(update).collect())?;
        }
        Ok(())
    }
}

/// The plain values of these names.
fn only(map: &Map<String, Json>, names: &[&str]) -> Map<String, Json> {
    let is_kept = |(name, value): &(&String, &Json)| {
        names.contains(&name.as_str()) && !value.is_object() && !value.is_array()
    };
    map.iter().filter(is_kept).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// True when the text has the term as a whole word, in any case: `cus_1` is not in `cus_12`.
fn has_word(text: &str, term: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    let (text, term) = (text.to_ascii_lowercase(), term.to_ascii_lowercase());
    text.match_indices(&term).any(|(at, _)| {
        !is_word(text[..at].chars().next_back()) && !is_word(text[at + term.len()..].chars().next())
    })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn an_id_is_found_as_a_whole_word() {
        for text in ["cus_12", "\"cus_12\"", "a=cus_12&b", "x/cus_12/y", "cus_123 cus_12", "CUS_12"]
        {
            assert!(has_word(text, "cus_12"), "{text}");
        }
        for text in ["cus_123", "xcus_12", "cus_12_3", ""] {
            assert!(!has_word(text, "cus_12"), "{text}");
        }
    }
}
