//! The append-only file that stores a sandbox's state over a restart.

use super::clock::Clock;
use super::error::Error;
use super::idempotency::{Answered, StoredAnswer};
use super::ledger::{Posting, is_internal};
use super::state::{Changes, Kind, SandboxState, Settings, Storage, Stored};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Appended bytes after which the file is rewritten without stale lines. A longer file is rewritten
/// when it has doubled: what is written stays proportional to what happened.
const APPENDED_BYTES_MIN: u64 = 48 * 1024 * 1024;

/// The open file.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Held as long as the state is in use; the system lets go of it when the process dies.
    _lock: File,
    /// The length of the file when it was rewritten, and what was appended since.
    rewritten: u64,
    appended: u64,
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// Files of older versions call it `world`.
    #[serde(alias = "world")]
    SandboxState {
        seed: String,
        counter: u64,
        clock: i64,
        settings: Settings,
    },
    Operation {
        counter: u64,
        put: Vec<Put>,
        removed: Vec<String>,
        key: Option<Key>,
    },
}

/// An idempotency key with its answer: on the same line as what was done under it.
#[derive(Serialize, Deserialize)]
struct Key {
    account: String,
    key: String,
    answer: StoredAnswer,
}

#[derive(Serialize, Deserialize)]
struct Put(String, Kind, String, Option<String>, u64, Box<RawValue>);

impl Line {
    fn operation(put: Vec<Put>, key: Option<Key>) -> Self {
        Self::Operation { counter: 0, put, removed: Vec::new(), key }
    }
}

impl Put {
    fn new(id: &str, stored: &Stored) -> Option<Self> {
        let object = RawValue::from_string(stored.json.to_string()).ok()?;
        let parent = stored.parent.as_deref().map(str::to_owned);
        Some(Self(id.into(), stored.kind, stored.account.to_string(), parent, stored.seq, object))
    }
}

impl Journal {
    /// Loads the state stored in `path`, or stores a new one there. Returns whether a state was
    /// stored before.
    pub fn open(
        path: &Path,
        new: impl FnOnce() -> SandboxState,
    ) -> Result<(SandboxState, bool), Error> {
        let data = |source| Error::Data { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(data)?;
        }
        let lock = lock(path)?;
        let mut state = new();
        if path.exists() {
            load(path, &mut state)?;
        }
        let was_stored = !state.objects.is_empty();
        let mut journal = Self {
            path: path.to_owned(),
            file: open(path).map_err(data)?,
            _lock: lock,
            rewritten: 0,
            appended: 0,
        };
        journal.try_rewrite(&state).map_err(data)?;
        state.storage = Some(Box::new(journal));
        Ok((state, was_stored))
    }

    fn append_changes(&mut self, changes: &Changes) {
        let mut put = Vec::new();
        let mut removed = Vec::new();
        for (id, stored) in &changes.objects {
            match stored {
                Some(stored) => put.extend(Put::new(id, stored)),
                None => removed.push(id.to_string()),
            }
        }
        let key = changes.answer.as_ref().map(|answered| Key {
            account: answered.account.to_string(),
            key: answered.key.clone(),
            answer: (*answered.answer).clone(),
        });
        self.write(&Line::Operation { counter: changes.counter, put, removed, key });
    }

    /// Writes the state to a new file and renames it over the old one.
    fn try_rewrite(&mut self, state: &SandboxState) -> std::io::Result<()> {
        let new = self.path.with_extension("new");
        // One that a kill left behind may have another mode.
        let _ = std::fs::remove_file(&new);
        let mut file = BufWriter::new(private().create_new(true).open(&new)?);
        write_line(&mut file, &head(state))?;
        let mut order: Vec<(&Arc<str>, &Stored)> = state.objects.iter().collect();
        order.sort_unstable_by_key(|(_, stored)| stored.seq);
        for (id, stored) in order {
            let put = Put::new(id, stored).into_iter().collect();
            write_line(&mut file, &Line::operation(put, None))?;
        }
        for (account, key, answer) in state.keys.answers() {
            let (account, key, answer) = (account.to_string(), key.to_owned(), (**answer).clone());
            let key = Some(Key { account, key, answer });
            write_line(&mut file, &Line::operation(Vec::new(), key))?;
        }
        file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        self.file = open(&self.path)?;
        (self.rewritten, self.appended) = (self.file.metadata()?.len(), 0);
        Ok(())
    }

    fn write(&mut self, line: &Line) {
        let mut bytes = Vec::new();
        // One write per line: a crash of the process tears at most the last one.
        let written = write_line(&mut bytes, line).and_then(|()| self.file.write_all(&bytes));
        self.appended += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.report(written);
    }

    fn report(&self, written: std::io::Result<()>) {
        if let Err(error) = written {
            let path = self.path.display();
            tracing::error!(%error, %path, "the sandbox cannot store its data");
        }
    }
}

impl Storage for Journal {
    fn append(&mut self, changes: &Changes) {
        self.append_changes(changes);
    }

    fn append_settings(&mut self, state: &SandboxState) {
        self.write(&head(state));
    }

    fn compact_when_due(&mut self, state: &SandboxState) {
        if self.appended > APPENDED_BYTES_MIN.max(self.rewritten) {
            self.rewrite(state);
        }
    }

    fn rewrite(&mut self, state: &SandboxState) {
        let written = self.try_rewrite(state);
        self.report(written);
    }
}

/// Keeps other processes from the state: the file itself is replaced when it is rewritten.
fn lock(path: &Path) -> Result<File, Error> {
    let data = |source| Error::Data { path: path.to_owned(), source };
    let beside = private().create(true).open(path.with_extension("lock")).map_err(data)?;
    match beside.try_lock() {
        Ok(()) => Ok(beside),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(data(source)),
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    private().create(true).append(true).open(path)
}

/// Options for a file that only its owner may read: it holds the secrets of webhook endpoints.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn head(state: &SandboxState) -> Line {
    Line::SandboxState {
        seed: state.seed.clone(),
        counter: state.counter,
        clock: state.clock.offset(),
        settings: state.settings.clone(),
    }
}

fn write_line(into: &mut impl Write, line: &Line) -> std::io::Result<()> {
    serde_json::to_writer(&mut *into, line)?;
    into.write_all(b"\n")
}

fn load(path: &Path, state: &mut SandboxState) -> Result<(), Error> {
    let data = |source| Error::Data { path: path.to_owned(), source };
    let mut lines =
        BufReader::new(File::open(path).map_err(data)?).split(b'\n').enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        let line = line.map_err(data)?;
        match serde_json::from_slice(&line) {
            Ok(line) => take(state, line),
            // A kill tears the last line; its request was never answered.
            Err(_) if lines.peek().is_none() => {}
            Err(_) => return Err(Error::Damaged { path: path.to_owned(), line: at + 1 }),
        }
    }
    let now = state.clock.now();
    let rows: Vec<Posting> =
        state.ids_everywhere(Kind::Transaction).filter_map(|id| posting(state, id)).collect();
    for posting in rows {
        state.ledger.post(&posting, now);
    }
    Ok(())
}

fn take(state: &mut SandboxState, line: Line) {
    match line {
        Line::SandboxState { seed, counter, clock, settings } => {
            state.instance = super::identifier::make("sbx_", &seed, 0);
            state.seed = seed;
            state.counter = state.counter.max(counter);
            state.clock = Clock::ahead(clock);
            state.settings = settings;
        }
        Line::Operation { counter, put, removed, key } => {
            state.counter = state.counter.max(counter);
            for Put(id, kind, account, parent, seq, object) in put {
                let parent = parent.map(Arc::from);
                let json = object.get().into();
                let stored = Stored { kind, account: account.into(), parent, seq, json };
                state.place(id.into(), Some(stored));
            }
            for id in removed {
                state.place(id.into(), None);
            }
            if let Some(Key { account, key, answer }) = key {
                let (account, answer) = (account.into(), Arc::new(answer));
                state.keys.finish(Answered { account, key, answer });
            }
        }
    }
}

/// The ledger entry of a stored balance transaction.
fn posting(state: &SandboxState, id: &str) -> Option<Posting> {
    let stored = state.stored(id)?;
    let row = stored.value();
    let fees = |kind: &str| -> i64 {
        let details = row["fee_details"].as_array().into_iter().flatten();
        details.filter(|fee| fee["type"] == kind).filter_map(|fee| fee["amount"].as_i64()).sum()
    };
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    Some(Posting {
        account: stored.account.clone(),
        currency: text("currency")?.into(),
        amount: row["amount"].as_i64()?,
        stripe_fee: fees("stripe_fee"),
        application_fee: fees("application_fee"),
        internal: is_internal(text("type")?),
        available_on: row["available_on"].as_i64()?,
    })
}
