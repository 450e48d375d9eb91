//! The witness: at the time of each promise, a disk with only the synced data must keep it.

use crate::disk::{Cut, Disk};
use crate::life::Lived;
use crate::promises::{Promise, promises};
use crate::trace::{Call, Event};
use rusqlite::Connection;
use std::collections::BTreeMap;
use tempfile::TempDir;

/// Replays the trace; returns how much was checked.
///
/// # Errors
/// The first promise that was not kept.
pub fn witness(lived: &Lived, events: &[Event]) -> Result<String, String> {
    let mut disk = Disk::new(&lived.root);
    let mut opened: Option<(u64, TempDir, Connection)> = None;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        if let Event::Begin(_, call) = event {
            if let Call::Unread { line } = call {
                return Err(format!("the trace has a call that this cannot read: {line}"));
            }
            if let Some(debt) = promises(call, lived)? {
                if opened.as_ref().is_none_or(|(version, ..)| *version != disk.version) {
                    let (folder, database) = open(&disk)?;
                    opened = Some((disk.version, folder, database));
                }
                let (_, _, database) = opened.as_ref().expect("it was opened a moment ago");
                debt.is_paid(database)?;
                *seen.entry(name(&debt)).or_default() += 1;
            }
        }
        disk.follow(event);
    }
    let count = |name: &str| seen.get(name).copied().unwrap_or_default();
    for name in ["completed", "kept", "sent"] {
        if count(name) == 0 {
            return Err(format!("nothing was {name}: this has witnessed nothing ({seen:?})"));
        }
    }
    Ok(format!(
        "{} bytes-on-the-wire moments, each after its sync: {seen:?}",
        seen.values().sum::<usize>()
    ))
}

fn open(disk: &Disk) -> Result<(TempDir, Connection), String> {
    let folder = in_memory()?;
    disk.write_to(folder.path(), Cut::Drops).map_err(|e| e.to_string())?;
    let path = folder.path().join("data/sluicegate.db");
    if !path.exists() {
        return Err("a debt was made, and no database is on disk".to_owned());
    }
    let database = Connection::open(path).map_err(|e| e.to_string())?;
    Ok((folder, database))
}

/// A folder for an image, in memory if possible.
pub fn in_memory() -> Result<TempDir, String> {
    let shm = std::path::Path::new("/dev/shm");
    let made = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() };
    made.map_err(|e| e.to_string())
}

fn name(debt: &Promise) -> &'static str {
    match debt {
        Promise::Kept { .. } => "kept",
        Promise::Sent { .. } => "sent",
        Promise::Answered { state, .. } => match state.as_str() {
            "completed" => "completed",
            "declined" => "declined",
            _ => "pending",
        },
    }
}
