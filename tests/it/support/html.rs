//! Parses forms and rows of a page, as far as the tests need.

use regex::Regex;

/// A form as a browser would submit it.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub pairs: Vec<(String, String)>,
    pub html: String,
}

impl Form {
    /// Returns the value of a field.
    #[track_caller]
    pub fn value(&self, name: &str) -> String {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("no field {name} in {:?}", self.pairs)).1.clone()
    }

    /// The same form with a field changed, or added when there is none of that name.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.pairs.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.to_owned(),
            None => self.pairs.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The same form without a field.
    pub fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(known, _)| known != name);
        self
    }

    /// The full name of the field whose last bracket is `[name]`, such as the card's `source`.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let end = format!("[{name}]");
        let found = self.pairs.iter().find(|(known, _)| known.ends_with(&end));
        found.unwrap_or_else(|| panic!("no field ending in {end} in {:?}", self.pairs)).0.clone()
    }
}

/// Returns every form of a page.
pub fn forms(page: &str) -> Vec<Form> {
    let whole = Regex::new(r"(?s)<form\b([^>]*)>(.*?)</form>").expect("a pattern");
    let fields = Regex::new(r"(?s)<(?:input|button)\b([^>]*)>").expect("a pattern");
    whole
        .captures_iter(page)
        .map(|form| Form {
            action: attribute(&form[1], "action").unwrap_or_default(),
            pairs: fields
                .captures_iter(&form[2])
                .filter_map(|field| {
                    let name = attribute(&field[1], "name")?;
                    Some((name, attribute(&field[1], "value").unwrap_or_default()))
                })
                .collect(),
            html: form[0].to_owned(),
        })
        .collect()
}

/// Returns the form whose button has this `data-test`.
#[track_caller]
pub fn form(page: &str, test: &str) -> Form {
    let mark = format!("data-test=\"{test}\"");
    let found = forms(page).into_iter().find(|form| form.html.contains(&mark));
    found.unwrap_or_else(|| panic!("no form with {mark} in {page}"))
}

/// The text of every element with this `data-test`, without tags and repeated spaces.
pub fn texts(page: &str, test: &str) -> Vec<String> {
    let opening =
        Regex::new(&format!(r#"<(\w+)\b[^>]*data-test="{test}"[^>]*>"#)).expect("a pattern");
    let found = opening.captures_iter(page).map(|tag| {
        let start = tag.get(0).expect("a whole").end();
        let close = format!("</{}>", &tag[1]);
        let end = page[start..].find(&close).map_or(page.len(), |at| start + at);
        plain(&page[start..end])
    });
    found.collect()
}

/// The flash message of the page: `(kind, text)`.
pub fn flash(page: &str) -> Option<(String, String)> {
    let tag = Regex::new(r#"<[^>]*data-test="flash"[^>]*>"#).expect("a pattern");
    let kind = attribute(tag.find(page)?.as_str(), "data-kind")?;
    Some((kind, texts(page, "flash").remove(0)))
}

fn plain(html: &str) -> String {
    let tags = Regex::new(r"(?s)<[^>]*>").expect("a pattern");
    let text = unescape(&tags.replace_all(html, " "));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let pattern = format!(r#"(?:^|\s){name}="([^"]*)""#);
    let found = Regex::new(&pattern).expect("a pattern").captures(tag)?;
    Some(unescape(&found[1]))
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}
