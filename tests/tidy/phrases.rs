//! Banned words and sentence shapes that are not idiomatic English: a comment or message that has
//! one is refused.

use crate::tree::{files, read, shown, sources};

/// Each banned phrase, and what to write instead.
const BANNED: [(&str, &str); 14] = [
    ("the house", "the host, the runtime"),
    ("this room", "this module, this crate"),
    ("rooms", "modules"),
    ("gone on with", "resumed"),
    ("goes on with", "resumes, continues"),
    ("taken up again", "resumed"),
    ("takes up again", "resumes"),
    ("nobody is overtaken", "in arrival order"),
    ("put aside", "discarded, handed back"),
    ("so that nobody", "so that no …"),
    ("is no number", "is not a number"),
    ("` is no ", "` is not a"),
    ("stumbled", "panicked"),
    ("can not", "cannot"),
];

#[test]
fn no_banned_phrase() {
    let mut found = Vec::new();
    let documents = files("", &[".md"]).into_iter().filter(|path| !path.ends_with("CHANGELOG.md"));
    for path in sources().into_iter().chain(documents) {
        for (number, line) in read(&path).lines().enumerate() {
            for (phrase, instead) in BANNED {
                if line.to_lowercase().contains(phrase) {
                    let place = format!("{}:{}", shown(&path), number + 1);
                    found.push(format!("{place}: \"{phrase}\" (write: {instead})"));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
