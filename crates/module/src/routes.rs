//! Routing: the page for a method and path, and its parameters.

use crate::page::{Method, Page};
use std::collections::HashMap;

/// All pages by URL; built once per catalog.
#[derive(Debug, Default)]
pub struct Routes {
    /// The routes of each method; the first match wins.
    routes: HashMap<Method, Vec<Route>>,
}

#[derive(Debug)]
struct Route {
    index: usize,
    weight: i64,
}

/// A matching page and the parameters from the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The page's index in the catalog.
    pub index: usize,
    /// Route parameters in order; `slug`, `slug2`, `slug3` and `slugs` in legacy modules.
    pub params: Vec<(String, String)>,
}

impl Routes {
    /// Sorts the pages: heavier slugs first, other formats before HTML.
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

    /// The page for a path (with its extension, `/payments/api/persons.json`), if any.
    ///
    /// `format` comes from the request's content type and applies when the path has no extension.
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
                // The longest slug that is a prefix of the path; legacy modules only.
                let all = routes
                    .iter()
                    .filter_map(|route| beginning(pages.get(route.index)?, route, &address));
                // `max_by_key` returns the last of equals; after `rev`, that is the heaviest.
                all.rev().max_by_key(|(taken, _)| *taken).map(|(_, found)| found)
            },
        )
    }
}

/// A path in two readings: with its extension as part of the last segment, or without it.
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
            && crate::path::FORMATS.contains(&suffix)
        {
            *last = name;
            extension = Some(suffix);
        }
        Self { whole, stem, extension, wished }
    }

    /// The segments under which a page of `format` matches. HTML pages accept any extension, others
    /// only their own.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;
    use crate::slug::Slug;
    use crate::source::{Mark, Source};
    use serde_json::Value as Json;

    fn page(written: &str, profile: Profile) -> Page {
        let mut words = written.split(' ');
        let (slug, format) = (words.next().unwrap_or_default(), words.next().unwrap_or("html"));
        let pattern = Slug::parse(slug).expect("a slug");
        Page {
            source: Source::new(written, "p.liquid", 1, "", profile),
            slug: pattern.text().to_owned(),
            pattern,
            format: format.to_owned(),
            method: Method::Get,
            layout: None,
            policies: Vec::new(),
            response_headers: None,
            redirect_to: None,
            redirect_code: 302,
            metadata: Json::Null,
            converter: None,
            max_deep_level: 3,
            slug_mark: Mark { line: 1, column: 1 },
        }
    }

    fn answer(pages: &[&str], profile: Profile, path: &str) -> Option<String> {
        let pages: Vec<_> = pages.iter().map(|written| page(written, profile)).collect();
        let found = Routes::new(&pages).find(&pages, Method::Get, path, None)?;
        let params: Vec<_> = found.params.iter().map(|(k, v)| format!("{k}={v}")).collect();
        Some(format!("{} [{}]", pages[found.index].source.name, params.join(" ")))
    }

    fn modern(pages: &[&str], path: &str) -> Option<String> {
        answer(pages, Profile::Modern, path)
    }

    #[test]
    fn the_heavier_slug_is_meant() {
        let pages = ["a/*rest", "a(/:x)", "a/:id", "a/new", ":any/:thing"];
        assert_eq!(modern(&pages, "/a/new").as_deref(), Some("a/new []"));
        assert_eq!(modern(&pages, "/a/7").as_deref(), Some("a/:id [id=7]"));
        assert_eq!(modern(&pages, "/a").as_deref(), Some("a(/:x) []"));
        assert_eq!(modern(&pages, "/a/7/8").as_deref(), Some("a/*rest [rest=7/8]"));
        assert_eq!(modern(&pages, "/b/7").as_deref(), Some(":any/:thing [any=b thing=7]"));
        assert_eq!(modern(&pages, "/b"), None);
    }

    #[test]
    fn html_answers_any_extension_and_others_only_their_own() {
        let pages = ["a", "a json", "b csv", "c/:file"];
        assert_eq!(modern(&pages, "/a").as_deref(), Some("a []"));
        assert_eq!(modern(&pages, "/a.json").as_deref(), Some("a json []"));
        assert_eq!(modern(&pages, "/a.xml").as_deref(), Some("a []"));
        assert_eq!(modern(&pages, "/a.exe"), None);
        assert_eq!(modern(&pages, "/b"), None);
        assert_eq!(modern(&pages, "/b.csv").as_deref(), Some("b csv []"));
        assert_eq!(modern(&pages, "/c/x.pdf").as_deref(), Some("c/:file [file=x.pdf]"));
    }

    #[test]
    fn a_modern_page_answers_only_its_own_path() {
        assert_eq!(modern(&["account/edit"], "/account/edit/7"), None);
    }

    #[test]
    fn of_classic_pages_the_longest_beginning_answers() {
        let pages = ["/", "account", "account/edit"];
        let classic = |path| answer(&pages, Profile::Legacy, path);
        let edit = "account/edit [slug=account/edit slug2=7 slugs=7]";
        assert_eq!(classic("/account/edit/7").as_deref(), Some(edit));
        let show = "account [slug=account slug2=x slug3=y slugs=x/y/z]";
        assert_eq!(classic("/account/x/y/z").as_deref(), Some(show));
        assert_eq!(classic("/account/x/y/z/w"), None);
        assert_eq!(classic("/").as_deref(), Some("/ [slug=/]"));
        assert_eq!(classic("/other"), None);
    }
}
