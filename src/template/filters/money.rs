//! Amounts of money: formatted prices, fractional units.

use sluicegate_liquid::value::numbers::to_integer;

/// A currency: its unit at Stripe and its format.
struct Currency {
    code: &'static str,
    /// Digits after the decimal point of which Stripe's unit is the last.
    digits: u8,
    /// The smallest amount in that unit.
    step: i64,
    symbol: &'static str,
    /// True when the symbol follows the amount, after a space.
    is_after: bool,
    point: char,
    thousands: char,
}

const fn currency(code: &'static str, digits: u8, symbol: &'static str) -> Currency {
    Currency { code, digits, step: 1, symbol, is_after: false, point: '.', thousands: ',' }
}

const fn after(code: &'static str, digits: u8, symbol: &'static str, thousands: char) -> Currency {
    Currency { code, digits, step: 1, symbol, is_after: true, point: ',', thousands }
}

/// Without a smaller unit, but Stripe counts it in hundredths.
const fn in_hundredths(code: &'static str, symbol: &'static str) -> Currency {
    Currency { step: 100, ..currency(code, 2, symbol) }
}

/// In thousandths, of which Stripe wants the last digit to be 0.
const fn in_thousandths(code: &'static str, symbol: &'static str) -> Currency {
    Currency { step: 10, ..currency(code, 3, symbol) }
}

const CURRENCIES: &[Currency] = &[
    currency("USD", 2, "$"),
    currency("AUD", 2, "$"),
    currency("CAD", 2, "$"),
    currency("NZD", 2, "$"),
    currency("SGD", 2, "$"),
    currency("HKD", 2, "$"),
    currency("MXN", 2, "$"),
    Currency { point: ',', thousands: '.', ..currency("EUR", 2, "€") },
    currency("GBP", 2, "£"),
    currency("INR", 2, "₹"),
    currency("CHF", 2, "CHF"),
    Currency { point: ',', thousands: '.', ..currency("BRL", 2, "R$") },
    currency("JPY", 0, "¥"),
    currency("CNY", 2, "¥"),
    currency("KRW", 0, "₩"),
    currency("VND", 0, "₫"),
    Currency { point: '.', thousands: ',', ..after("PLN", 2, "zł", ',') },
    after("CZK", 2, "Kč", ' '),
    after("SEK", 2, "kr", ' '),
    after("NOK", 2, "kr", '.'),
    after("DKK", 2, "kr.", '.'),
    after("HUF", 2, "Ft", ' '),
    currency("ILS", 2, "₪"),
    currency("BIF", 0, "Fr"),
    currency("CLP", 0, "$"),
    currency("DJF", 0, "Fdj"),
    currency("GNF", 0, "Fr"),
    in_hundredths("ISK", "kr"),
    currency("KMF", 0, "Fr"),
    currency("MGA", 0, "Ar"),
    currency("PYG", 0, "₲"),
    currency("RWF", 0, "FRw"),
    in_hundredths("UGX", "USh"),
    currency("VUV", 0, "Vt"),
    currency("XAF", 0, "CFA"),
    currency("XOF", 0, "Fr"),
    currency("XPF", 0, "Fr"),
    in_thousandths("BHD", "BD"),
    in_thousandths("JOD", "JD"),
    in_thousandths("KWD", "KD"),
    in_thousandths("OMR", "OMR"),
    in_thousandths("TND", "DT"),
];

fn find(code: &str) -> Option<&'static Currency> {
    CURRENCIES.iter().find(|c| c.code.eq_ignore_ascii_case(code.trim()))
}

/// The format of a price.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Include the symbol.
    pub symbol: bool,
    /// Append the currency code.
    pub code: bool,
    /// Omit the cents of an integral amount.
    pub no_cents_if_whole: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { symbol: true, code: false, no_cents_if_whole: true }
    }
}

/// Converts an amount to Stripe's unit of a currency, rounded to what Stripe takes: 5 ISK is 500,
/// 5.124 KWD is 5120.
pub fn fractions(amount: f64, code: &str) -> i64 {
    let (digits, step) = find(code).map_or((2, 1), |c| (c.digits, c.step));
    rounded(amount * 10_f64.powi(i32::from(digits)) / step as f64).saturating_mul(step)
}

/// The same without the rounding to what Stripe takes, to show it.
pub fn exact_fractions(amount: f64, code: &str) -> i64 {
    let digits = find(code).map_or(2, |c| c.digits);
    rounded(amount * 10_f64.powi(i32::from(digits)))
}

/// Rounds half away from zero; the epsilon makes 10.075 round as if it were exact.
fn rounded(scaled: f64) -> i64 {
    to_integer((scaled + scaled.signum() * scaled.abs() * f64::EPSILON).round())
}

/// True for a currency without a smaller unit, whatever Stripe counts it in.
pub fn is_whole(code: &str) -> bool {
    find(code).is_some_and(|c| 10_i64.pow(u32::from(c.digits)) == c.step)
}

/// Converts Stripe's unit of a currency to an amount.
pub fn amount(fractions: i64, code: &str) -> f64 {
    let digits = find(code).map_or(2, |c| c.digits);
    fractions as f64 / 10_f64.powi(i32::from(digits))
}

/// Formats a price from the smallest unit.
pub fn price(fractions: i64, code: &str, style: Style) -> String {
    let code = if code.trim().is_empty() { "USD" } else { code.trim() };
    let unknown = currency("", 2, "");
    let currency = find(code).unwrap_or(&unknown);
    let upper = code.to_uppercase();
    let scale = 10_u64.pow(u32::from(currency.digits));
    let size = fractions.unsigned_abs();
    let (whole, part) = (size / scale, size % scale);
    let mut number = grouped(whole, currency.thousands);
    let is_short = part == 0 && (style.no_cents_if_whole || currency.step >= 100);
    if currency.digits > 0 && !is_short {
        number.push(currency.point);
        number.push_str(&format!("{part:0width$}", width = usize::from(currency.digits)));
    }
    let sign = if fractions < 0 { "-" } else { "" };
    let mut out = match (style.symbol, currency.symbol, currency.is_after) {
        (false, ..) => format!("{sign}{number}"),
        (true, "", _) => format!("{sign}{number} {upper}"),
        (true, symbol, true) => format!("{sign}{number} {symbol}"),
        (true, symbol, false) => format!("{sign}{symbol}{number}"),
    };
    if style.code && !currency.symbol.is_empty() {
        out.push(' ');
        out.push_str(&upper);
    }
    out
}

/// Groups the digits by three.
pub fn grouped(number: u64, mark: char) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_read_as_people_write_them() {
        let cases = [
            (100, "USD", "$1"),
            (120, "USD", "$1.20"),
            (1, "USD", "$0.01"),
            (1_000_000, "USD", "$10,000"),
            (-150, "usd", "-$1.50"),
            (1, "PLN", "0.01 zł"),
            (100, "PLN", "1 zł"),
            (1, "JPY", "¥1"),
            (123_456_789, "EUR", "€1.234.567,89"),
            (1500, "KWD", "KD1.500"),
            (100, "XTS", "1 XTS"),
            (0, "", "$0"),
            (i64::MIN, "JPY", "-¥9,223,372,036,854,775,808"),
        ];
        for (amount, code, expected) in cases {
            assert_eq!(price(amount, code, Style::default()), expected, "{amount} {code}");
        }
        let exact = Style { no_cents_if_whole: false, code: true, symbol: true };
        assert_eq!(price(100, "USD", exact), "$1.00 USD");
        assert_eq!(price(100, "USD", Style { symbol: false, ..exact }), "1.00 USD");
    }

    #[test]
    fn fractions_round_half_up() {
        assert_eq!(fractions(10.50, "USD"), 1050);
        assert_eq!(fractions(10.50, "JPY"), 11);
        assert_eq!(fractions(1.005, "USD"), 101);
        assert_eq!(fractions(-1.005, "USD"), -101);
        assert_eq!(amount(1050, "USD"), 10.5);
        assert_eq!(amount(1050, "JPY"), 1050.0);
    }

    #[test]
    fn stripes_special_currencies() {
        for code in ["ISK", "ugx"] {
            assert_eq!(fractions(5.0, code), 500);
            assert_eq!(fractions(5.4, code), 500);
            assert_eq!(fractions(-5.5, code), -600);
            assert_eq!(amount(500, code), 5.0);
            assert!(is_whole(code));
        }
        for code in ["BHD", "JOD", "kwd", "OMR", "TND"] {
            assert_eq!(fractions(5.124, code), 5120);
            assert_eq!(fractions(5.125, code), 5130);
            assert_eq!(fractions(-5.126, code), -5130);
            assert_eq!(amount(5120, code), 5.12);
            assert_eq!(exact_fractions(5.124, code), 5124);
            assert!(!is_whole(code));
        }
        let exact = Style { no_cents_if_whole: false, ..Style::default() };
        assert_eq!(price(500, "ISK", exact), "kr5");
        assert_eq!(price(5124, "KWD", exact), "KD5.124");
        assert!(is_whole("JPY") && !is_whole("USD") && !is_whole("XTS"));
    }
}
