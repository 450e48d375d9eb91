//! Measures the bracket nesting of a document, without recursion.

/// The deepest nesting of `{`, `[` and `(`, outside strings and comments.
pub(super) fn nesting_depth(source: &str) -> usize {
    let mut rest = source.as_bytes();
    let (mut depth, mut nesting_depth) = (0_usize, 0);
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'{' | b'[' | b'(' => {
                depth += 1;
                nesting_depth = nesting_depth.max(depth);
                after
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                after
            }
            b'#' => behind_line(after),
            b'"' => behind_string(after),
            _ => after,
        };
    }
    nesting_depth
}

fn behind_line(rest: &[u8]) -> &[u8] {
    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    end.map_or(&[], |end| rest.get(end..).unwrap_or_default())
}

/// Returns the input after a string whose first quote was read. An unterminated string counts as
/// empty: its content is read as code, so that nothing can hide in it.
fn behind_string(rest: &[u8]) -> &[u8] {
    if let Some(block) = rest.strip_prefix(b"\"\"") {
        let mut at = 0;
        while let Some(tail) = block.get(at..).filter(|tail| !tail.is_empty()) {
            if let Some(after) = tail.strip_prefix(b"\"\"\"") {
                return after;
            }
            at += if tail.starts_with(b"\\\"\"\"") { 4 } else { 1 };
        }
        return block;
    }
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        match byte {
            b'"' => return rest.get(at + 1..).unwrap_or_default(),
            b'\\' => at += 2,
            b'\n' | b'\r' => return rest,
            _ => at += 1,
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::nesting_depth;

    #[test]
    fn brackets_count_outside_of_strings_and_comments() {
        assert_eq!(nesting_depth("{ a(b: [1, {c: 2}]) { d } }"), 4);
        assert_eq!(nesting_depth("{ a(b: \"{[(\\\"{[(\") # {{{{\n }"), 2);
        assert_eq!(nesting_depth("{ a(b: \"\"\"{{ \" \\\"\"\" {{ \"\"\") }"), 2);
        assert_eq!(nesting_depth(&"[".repeat(1000)), 1000);
    }

    #[test]
    fn a_string_without_an_end_hides_nothing() {
        assert_eq!(nesting_depth("\" {{{\n{{"), 5);
        assert_eq!(nesting_depth("\"\"\" {{{"), 3);
        // Quadratic behavior would be noticeable here.
        assert!(nesting_depth(&"\"\"\" ".repeat(16_000)) == 0);
    }
}
