//! What a request sent, for people: one parameter a line, without the numbers that nobody should
//! see.

/// Ends of the names whose values are masked.
const SECRET: [&str; 9] = [
    "number",
    "cvc",
    "account_number",
    "id_number",
    "ssn_last_4",
    "tax_id",
    "client_secret",
    "refresh_token",
    "code",
];
const SHOWN_MAX: usize = 2_000;

/// The parameters of a form, decoded and masked.
pub fn form(sent: &[u8]) -> String {
    if sent.starts_with(b"--") {
        return "(a file)".to_owned();
    }
    let lines = form_urlencoded::parse(sent.trim_ascii()).map(|(name, value)| {
        let last = name.trim_end_matches(']').rsplit('[').next().unwrap_or_default().to_owned();
        let value: String = match SECRET.contains(&last.as_str()) {
            true => masked(&value),
            false => value.chars().take(SHOWN_MAX).collect(),
        };
        format!("{name}: {value}\n")
    });
    lines.collect()
}

/// Stars, and the last four characters of a long value.
fn masked(value: &str) -> String {
    let count = value.chars().count();
    let tail: String = value.chars().skip(count.saturating_sub(4)).collect();
    if count > 8 { format!("****{tail}") } else { "****".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::form;

    #[test]
    fn numbers_and_secrets_are_masked() {
        let shown =
            form(b"card[number]=4242424242424242&card[cvc]=123&amount=5&metadata[number]=7");
        assert_eq!(
            shown,
            "card[number]: ****4242\ncard[cvc]: ****\namount: 5\nmetadata[number]: ****\n"
        );
        assert_eq!(form(b"--B\r\nContent-Disposition: form-data"), "(a file)");
    }
}
