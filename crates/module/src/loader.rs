//! Reads an instance from disk; the only file of this crate that does so.

use crate::catalog::Catalog;
use crate::check;
use crate::diagnostic::{Diagnostic, Severity};
use crate::manifest::{self, Module};
use crate::path::{self, FolderGeneration, Kind};
use crate::profile::Profile;
use crate::read::{File, Reader, Setting};
use crate::routes::Routes;
use crate::values::Values;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The maximum size of a file.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// The maximum nesting of folders.
const DEPTH_MAX: usize = 24;
const LEADS_OUT: &str = "the symbolic link leads out of its module; it is not followed";
/// Folders of the root that are roots themselves.
const SITE_FOLDERS: [&str; 2] = ["app", "marketplace_builder"];
/// The files that describe a module; of the root, too.
pub const MANIFESTS: [&str; 2] = ["pos-module.json", "template-values.json"];
/// Extensions of files into which template values are filled.
const FILLED_EXTENSIONS: &[&str] =
    &["css", "js", "liquid", "yml", "yaml", "xml", "json", "svg", "graphql", "html"];

impl Catalog {
    /// Loads the instance at `root`. It never fails: problems are in [`Catalog::diagnostics`].
    pub fn load(root: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Self {
        load(root, environment)
    }

    /// The files that [`Catalog::load`] reads, and the folders of modules, without reading them.
    pub fn paths(root: &Path) -> Vec<PathBuf> {
        let mut walk = Walk::new(root);
        walk.find_files();
        let mut paths: Vec<_> = walk.files.into_iter().map(|file| file.disk).collect();
        let mut modules = vec![root.to_owned()];
        modules.extend(folders(&root.join("modules")));
        for folder in &modules {
            paths.extend(MANIFESTS.map(|file| folder.join(file)));
        }
        paths.extend(modules);
        paths.sort();
        paths
    }
}

fn load(root: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Catalog {
    let mut walk = Walk::new(root);
    if !root.is_dir() {
        let message = format!("the instance root {} is not a folder", root.display());
        let diagnostics = vec![Diagnostic::of_file(Severity::Error, root, message)];
        return Catalog { diagnostics, ..Catalog::default() };
    }
    walk.find_files();
    let mut reader = Reader::default();
    let modules = walk.modules(environment, &mut reader.catalog);
    let mut files = std::mem::take(&mut walk.files);
    files.sort_by(|a, b| precedence(a).cmp(&precedence(b)));
    for file in &files {
        let module = modules.iter().find(|module| owns(module, file)).or(modules.first());
        let Some(module) = module else { continue };
        let setting = Setting {
            profile: module.profile,
            strict: module.strict || file.is_override,
            values: &module.values,
            secret_keys: &module.secret_keys,
        };
        walk.read(file, setting, &mut reader);
    }
    finish(walk, reader, modules)
}

fn owns(module: &Module, file: &File) -> bool {
    match &file.module {
        None => module.is_root,
        Some(name) => !module.is_root && module.machine_name == *name,
    }
}

/// Sort key: overrides first, then `public`, then the folder listed first.
fn precedence(file: &File) -> (bool, bool, usize, &Path) {
    (!file.is_override, file.is_private, file.placed.rank, &file.path)
}

fn finish(walk: Walk<'_>, reader: Reader, modules: Vec<Module>) -> Catalog {
    let mut catalog = reader.catalog;
    catalog.diagnostics = walk.diagnostics;
    catalog.diagnostics.extend(reader.report.diagnostics);
    check::dependencies(&modules, &mut catalog.diagnostics, walk.root);
    let order: BTreeMap<Option<Arc<str>>, usize> = modules
        .iter()
        .enumerate()
        .map(|(index, m)| ((!m.is_root).then(|| m.machine_name.clone()), index))
        .collect();
    let place = |module: &Option<Arc<str>>| order.get(module).copied().unwrap_or(usize::MAX);
    catalog.pages.sort_by_cached_key(|p| (place(&p.source.module), p.source.path.clone()));
    catalog
        .migrations
        .sort_by_cached_key(|m| (m.timestamp, place(&m.source.module), m.source.name.clone()));
    catalog.modules = modules;
    check::resolve(&mut catalog, reader.report.references);
    check::grants(&mut catalog, walk.root);
    check::addresses(&mut catalog, &walk.texts);
    check::fields(&mut catalog, &walk.texts);
    check::request_types(&mut catalog);
    catalog.routes = Routes::new(&catalog.pages);
    let mut diagnostics = std::mem::take(&mut catalog.diagnostics);
    for diagnostic in &mut diagnostics {
        diagnostic.message = catalog.redact(&diagnostic.message);
        diagnostic.excerpt = catalog.redact(&diagnostic.excerpt);
        diagnostic.help = diagnostic.help.take().map(|help| catalog.redact(&help));
    }
    check::sort(&mut diagnostics);
    diagnostics.dedup();
    catalog.diagnostics = diagnostics;
    catalog
}

struct Walk<'a> {
    root: &'a Path,
    files: Vec<File>,
    diagnostics: Vec<Diagnostic>,
    /// The content of pages and forms, for diagnostics that need the complete catalog.
    texts: HashMap<PathBuf, Arc<str>>,
}

/// A folder that is searched for files of all kinds.
struct Base {
    /// The path on disk.
    folder: PathBuf,
    module: Option<Arc<str>>,
    is_override: bool,
    is_private: bool,
}

/// What a folder named `modules` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ModuleFolder {
    /// Modules.
    Modules,
    /// The site's files in place of a module's.
    Overrides,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Path) -> Self {
        Self { root, files: Vec::new(), diagnostics: Vec::new(), texts: HashMap::new() }
    }

    fn find_files(&mut self) {
        let site =
            |folder: PathBuf| Base { folder, module: None, is_override: false, is_private: false };
        self.base(&site(self.root.to_owned()));
        for folder in SITE_FOLDERS {
            let folder = self.root.join(folder);
            if folder.is_dir() {
                self.base(&site(folder.clone()));
                self.modules_in(&folder.join("modules"), ModuleFolder::Overrides);
            }
        }
        self.modules_in(&self.root.join("modules"), ModuleFolder::Modules);
    }

    fn modules_in(&mut self, folder: &Path, kind: ModuleFolder) {
        let is_override = kind == ModuleFolder::Overrides;
        for module in folders(folder) {
            let Some(name) = module.file_name().and_then(|name| name.to_str()) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let mut is_empty = true;
            for (visibility, is_private) in [("public", false), ("private", true)] {
                let folder = module.join(visibility);
                if folder.is_dir() && self.is_inside(&module, visibility) {
                    is_empty = false;
                    let module = Some(Arc::from(name));
                    self.base(&Base { folder, module, is_override, is_private });
                }
            }
            if is_empty {
                let message = "the module has neither `public` nor `private`";
                let path = self.relative(&module);
                self.diagnostics.push(Diagnostic::of_file(Severity::Warning, &path, message));
            }
        }
    }

    /// True when `name` is in the folder; reports and ignores a link that leads outside it.
    fn is_inside(&mut self, folder: &Path, name: &str) -> bool {
        let path = folder.join(name);
        let (Ok(folder), Ok(target)) = (folder.canonicalize(), path.canonicalize()) else {
            return false;
        };
        let is_inside = target.starts_with(folder);
        if !is_inside {
            let path = self.relative(&path);
            self.diagnostics.push(Diagnostic::of_file(Severity::Error, &path, LEADS_OUT));
        }
        is_inside
    }

    fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.root).unwrap_or(path).to_owned()
    }

    fn base(&mut self, base: &Base) {
        let Ok(inside) = base.folder.canonicalize() else { return };
        self.folder(base, &inside, "", 0);
    }

    /// Walks a folder; enters only folders that can hold known files.
    fn folder(&mut self, base: &Base, inside: &Path, below: &str, depth: usize) {
        let folder = base.folder.join(below);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(problem) => {
                let message = format!("the folder cannot be read: {problem}");
                let path = self.relative(&folder);
                return self.diagnostics.push(Diagnostic::of_file(Severity::Error, &path, message));
            }
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else { continue };
            let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_symlink()
                && path::leads_somewhere(&path)
                && !self.follows_link(&entry.path(), inside)
            {
                continue;
            }
            let is_folder = kind.is_dir() || (kind.is_symlink() && entry.path().is_dir());
            if is_folder {
                if path::leads_somewhere(&path) {
                    if depth < DEPTH_MAX {
                        self.folder(base, inside, &path, depth + 1);
                    } else {
                        let message = format!("folders are nested deeper than {DEPTH_MAX}");
                        let path = self.relative(&entry.path());
                        self.diagnostics.push(Diagnostic::of_file(Severity::Error, &path, message));
                    }
                }
            } else if let Some(placed) = path::place(&path) {
                let disk = entry.path();
                self.files.push(File {
                    placed,
                    path: self.relative(&disk),
                    disk,
                    module: base.module.clone(),
                    is_override: base.is_override,
                    is_private: base.is_private,
                });
            }
        }
    }

    /// A link is followed only to a target in the same module: not outside it, and not into
    /// `data/`.
    fn follows_link(&mut self, link: &Path, inside: &Path) -> bool {
        let target = link.canonicalize().ok();
        let path = target.as_deref().and_then(|target| target.strip_prefix(inside).ok());
        let is_ours = path
            .and_then(Path::to_str)
            .is_some_and(|path| !path.is_empty() && path::leads_somewhere(path));
        // A link to one of its parent folders would never end.
        let is_circle = target.is_some_and(|target| {
            link.parent().and_then(|p| p.canonicalize().ok()).is_some_and(|p| p.starts_with(target))
        });
        if !is_ours || is_circle {
            let path = self.relative(link);
            self.diagnostics.push(Diagnostic::of_file(Severity::Error, &path, LEADS_OUT));
        }
        is_ours && !is_circle
    }

    fn read(&mut self, file: &File, setting: Setting<'_>, reader: &mut Reader) {
        let extension = file.disk.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if file.placed.kind == Kind::Asset
            && (setting.values.is_empty() || !FILLED_EXTENSIONS.contains(&extension))
        {
            let name = path::logical(file.module.as_deref(), &file.placed.name);
            return reader.take_asset(file, name, None);
        }
        let Some(text) = self.text(&file.disk) else { return };
        if matches!(file.placed.kind, Kind::Page | Kind::Form) {
            self.texts.insert(file.path.clone(), Arc::from(text.as_str()));
        }
        reader.take(file, &text, setting);
    }

    /// The content of a file; `None` after reporting a diagnostic.
    fn text(&mut self, disk: &Path) -> Option<String> {
        let path = self.relative(disk);
        let message = match std::fs::metadata(disk) {
            Ok(about) if !about.is_file() => "it is not a file".to_owned(),
            Ok(about) if about.len() > FILE_BYTES_MAX => {
                format!("the file is larger than {} MiB", FILE_BYTES_MAX / 1024 / 1024)
            }
            Ok(_) => match std::fs::read(disk).map(String::from_utf8) {
                Ok(Ok(text)) => return Some(text),
                Ok(Err(problem)) => {
                    let at = problem.utf8_error().valid_up_to();
                    let line = problem.as_bytes()[..at].iter().filter(|b| **b == b'\n').count();
                    format!("the file is not UTF-8 (line {})", line + 1)
                }
                Err(problem) => format!("the file cannot be read: {problem}"),
            },
            Err(problem) => format!("the file cannot be read: {problem}"),
        };
        self.diagnostics.push(Diagnostic::of_file(Severity::Error, &path, message));
        None
    }

    /// The root module and every folder in `modules/`, in dependency order.
    fn modules(
        &mut self,
        environment: &dyn Fn(&str) -> Option<String>,
        catalog: &mut Catalog,
    ) -> Vec<Module> {
        let mut names: Vec<Option<Arc<str>>> = vec![None];
        names.extend(
            folders(&self.root.join("modules"))
                .iter()
                .filter_map(|folder| folder.file_name()?.to_str())
                .filter(|name| !name.starts_with('.'))
                .map(|name| Some(Arc::from(name))),
        );
        let mut modules = Vec::new();
        for name in names {
            let folder = match &name {
                Some(name) => self.root.join("modules").join(&**name),
                None => self.root.to_owned(),
            };
            let mut values = Values::default();
            for file in MANIFESTS {
                if self.is_inside(&folder, file)
                    && let Some(text) = self.text(&folder.join(file))
                {
                    let path = self.relative(&folder.join(file));
                    values.add(&path, &text, environment, &mut self.diagnostics);
                }
            }
            catalog.hidden.append(&mut values.hidden);
            for (key, secret) in std::mem::take(&mut values.secrets) {
                if !catalog.secrets.iter().any(|(known, _)| *known == key) {
                    catalog.secrets.push((key, secret));
                }
            }
            let profile = values.profile.or_else(|| self.age(name.as_ref()));
            let inherited = modules.first().map_or(Profile::Modern, |root: &Module| root.profile);
            modules.push(Module {
                machine_name: name
                    .clone()
                    .unwrap_or_else(|| Arc::from(values.machine_name().unwrap_or("site"))),
                is_root: name.is_none(),
                version: values.version(),
                root: folder,
                profile: profile.unwrap_or(inherited),
                strict: values.strict || name.is_none(),
                dependencies: values.dependencies,
                graphql_grants: values.graphql_grants,
                secret_keys: values.secret_keys,
                values: values.map,
            });
        }
        self.overrides_have_modules(&modules);
        manifest::in_order(modules)
    }

    /// The profile that a module's folder names imply, if they do.
    fn age(&self, module: Option<&Arc<str>>) -> Option<Profile> {
        let files = self.files.iter().filter(|f| f.module.as_ref() == module && !f.is_override);
        let (mut classic, mut current) = (0, 0);
        for file in files {
            let is_classic_root = module.is_none() && file.path.starts_with("marketplace_builder");
            match file.placed.age {
                _ if is_classic_root => classic += 1,
                FolderGeneration::Classic => classic += 1,
                FolderGeneration::Current => current += 1,
                FolderGeneration::Either => {}
            }
        }
        match (classic, current) {
            (0, 0) => None,
            _ if classic >= current => Some(Profile::Legacy),
            _ => Some(Profile::Modern),
        }
    }

    fn overrides_have_modules(&mut self, modules: &[Module]) {
        let mut missing: Vec<(Arc<str>, PathBuf)> = Vec::new();
        for file in self.files.iter().filter(|file| file.is_override) {
            let Some(name) = &file.module else { continue };
            let is_there = modules.iter().any(|m| !m.is_root && m.machine_name == *name);
            if !is_there && !missing.iter().any(|(known, _)| known == name) {
                missing.push((name.clone(), file.path.clone()));
            }
        }
        for (name, path) in missing {
            let message =
                format!("it overrides a file of the module `{name}`, which is not installed");
            self.diagnostics.push(Diagnostic::of_file(Severity::Warning, &path, message));
        }
    }
}

/// The names of all folders of an instance's root that are read.
pub fn root_folders() -> impl Iterator<Item = &'static str> {
    SITE_FOLDERS.into_iter().chain(["modules"]).chain(path::top_folders())
}

/// The folders in a folder, by name, including links, which an operator created.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}
