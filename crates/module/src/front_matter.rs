//! Splits a file into front matter and body.

/// The two parts of a file, each with its first line.
#[derive(Debug, PartialEq, Eq)]
pub struct Split<'a> {
    /// The YAML between the dashes, if any, and its first line.
    pub front: Option<(&'a str, u32)>,
    /// The text after the front matter.
    pub body: &'a str,
    /// The line on which the body starts.
    pub body_line: u32,
    /// True if the opening dashes were never closed: all of it is front matter.
    pub unclosed: bool,
}

/// Splits a file; without a leading `---`, all of it is the body.
pub fn split(text: &str) -> Split<'_> {
    let whole = Split { front: None, body: text, body_line: 1, unclosed: false };
    let mut line = 0;
    let mut offset = 0;
    let mut opened = None;
    for raw in text.split_inclusive('\n') {
        line += 1;
        let is_dashes = raw.trim_end() == "---" || (opened.is_none() && raw.trim() == "---");
        let end = offset + raw.len();
        match opened {
            None if is_dashes => opened = Some((end, line + 1)),
            None if raw.trim_start_matches('\u{feff}').trim().is_empty() => {}
            None if raw.trim_start_matches('\u{feff}').trim_end() == "---" => {
                opened = Some((end, line + 1));
            }
            None => return whole,
            Some((start, first)) if is_dashes => {
                return Split {
                    front: Some((&text[start..offset], first)),
                    body: &text[end..],
                    body_line: line + 1,
                    unclosed: false,
                };
            }
            Some(_) => {}
        }
        offset = end;
    }
    match opened {
        Some((start, first)) => Split {
            front: Some((&text[start..], first)),
            body: "",
            body_line: line + 1,
            unclosed: true,
        },
        None => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_know_their_lines() {
        let split = split("---\na: 1\n---\nbody\n");
        assert_eq!(split.front, Some(("a: 1\n", 2)));
        assert_eq!((split.body, split.body_line), ("body\n", 4));
    }

    #[test]
    fn front_matter_may_be_empty_or_missing() {
        assert_eq!(split("---\n---\nx").front, Some(("", 2)));
        assert_eq!(split("x\n---\ny").front, None);
        assert_eq!(split("x\n---\ny").body, "x\n---\ny");
        assert_eq!(split("").body_line, 1);
    }

    #[test]
    fn carriage_returns_and_a_byte_order_mark_are_seen_through() {
        let split = split("\u{feff}---\r\na: 1\r\n---\r\nb");
        assert_eq!(split.front, Some(("a: 1\r\n", 2)));
        assert_eq!(split.body, "b");
    }

    #[test]
    fn unclosed_front_matter_is_reported() {
        assert!(split("---\na: 1\n").unclosed);
    }
}
