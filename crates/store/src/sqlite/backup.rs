//! A copy of the database while it is in use.

use super::{errors, open};
use crate::error::Error;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use sluicegate_failpoint::failpoint;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages copied before others get a turn: a megabyte.
const PAGES_AT_ONCE: i32 = 256;
const PAUSE: Duration = Duration::from_millis(1);

/// Copies the database at `from` to a new file `to`: as it stood at one moment, whole, and on disk
/// when this returns. What is being served goes on meanwhile.
///
/// # Errors
/// [`Error::Refused`] when there is a file at `to` already, or no database at `from`; otherwise
/// what the disk says. There is no file at `to` then.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if to.exists() {
        return Err(Error::Refused(format!("{} is there already", to.display())));
    }
    if !from.is_file() {
        return Err(Error::Refused(format!("there is no database at {}", from.display())));
    }
    let half = half(to);
    let copied = write(from, &half).and_then(|()| {
        // Never over a file that appeared meanwhile: a link fails where a rename replaces.
        failpoint!("backup_before_link");
        fs::hard_link(&half, to).map_err(|error| broken(to, &error))?;
        failpoint!("backup_after_link");
        sync_folder(to)
    });
    let removed = fs::remove_file(&half);
    copied?;
    removed.map_err(|error| broken(&half, &error))
}

fn write(from: &Path, half: &Path) -> Result<(), Error> {
    if half.exists() {
        fs::remove_file(half).map_err(|error| broken(half, &error))?;
    }
    open::make_private(half)?;
    let source = open::reader(from)?;
    // One read transaction: otherwise every commit of a busy server would begin the copy anew.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;").map_err(errors::of)?;
    let mut target =
        Connection::open_with_flags(half, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(errors::of)?;
    Backup::new(&source, &mut target)
        .and_then(|backup| backup.run_to_completion(PAGES_AT_ONCE, PAUSE, None))
        .map_err(errors::of)?;
    drop(target);
    let file = File::open(half).map_err(|error| broken(half, &error))?;
    file.sync_all().map_err(|error| broken(half, &error))
}

fn half(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn sync_folder(file: &Path) -> Result<(), Error> {
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let opened = File::open(folder).and_then(|folder| folder.sync_all());
    opened.map_err(|error| broken(folder, &error))
}

fn broken(path: &Path, error: &std::io::Error) -> Error {
    Error::Broken(format!("{}: {error}", path.display()))
}
