//! Slugs: the URL pattern of a page, and how it matches paths.

/// A parsed slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slug {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Static(String),
    Param(String),
    /// `(/:a/b)`: matches completely if the path continues, otherwise it is skipped.
    Optional(Vec<Part>),
    Rest(String),
}

impl Slug {
    /// Parses a slug; the error completes the sentence "the slug `x` …".
    pub fn parse(written: &str) -> Result<Self, String> {
        let trimmed = written.trim();
        if trimmed.contains("{{") || trimmed.contains("{%") {
            return Err("cannot hold Liquid".to_owned());
        }
        if let Some(c) = trimmed.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(format!("cannot hold {c:?}"));
        }
        if let Some(c) = trimmed.chars().find(|c| "?#\\<>\"".contains(*c)) {
            return Err(format!("cannot hold `{c}`"));
        }
        let mut text: String =
            trimmed.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        // `a(/:b)` is unchanged by the trimming above; `(/:b)` must keep its slash.
        if text.is_empty() {
            text.push('/');
        }
        let mut parts = Vec::new();
        let end = read(&text, &mut parts, 0)?;
        if end != text.len() {
            return Err("closes a parenthesis that was never opened".to_owned());
        }
        let slug = Self { text, parts };
        slug.check()?;
        Ok(slug)
    }

    /// The slug without surrounding slashes; `/` for the home page.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True for the home page.
    pub fn is_root(&self) -> bool {
        self.parts.is_empty()
    }

    /// The weight; of several matching slugs, the heaviest wins.
    pub fn weight(&self) -> u32 {
        fn weigh(parts: &[Part]) -> u32 {
            let each = parts.iter().map(|part| match part {
                Part::Static(_) => 100,
                Part::Param(_) => 10,
                Part::Optional(_) | Part::Rest(_) => 1,
            });
            each.sum()
        }
        weigh(&self.parts)
    }

    /// The parameters of a matching path, in the slug's order; `None` without a match.
    pub fn fit(&self, segments: &[&str]) -> Option<Vec<(String, String)>> {
        let mut params = Vec::new();
        let taken = fit(&self.parts, segments, &mut params)?;
        (taken == segments.len()).then_some(params)
    }

    /// Like [`Slug::fit`], for a prefix of the path; also returns how many segments matched.
    pub fn fit_start(&self, segments: &[&str]) -> Option<(usize, Vec<(String, String)>)> {
        let mut params = Vec::new();
        let taken = fit(&self.parts, segments, &mut params)?;
        Some((taken, params))
    }

    /// The slug with all parameters renamed alike: two pages with the same shape conflict.
    pub fn shape(&self) -> String {
        fn shape(parts: &[Part], into: &mut String) {
            for part in parts {
                match part {
                    Part::Static(text) => {
                        into.push('/');
                        into.push_str(text);
                    }
                    Part::Param(_) => into.push_str("/:"),
                    Part::Rest(_) => into.push_str("/*"),
                    Part::Optional(parts) => {
                        into.push('(');
                        shape(parts, into);
                        into.push(')');
                    }
                }
            }
        }
        let mut text = String::new();
        shape(&self.parts, &mut text);
        text
    }

    fn check(&self) -> Result<(), String> {
        fn names<'a>(parts: &'a [Part], into: &mut Vec<&'a str>) {
            for part in parts {
                match part {
                    Part::Static(_) => {}
                    Part::Param(name) | Part::Rest(name) => into.push(name),
                    Part::Optional(parts) => names(parts, into),
                }
            }
        }
        let mut all = Vec::new();
        names(&self.parts, &mut all);
        for (index, name) in all.iter().enumerate() {
            let is_word = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
            if name.is_empty() || !is_word {
                return Err(format!("has a param named `{name}`"));
            }
            if all[..index].contains(name) {
                return Err(format!("names the param `{name}` twice"));
            }
        }
        let rest = self.parts.iter().position(|part| matches!(part, Part::Rest(_)));
        match rest {
            Some(index) if index + 1 != self.parts.len() => {
                Err("goes on behind its `*` param".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Parses parts from `from` to the end or a closing parenthesis; returns where it stopped.
fn read(text: &str, parts: &mut Vec<Part>, from: usize) -> Result<usize, String> {
    let mut at = from;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '/' => at += 1,
            ')' => return Ok(at),
            '(' => {
                let mut inside = Vec::new();
                at = read(text, &mut inside, at + 1)?;
                if !text[at..].starts_with(')') {
                    return Err("opens a parenthesis that is never closed".to_owned());
                }
                if inside.is_empty() {
                    return Err("has an empty optional part".to_owned());
                }
                parts.push(Part::Optional(inside));
                at += 1;
            }
            _ => {
                let end = text[at..].find(['/', '(', ')']).map_or(text.len(), |i| at + i);
                parts.push(match c {
                    ':' => Part::Param(text[at + 1..end].to_owned()),
                    '*' => Part::Rest(text[at + 1..end].to_owned()),
                    _ => Part::Static(text[at..end].to_owned()),
                });
                at = end;
            }
        }
    }
    Ok(at)
}

/// Matches parts greedily without backtracking; returns the number of matched segments.
fn fit(parts: &[Part], segments: &[&str], params: &mut Vec<(String, String)>) -> Option<usize> {
    let mut taken = 0;
    for part in parts {
        match part {
            Part::Static(text) => {
                (segments.get(taken)? == text).then_some(())?;
                taken += 1;
            }
            Part::Param(name) => {
                params.push((name.clone(), (*segments.get(taken)?).to_owned()));
                taken += 1;
            }
            Part::Rest(name) => {
                let rest = segments.get(taken..).filter(|rest| !rest.is_empty())?;
                params.push((name.clone(), rest.join("/")));
                taken = segments.len();
            }
            Part::Optional(inside) => {
                let before = params.len();
                match fit(inside, segments.get(taken..).unwrap_or_default(), params) {
                    Some(more) => taken += more,
                    None => params.truncate(before),
                }
            }
        }
    }
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(slug: &str, path: &str) -> Option<String> {
        let segments: Vec<_> = path.split('/').filter(|s| !s.is_empty()).collect();
        let params = Slug::parse(slug).expect("a slug").fit(&segments)?;
        Some(params.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn slugs_are_normalised() {
        for (written, text) in [
            ("/", "/"),
            ("", "/"),
            ("/a/b/", "a/b"),
            ("a//b", "a/b"),
            (" a ", "a"),
            ("/a(/:b)", "a(/:b)"),
        ] {
            assert_eq!(Slug::parse(written).map(|s| s.text().to_owned()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn params_optional_parts_and_rests() {
        assert_eq!(fits("a/:id", "a/1").as_deref(), Some("id=1"));
        assert_eq!(fits("a/:id", "a"), None);
        assert_eq!(fits("a(/:x)(/:y)", "a").as_deref(), Some(""));
        assert_eq!(fits("a(/:x)(/:y)", "a/1/2").as_deref(), Some("x=1 y=2"));
        assert_eq!(fits("a(/b/:x)", "a/b").as_deref(), None);
        assert_eq!(fits("a(/b/:x)", "a/b/1").as_deref(), Some("x=1"));
        assert_eq!(fits("a/*rest", "a/1/2").as_deref(), Some("rest=1/2"));
        assert_eq!(fits("a/*rest", "a"), None);
        assert_eq!(fits("/", "").as_deref(), Some(""));
        // Greedy without backtracking: the optional part consumes what `:y` needs.
        assert_eq!(fits("a(/:x)/:y", "a/1"), None);
    }

    #[test]
    fn bad_slugs_say_why() {
        for slug in ["a b", "a?b", "a(/:x", "a)", "a/*r/b", "a/:x/:x", "a/:", "{{ x }}", "a()"] {
            assert!(Slug::parse(slug).is_err(), "{slug}");
        }
    }
}
