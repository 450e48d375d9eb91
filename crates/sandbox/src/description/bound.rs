//! Bounds that the types do not say: of integers and decimals, by their name, and of addresses.

use std::ops::RangeInclusive;

/// The largest amount, quantity and time that is calculated with: twelve digits.
pub const LARGEST: i64 = 999_999_999_999;
/// Digits before the point of a decimal.
const WHOLE_DIGITS_MAX: usize = 12;

/// Which values an integer of this name can have.
fn range(name: &str) -> RangeInclusive<i64> {
    match name {
        "quantity" => 0..=999_999,
        "divide_by" => 1..=999_999,
        // Three years.
        "interval_count" => 1..=1_095,
        "trial_period_days" | "days_until_due" => 0..=3_650,
        "duration_in_months" => 1..=1_200,
        "max_redemptions" | "amount_off" => 1..=LARGEST,
        "unit_amount" | "unit_amount_excluding_tax" => 0..=LARGEST,
        _ => -LARGEST..=LARGEST,
    }
}

/// How many elements an array of this name can have.
pub fn elements_max(name: &str) -> usize {
    match name {
        "items" | "add_invoice_items" | "expand" => 20,
        "invoice_items" | "lines" => 250,
        "line_items" => 100,
        _ => usize::MAX,
    }
}

/// What is wrong with an integer, if it is out of bounds.
pub fn integer(name: &str, value: i64) -> Option<String> {
    let range = range(name);
    if value < *range.start() {
        return Some(format!("This value must be greater than or equal to {}.", range.start()));
    }
    let most = range.end();
    (value > *most).then(|| format!("This value must be less than or equal to {most}."))
}

/// Whether a decimal has more digits than are calculated with.
pub fn is_too_long(decimal: &str) -> bool {
    let whole = decimal.split('.').next().unwrap_or_default();
    whole.trim_start_matches(['-', '0']).len() > WHOLE_DIGITS_MAX
}

/// Whether a text names an address that no page should send a browser to, or none at all.
pub fn is_no_address(name: &str, prefix: &str, text: &str) -> bool {
    let is_address = match name {
        "success_url" | "cancel_url" | "return_url" | "refresh_url" => true,
        "url" => prefix.ends_with("[redirect]"),
        _ => false,
    };
    let text = text.trim();
    // An app may have a scheme of its own.
    let is_harmless = |url: &reqwest::Url| {
        !matches!(url.scheme(), "javascript" | "data" | "vbscript" | "blob" | "file")
    };
    is_address
        && (text.chars().any(char::is_control)
            || reqwest::Url::parse(text).ok().filter(is_harmless).is_none())
}
