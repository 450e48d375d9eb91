//! The email address check shared by forms and filters.

/// True for an address with one `@`, a local part of at most 64 bytes in the characters of RFC 5321
/// without quotes, and a host name of at least two labels.
pub fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let word = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !name.is_empty()
        && name.len() <= 64
        && text.len() <= 254
        && name.chars().all(word)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && host.contains('.')
        && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart_from_other_strings() {
        for good in ["john@example.com", "a.b+c@x.co.uk"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["john@", "@x.com", "a b@x.com", "a@x", "a@-x.com", "a..b@x.com", "a@x.com\n"] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
