//! Partials: where `include` and `render` find other templates.

use crate::engine::Engine;
use crate::error::{Error, Kind};
use crate::suggest::nearest;
use crate::template::Template;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// More compiled partials than this are dropped together, so that made-up names fill no memory.
const COMPILED_MAX: usize = 10_000;

/// Where `include` and `render` find other templates.
pub trait Partials {
    /// Returns the compiled template of that name.
    ///
    /// # Errors
    /// Why there is none; an unknown name is [`Kind::Partial`].
    fn find(&self, name: &str) -> Result<Template, Error>;
}

/// A source of partials that has none.
#[derive(Debug, Default)]
pub struct NoPartials;

impl Partials for NoPartials {
    fn find(&self, name: &str) -> Result<Template, Error> {
        Err(missing(name))
    }
}

/// The partials that the engine was built with.
impl Partials for Engine {
    fn find(&self, name: &str) -> Result<Template, Error> {
        let Some(sources) = &self.sources else { return Err(missing(name)) };
        match &*sources.origin {
            Origin::Map(map) => match map.get(name) {
                Some(source) => sources.template(self, name, source),
                None => {
                    let known = map.keys().map(String::as_str);
                    Err(missing(name).help(nearest(name, known)))
                }
            },
            Origin::Closure(find) => match find(name) {
                Some(source) => sources.template(self, name, &source),
                None => Err(missing(name)),
            },
        }
    }
}

fn missing(name: &str) -> Error {
    Error::new(Kind::Partial, format!("Could not find asset {name}"))
}

type Find = dyn Fn(&str) -> Option<String> + Send + Sync;

enum Origin {
    Map(HashMap<String, String>),
    Closure(Box<Find>),
}

/// The sources of an engine's partials, and those that are compiled already.
#[derive(Clone)]
pub(crate) struct Sources {
    origin: Arc<Origin>,
    compiled: Arc<RwLock<HashMap<String, Template>>>,
}

impl Sources {
    /// Partials from a map of names and sources.
    pub(crate) fn from_map(map: HashMap<String, String>) -> Self {
        Self { origin: Arc::new(Origin::Map(map)), compiled: Arc::default() }
    }

    /// Partials from a closure that returns a name's source.
    pub(crate) fn from_closure(
        find: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { origin: Arc::new(Origin::Closure(Box::new(find))), compiled: Arc::default() }
    }

    /// The same sources without the templates that another engine compiled.
    pub(crate) fn uncompiled(&self) -> Self {
        Self { origin: Arc::clone(&self.origin), compiled: Arc::default() }
    }

    /// Returns the template of a source, compiled now or before.
    fn template(&self, engine: &Engine, name: &str, source: &str) -> Result<Template, Error> {
        // A panic of another thread leaves the map complete.
        let known = self.compiled.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = known.get(name).filter(|known| known.source() == source) {
            return Ok(template.clone());
        }
        drop(known);
        let template = engine.compile(name, source)?;
        let mut compiled = self.compiled.write().unwrap_or_else(PoisonError::into_inner);
        if compiled.len() >= COMPILED_MAX {
            compiled.clear();
        }
        compiled.insert(name.to_owned(), template.clone());
        Ok(template)
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}
