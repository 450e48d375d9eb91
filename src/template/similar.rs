//! The name that was probably meant, for "did you mean".

use sluicegate_liquid::suggest::nearest;

/// `did you mean …?`: a similar name, or the same file in another folder.
pub fn near<'a>(typed: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    let file = |name: &'a str| name.rsplit('/').next().unwrap_or(name);
    let typed_file = typed.rsplit('/').next().unwrap_or(typed);
    nearest(typed, known.clone()).or_else(|| {
        let same = known.clone().find(|name| file(name) == typed_file);
        same.map(|name| format!("did you mean `{name}`?"))
    })
}
