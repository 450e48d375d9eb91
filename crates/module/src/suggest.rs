//! Finds the most similar name, for "did you mean" hints.

use strsim::osa_distance;

/// Names whose lengths differ by more bytes than this are not compared.
const LENGTH_DIFFERENCE_MAX: usize = 8;

/// The known name that is most similar to a mistyped one.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = 1 + typed.chars().count() / 4;
    known
        .into_iter()
        .filter(|name| name.len().abs_diff(typed.len()) <= LENGTH_DIFFERENCE_MAX)
        .map(|name| (osa_distance(typed, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// The hint with the result of [`nearest`].
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(typed, known).map(|name| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_its_name() {
        let known = ["layout", "slug", "method"];
        assert_eq!(nearest("lyaout", known), Some("layout"));
        assert_eq!(nearest("slugg", known), Some("slug"));
        assert_eq!(nearest("colour", known), None);
    }
}
