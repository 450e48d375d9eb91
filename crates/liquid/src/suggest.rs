//! Suggestions for misspelled names: `did you mean …?`.

use strsim::osa_distance;

/// Longer names are compared by their first characters: comparing takes the square of their length.
const COMPARED_MAX: usize = 64;

/// `did you mean …?` with the nearest of the known names; `None` when more than a third of the
/// characters, or more than three, would have to change.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let (distance, name) = known.map(|name| (distance(typed, name), name)).min()?;
    let near = distance <= (typed.len().max(name.len()) / 3).clamp(1, 3);
    near.then(|| format!("did you mean `{name}`?"))
}

/// Characters to change, add, remove, or swap with their neighbors.
fn distance(one: &str, other: &str) -> usize {
    osa_distance(start(one), start(other))
}

fn start(name: &str) -> &str {
    name.char_indices().nth(COMPARED_MAX).map_or(name, |(end, _)| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested() {
        assert_eq!(distance("", "echo"), 4);
        assert_eq!(distance("ecoh", "echo"), 1);
        assert_eq!(distance("dowcase", "downcase"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(
            nearest("crad", ["card", "cart"].into_iter()).as_deref(),
            Some("did you mean `card`?")
        );
        assert_eq!(nearest("nothing", ["card"].into_iter()), None);
    }
}
