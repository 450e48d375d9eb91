//! A model of a disk: at a power cut, unsynced data is kept, dropped or torn at sectors, each write
//! independently; an unsynced name may be missing.

use crate::rng::Rng;
use crate::trace::{Call, Event};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

const SECTOR: usize = 512;

/// What a power cut does to unsynced writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// All are lost: the disk holds only what was synced.
    Drops,
    /// Each is kept, dropped or torn.
    Tears(u64),
}

/// Everything below one folder.
pub struct Disk {
    root: String,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    unsynced_names: Vec<Naming>,
    files: Vec<File>,
    places: HashMap<String, u64>,
    running: HashMap<u64, Running>,
    /// Grows with everything that becomes durable.
    pub version: u64,
}

#[derive(Clone)]
enum Naming {
    Put(String, usize),
    Gone(String),
}

#[derive(Default)]
struct File {
    is_folder: bool,
    length: u64,
    synced: Vec<u8>,
    unsynced: Vec<Change>,
}

struct Change {
    number: u64,
    has_ended: bool,
    /// Bytes at an offset, or the new length.
    what: Result<(u64, Vec<u8>), u64>,
}

enum Running {
    Names(Call),
    Change(usize),
    /// The file, and the changes that the sync will cover.
    Sync(usize, Vec<u64>, usize),
}

impl Disk {
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.display().to_string(),
            names: BTreeMap::new(),
            synced_names: BTreeMap::new(),
            unsynced_names: Vec::new(),
            files: Vec::new(),
            places: HashMap::new(),
            running: HashMap::new(),
            version: 0,
        }
    }

    /// Applies an event of the trace.
    pub fn follow(&mut self, event: &Event) {
        match event {
            Event::Begin(number, call) => self.begin(*number, call),
            Event::End(number, well) => self.end(*number, *well),
        }
    }

    fn is_ours(&self, path: &str) -> bool {
        // The index of the WAL is shared memory, rebuilt by whoever opens the WAL.
        path.starts_with(&self.root) && !path.ends_with("-shm")
    }

    fn begin(&mut self, number: u64, call: &Call) {
        let running = match call {
            Call::Write { fd, path, at, bytes } => {
                let Some(&file) = self.names.get(path) else { return };
                let place = self.places.entry(format!("{fd} {path}")).or_insert(0);
                let at = at.unwrap_or(*place);
                *place = at + bytes.len() as u64;
                self.files[file].length = self.files[file].length.max(*place);
                self.change(number, file, Ok((at, bytes.clone())))
            }
            Call::Truncate { path, length } => {
                let Some(&file) = self.names.get(path) else { return };
                self.files[file].length = *length;
                self.change(number, file, Err(*length))
            }
            Call::Sync { path } => {
                let root_itself = path == &self.root;
                let Some(file) =
                    self.names.get(path).copied().or(root_itself.then_some(usize::MAX))
                else {
                    return;
                };
                let ended = self.files.get(file).map(|file| {
                    file.unsynced.iter().filter(|one| one.has_ended).map(|one| one.number).collect()
                });
                Running::Sync(file, ended.unwrap_or_default(), self.unsynced_names.len())
            }
            Call::Send { .. } | Call::Unread { .. } => return,
            names => Running::Names(names.clone()),
        };
        self.running.insert(number, running);
    }

    fn change(&mut self, number: u64, file: usize, what: Result<(u64, Vec<u8>), u64>) -> Running {
        self.files[file].unsynced.push(Change { number, has_ended: false, what });
        Running::Change(file)
    }

    fn end(&mut self, number: u64, well: bool) {
        match self.running.remove(&number) {
            Some(Running::Change(file)) => {
                let changes = &mut self.files[file].unsynced;
                if let Some(change) = changes.iter_mut().find(|one| one.number == number) {
                    change.has_ended = true;
                }
                if !well {
                    changes.retain(|one| one.number != number);
                }
            }
            Some(Running::Sync(file, numbers, names)) if well => self.sync(file, &numbers, names),
            Some(Running::Names(call)) if well => self.name(&call),
            _ => {}
        }
    }

    fn sync(&mut self, file: usize, numbers: &[u64], names: usize) {
        self.version += 1;
        if let Some(file) = self.files.get_mut(file).filter(|file| !file.is_folder) {
            let (covered, left) =
                file.unsynced.drain(..).partition(|one: &Change| numbers.contains(&one.number));
            file.unsynced = left;
            for change in covered {
                apply(&mut file.synced, &change.what, |_| true);
            }
            return;
        }
        // A folder: the names that it had when the sync began.
        let folder = match self.names.iter().find(|(_, of)| **of == file) {
            Some((path, _)) => path.clone(),
            None => self.root.clone(),
        };
        let all = std::mem::take(&mut self.unsynced_names);
        for (place, naming) in all.into_iter().enumerate() {
            if place < names && parent(naming.path()) == folder {
                naming.apply(&mut self.synced_names);
            } else {
                self.unsynced_names.push(naming);
            }
        }
    }

    fn name(&mut self, call: &Call) {
        let mut note = |names: &mut BTreeMap<String, usize>, naming: Naming| {
            naming.apply(names);
            self.unsynced_names.push(naming);
        };
        match call {
            Call::Open { path, made, emptied } if path.starts_with(&self.root) => {
                if path.ends_with("-shm") {
                    return;
                }
                self.places.retain(|place, _| !place.ends_with(&format!(" {path}")));
                let known = self.names.get(path).copied();
                if known.is_none() && *made {
                    self.files.push(File::default());
                    note(&mut self.names, Naming::Put(path.clone(), self.files.len() - 1));
                }
                if let Some(file) = known.filter(|_| *emptied) {
                    let number = u64::MAX;
                    self.files[file].unsynced.push(Change {
                        number,
                        has_ended: true,
                        what: Err(0),
                    });
                }
            }
            Call::MakeFolder { path } if path.starts_with(&self.root) => {
                self.files.push(File { is_folder: true, ..File::default() });
                note(&mut self.names, Naming::Put(path.clone(), self.files.len() - 1));
            }
            Call::Unlink { path } if self.names.contains_key(path) => {
                note(&mut self.names, Naming::Gone(path.clone()));
            }
            Call::Rename { from, to } | Call::Link { from, to } => {
                let Some(&file) = self.names.get(from) else { return };
                note(&mut self.names, Naming::Put(to.clone(), file));
                if matches!(call, Call::Rename { .. }) {
                    note(&mut self.names, Naming::Gone(from.clone()));
                }
            }
            _ => {}
        }
    }

    /// True when there are writes that no sync covers.
    pub fn has_unsynced(&self, end: &str) -> bool {
        let files = self.names.iter().filter(|(path, _)| path.ends_with(end) && self.is_ours(path));
        files.into_iter().any(|(_, file)| !self.files[*file].unsynced.is_empty())
    }

    /// Writes the disk as it is after the power cut to `folder`.
    pub fn write_to(&self, folder: &Path, cut: Cut) -> std::io::Result<()> {
        let mut rng = match cut {
            Cut::Drops => None,
            Cut::Tears(seed) => Some(Rng::new(seed)),
        };
        let mut names = self.synced_names.clone();
        if let Some(rng) = &mut rng {
            // A file system keeps the order of names: a prefix of the unsynced ones survives.
            let kept = rng.below(self.unsynced_names.len() as u64 + 1);
            for naming in self.unsynced_names.iter().take(usize::try_from(kept).expect("few")) {
                naming.apply(&mut names);
            }
        }
        for (path, file) in &names {
            let file = &self.files[*file];
            let path = folder.join(path[self.root.len()..].trim_start_matches('/'));
            if file.is_folder {
                std::fs::create_dir_all(&path)?;
            } else if path.parent().is_some_and(Path::is_dir) {
                std::fs::write(&path, file.after(&mut rng))?;
            }
        }
        Ok(())
    }
}

impl Naming {
    fn path(&self) -> &str {
        match self {
            Self::Put(path, _) | Self::Gone(path) => path,
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Put(path, file) => drop(names.insert(path.clone(), *file)),
            Self::Gone(path) => drop(names.remove(path)),
        }
    }
}

impl File {
    fn after(&self, rng: &mut Option<Rng>) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        let Some(rng) = rng else { return bytes };
        for change in &self.unsynced {
            match rng.below(3) {
                0 => {}
                1 => apply(&mut bytes, &change.what, |_| true),
                _ => apply(&mut bytes, &change.what, |_| rng.percent(50)),
            }
        }
        bytes
    }
}

/// Applies a change, sector by sector where `keeps` says so.
fn apply(
    file: &mut Vec<u8>,
    what: &Result<(u64, Vec<u8>), u64>,
    mut keeps: impl FnMut(u64) -> bool,
) {
    let size = |number: u64| usize::try_from(number).expect("a small file");
    match what {
        Err(length) if keeps(0) => file.resize(size(*length), 0),
        Err(_) => {}
        Ok((at, bytes)) => {
            let (mut from, end) = (size(*at), size(*at) + bytes.len());
            while from < end {
                let to = ((from / SECTOR + 1) * SECTOR).min(end);
                if keeps((from / SECTOR) as u64) {
                    if file.len() < to {
                        file.resize(to, 0);
                    }
                    file[from..to].copy_from_slice(&bytes[from - size(*at)..to - size(*at)]);
                }
                from = to;
            }
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
