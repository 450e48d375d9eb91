//! A copy of the database while it is in use.

use super::{errors, open};
use crate::error::{Error, Reason};
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use sluicegate_failpoint::failpoint;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Pages copied in one step, before a pause: a megabyte.
const PAGES_PER_STEP: i32 = 256;
const PAUSE: Duration = Duration::from_millis(1);

/// Copies one snapshot of the database at `from` to a new file `to`, which is on disk when this
/// returns. Reads and commits continue meanwhile.
///
/// # Errors
/// [`Error::Refused`] when `to` exists, or `from` does not; otherwise an error of the disk. Then
/// there is no file at `to`.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    if to.exists() {
        return Err(Error::Refused(format!("{} already exists", to.display()).into()));
    }
    if !from.is_file() {
        return Err(Error::Refused(format!("{} does not exist", from.display()).into()));
    }
    let part = part(to);
    let copied = write(from, &part).and_then(|()| {
        // Does not overwrite a file that appeared meanwhile: a link fails where a rename replaces.
        failpoint!("backup_before_link");
        fs::hard_link(&part, to).map_err(|error| broken(to, error))?;
        failpoint!("backup_after_link");
        sync_folder(to)
    });
    let removed = fs::remove_file(&part);
    copied?;
    removed.map_err(|error| broken(&part, error))
}

fn write(from: &Path, part: &Path) -> Result<(), Error> {
    if part.exists() {
        fs::remove_file(part).map_err(|error| broken(part, error))?;
    }
    open::make_private(part)?;
    let source = open::reader(from)?;
    // One read transaction: otherwise every commit of a busy server would restart the copy.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;").map_err(errors::of)?;
    let mut target =
        Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(errors::of)?;
    Backup::new(&source, &mut target)
        .and_then(|backup| backup.run_to_completion(PAGES_PER_STEP, PAUSE, None))
        .map_err(errors::of)?;
    drop(target);
    let file = File::open(part).map_err(|error| broken(part, error))?;
    file.sync_all().map_err(|error| broken(part, error))
}

fn part(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn sync_folder(file: &Path) -> Result<(), Error> {
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let opened = File::open(folder).and_then(|folder| folder.sync_all());
    opened.map_err(|error| broken(folder, error))
}

fn broken(path: &Path, error: std::io::Error) -> Error {
    Error::Broken(Reason::of(error).with_prefix(path.display()))
}
