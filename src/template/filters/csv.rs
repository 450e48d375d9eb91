//! Parses and writes comma-separated values.

/// Parses rows; quoted fields may contain commas, line breaks and doubled quotes.
pub fn read(text: &str, comma: char) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row: Vec<String> = Vec::new();
    let mut field = String::new();
    let mut chars = text.chars().peekable();
    let mut in_quotes = false;
    let mut any = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if in_quotes && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if in_quotes => in_quotes = false,
            '"' if field.is_empty() => {
                in_quotes = true;
                any = true;
            }
            c if in_quotes => field.push(c),
            c if c == comma => {
                row.push(std::mem::take(&mut field));
                any = true;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => {
                if any || !field.is_empty() {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                any = false;
            }
            c => field.push(c),
        }
    }
    if any || !field.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

/// The format of the output.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The field separator.
    pub comma: char,
    /// Quote every field.
    pub force_quotes: bool,
    /// Prefix a field with a quote when a spreadsheet would read it as a formula.
    pub sanitize: bool,
}

/// Writes rows, one per line.
pub fn write<'a>(
    rows: impl Iterator<Item = Vec<std::borrow::Cow<'a, str>>>,
    style: Style,
) -> String {
    let mut out = String::new();
    for row in rows {
        for (index, field) in row.iter().enumerate() {
            if index > 0 {
                out.push(style.comma);
            }
            write_field(&mut out, field, style);
        }
        out.push('\n');
    }
    out
}

fn write_field(out: &mut String, field: &str, style: Style) {
    let is_formula = style.sanitize && field.starts_with(['=', '+', '-', '@']);
    let needs_quotes = style.force_quotes
        || field.contains([style.comma, '"', '\n', '\r'])
        || field.starts_with(' ')
        || field.ends_with(' ');
    if needs_quotes {
        out.push('"');
    }
    if is_formula {
        out.push('\'');
    }
    out.push_str(&field.replace('"', "\"\""));
    if needs_quotes {
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_with_quotes_and_blank_lines() {
        let rows = read("name,text\r\n\"a \"\"b\"\"\",\"1,2\n3\"\n\n,\n\"\"", ',');
        let expected: Vec<Vec<&str>> =
            vec![vec!["name", "text"], vec!["a \"b\"", "1,2\n3"], vec!["", ""], vec![""]];
        assert_eq!(rows, expected);
        assert_eq!(read("a;b", ';'), [["a", "b"]]);
        assert!(read("", ',').is_empty());
    }

    #[test]
    fn what_is_written_reads_back() {
        let style = Style { comma: ',', force_quotes: false, sanitize: false };
        let rows = vec![vec!["a".into(), "b\"c".into()], vec!["1,2".into(), " x".into()]];
        let text = write(rows.into_iter(), style);
        assert_eq!(text, "a,\"b\"\"c\"\n\"1,2\",\" x\"\n");
        assert_eq!(read(&text, ','), [["a", "b\"c"], ["1,2", " x"]]);
        let style = Style { force_quotes: true, sanitize: true, ..style };
        assert_eq!(write([vec!["=1".into()]].into_iter(), style), "\"'=1\"\n");
    }
}
