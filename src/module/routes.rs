//! Routing: which page answers a method and path, and with which params.

use crate::module::page::{Method, Page};
use std::collections::HashMap;

/// Every page by its address; built once per catalog.
#[derive(Debug, Default)]
pub struct Routes {
    /// By method: routes of which the first that fits is meant.
    routes: HashMap<Method, Vec<Route>>,
}

#[derive(Debug)]
struct Route {
    index: usize,
    weight: i64,
}

/// A page that answers, and the params its address gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The page's place in the catalog.
    pub index: usize,
    /// Route params in order; `slug`, `slug2`, `slug3` and `slugs` in legacy modules.
    pub params: Vec<(String, String)>,
}

impl Routes {
    /// Orders the pages: heavier slugs first, other formats before HTML.
    pub fn new(pages: &[Page]) -> Self {
        let mut routes: HashMap<Method, Vec<Route>> = HashMap::new();
        for (index, page) in pages.iter().enumerate() {
            let penalty = i64::from(page.format == "html") + i64::from(page.pattern.is_root());
            let weight = i64::from(page.pattern.weight()) * 4 - penalty;
            routes.entry(page.method).or_default().push(Route { index, weight });
        }
        for routes in routes.values_mut() {
            routes.sort_by_key(|route| (-route.weight, route.index));
        }
        Self { routes }
    }

    /// The page for a path (with its extension, `/payments/api/persons.json`), if there is one.
    ///
    /// `format` is what the request's content type asks for, used when the path has no
    /// extension of its own.
    pub fn find(
        &self,
        pages: &[Page],
        method: Method,
        path: &str,
        format: Option<&str>,
    ) -> Option<Match> {
        let routes = self.routes.get(&method)?;
        let address = Address::new(path, format);
        routes.iter().find_map(|route| exact(pages.get(route.index)?, route, &address)).or_else(
            || {
                // The longest slug that begins the path; legacy modules only.
                let all = routes
                    .iter()
                    .filter_map(|route| beginning(pages.get(route.index)?, route, &address));
                // `max_by_key` takes the last of equals, and the first is the heavier.
                all.rev().max_by_key(|(taken, _)| *taken).map(|(_, found)| found)
            },
        )
    }
}

/// A path in the two ways it can be read: with its extension as part of the last segment, or
/// without.
struct Address<'a> {
    whole: Vec<&'a str>,
    stem: Vec<&'a str>,
    extension: Option<&'a str>,
    wished: Option<&'a str>,
}

impl<'a> Address<'a> {
    fn new(path: &'a str, wished: Option<&'a str>) -> Self {
        let whole: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let mut stem = whole.clone();
        let mut extension = None;
        if let Some(last) = stem.last_mut()
            && let Some((name, suffix)) = last.rsplit_once('.')
            && !name.is_empty()
            && crate::module::path::FORMATS.contains(&suffix)
        {
            *last = name;
            extension = Some(suffix);
        }
        Self { whole, stem, extension, wished }
    }

    /// The segments under which a page of `format` may be found. HTML pages answer any
    /// extension; others only their own.
    fn readings(&self, format: &str) -> Vec<&[&'a str]> {
        if format == "html" {
            return match self.extension {
                Some(_) => vec![&self.whole, &self.stem],
                None => vec![&self.whole],
            };
        }
        match self.extension {
            Some(extension) if extension == format => vec![&self.stem],
            None if self.wished == Some(format) => vec![&self.whole],
            _ => Vec::new(),
        }
    }
}

fn exact(page: &Page, route: &Route, address: &Address<'_>) -> Option<Match> {
    let readings = address.readings(&page.format);
    let mut params = readings.iter().find_map(|segments| page.pattern.fit(segments))?;
    if is_loose(page) {
        params.insert(0, ("slug".to_owned(), page.slug.clone()));
    }
    Some(Match { index: route.index, params })
}

fn beginning(page: &Page, route: &Route, address: &Address<'_>) -> Option<(usize, Match)> {
    if !is_loose(page) || page.pattern.is_root() {
        return None;
    }
    let readings = address.readings(&page.format);
    let segments = readings.last()?;
    let (taken, mut params) = page.pattern.fit_start(segments)?;
    let rest = segments.get(taken..)?;
    if rest.is_empty() || rest.len() > page.max_deep_level as usize {
        return None;
    }
    params.insert(0, ("slug".to_owned(), page.slug.clone()));
    for (name, segment) in ["slug2", "slug3"].into_iter().zip(rest) {
        params.push((name.to_owned(), (*segment).to_owned()));
    }
    params.push(("slugs".to_owned(), rest.join("/")));
    Some((taken, Match { index: route.index, params }))
}

fn is_loose(page: &Page) -> bool {
    !page.source.profile.switches().exact_slugs
}
