//! Card numbers in texts and JSON: network prefix, length and check digit together.
//!
//! An order number passes unless all three agree. Visa's thirteen digits are not looked for: no
//! card has had them for decades, and the barcodes of a whole country's goods begin with a 4.

use crate::MASK;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::ops::Range;

/// What to tell somebody who sends a card number.
pub const ADVICE: &str = "Card numbers are not taken here; nothing was stored or sent. Let the \
                          gateway's card form make a token, and send the token.";

/// The groups in which cards show their numbers.
const CUSTOMARY: [&[usize]; 5] =
    [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[6, 13]];
/// Digits that are typed one by one: `4 2 4 2 …`, with whatever follows.
const ONE_BY_ONE: [usize; DIGITS_MAX] = [1; DIGITS_MAX];
/// The most characters between two groups, such as ` - `.
const SEPARATOR_CHARS_MAX: usize = 12;
const DIGITS_MIN: usize = 14;
const DIGITS_MAX: usize = 19;
/// The least number with [`DIGITS_MIN`] digits.
const SHORTEST: u64 = 10_000_000_000_000;

/// True when the text is or contains a card number.
pub fn is_in(text: &str) -> bool {
    has_enough_digits(text) && !spans(text).is_empty()
}

/// Most texts have too few digits. A digit that is not ASCII has more than one byte.
fn has_enough_digits(text: &str) -> bool {
    text.len() >= DIGITS_MIN
        && text.bytes().filter(|byte| byte.is_ascii_digit() || !byte.is_ascii()).count()
            >= DIGITS_MIN
}

/// True when a text, a number or a name in the value is or contains a card number.
pub fn is_in_json(value: &Json) -> bool {
    match value {
        Json::String(text) => is_in(text),
        Json::Number(number) => is_card(number),
        Json::Array(items) => items.iter().any(is_in_json),
        Json::Object(map) => map.iter().any(|(name, value)| is_in(name) || is_in_json(value)),
        Json::Null | Json::Bool(_) => false,
    }
}

/// The text with every card number replaced by [`MASK`].
pub fn mask(text: &str) -> Cow<'_, str> {
    if !has_enough_digits(text) {
        return Cow::Borrowed(text);
    }
    let spans = spans(text);
    if spans.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut masked, mut end) = (String::with_capacity(text.len()), 0);
    for span in spans {
        masked.push_str(&text[end..span.start]);
        masked.push_str(MASK);
        end = span.end;
    }
    masked.push_str(&text[end..]);
    Cow::Owned(masked)
}

/// Replaces every card number in the value, names included, by [`MASK`].
pub fn mask_json(value: &mut Json) {
    match value {
        Json::String(text) => {
            if let Cow::Owned(masked) = mask(text) {
                *text = masked;
            }
        }
        Json::Number(number) if is_card(number) => *value = Json::from(MASK),
        Json::Array(items) => items.iter_mut().for_each(mask_json),
        Json::Object(map) => {
            if map.keys().any(|name| is_in(name)) {
                *map = std::mem::take(map)
                    .into_iter()
                    .map(|(name, value)| (mask(&name).into_owned(), value))
                    .collect();
            }
            map.values_mut().for_each(mask_json);
        }
        _ => {}
    }
}

/// True when a JSON number is a card number.
fn is_card(number: &serde_json::Number) -> bool {
    // Most numbers are short.
    number.as_u64().is_none_or(|number| number >= SHORTEST) && is_in(&digits_of(number))
}

/// The digits of a JSON number; those of `4.242424242424242e15` as well.
fn digits_of(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if !number.is_u64() && float.fract() == 0.0 && (0.0..1e19).contains(&float) => {
            format!("{float:.0}")
        }
        _ => number.to_string(),
    }
}

/// A group of digits that stand together.
struct Group {
    range: Range<usize>,
    digits: String,
    /// Only a separator is between it and the group before.
    is_continued: bool,
    /// A number may begin here: what is before is no part of a word or of a fraction.
    may_begin: bool,
    /// A number may end here.
    may_end: bool,
}

/// Where the card numbers of a text are.
fn spans(text: &str) -> Vec<Range<usize>> {
    let groups = groups(text);
    let (mut found, mut from) = (Vec::new(), 0);
    while from < groups.len() {
        let more = groups[from + 1..].iter().take_while(|group| group.is_continued).count();
        let run = &groups[from..=from + more];
        found.extend(spans_of_run(run));
        from += more + 1;
    }
    found
}

fn spans_of_run(run: &[Group]) -> Vec<Range<usize>> {
    let (mut found, mut from) = (Vec::new(), 0);
    if is_number(run) {
        found.push(run[0].range.start..run[run.len() - 1].range.end);
        return found;
    }
    while from < run.len() {
        let fits = |sizes: &&&[usize]| {
            let Some(part) = run.get(from..from + sizes.len()) else { return false };
            part.iter().zip(**sizes).all(|(group, size)| group.digits.len() == *size)
                && is_number(part)
        };
        let single: &[usize] = &[run[from].digits.len()];
        let one_by_one = [16, 15, 14, 19, 18, 17].map(|count| &ONE_BY_ONE[..count]);
        let sizes = CUSTOMARY.iter().chain([&single]).chain(&one_by_one);
        let longest = sizes.filter(fits).map(|sizes| sizes.len()).max();
        if let Some(count) = longest {
            found.push(run[from].range.start..run[from + count - 1].range.end);
        }
        from += longest.unwrap_or(1);
    }
    found
}

fn is_number(part: &[Group]) -> bool {
    let (Some(first), Some(last)) = (part.first(), part.last()) else { return false };
    let count: usize = part.iter().map(|group| group.digits.len()).sum();
    count <= DIGITS_MAX
        && first.may_begin
        && last.may_end
        && is_card_number(&part.iter().map(|group| group.digits.as_str()).collect::<String>())
}

fn groups(text: &str) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    let mut chars = text.char_indices().peekable();
    // The characters since the last group, and the last two before a group.
    let (mut since, mut is_separated) = (0, false);
    let (mut before, mut last) = (None, None);
    while let Some((start, char)) = chars.next() {
        let Some(digit) = digit(char) else {
            since += 1;
            is_separated = is_separated && is_separator(char) && since <= SEPARATOR_CHARS_MAX;
            (before, last) = (last, Some(char));
            continue;
        };
        let mut digits = String::from(digit);
        let mut end = start + char.len_utf8();
        while let Some((at, char)) = chars.peek().copied() {
            let Some(digit) = self::digit(char) else { break };
            digits.push(digit);
            end = at + char.len_utf8();
            chars.next();
        }
        let is_continued = is_separated;
        let may_begin = (is_continued && last != Some('.')) || !is_part(last, before);
        let mut after = text[end..].chars();
        let may_end = !is_part(after.next(), after.next());
        all.push(Group { range: start..end, digits, is_continued, may_begin, may_end });
        (since, is_separated) = (0, true);
        (before, last) = (None, Some('0'));
    }
    all
}

/// True when the characters beside a number, the nearest first, make it a part of a longer word
/// such as `ch_42`, `order-42` or `0.42`.
fn is_part(near: Option<char>, far: Option<char>) -> bool {
    let is_word = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric());
    match near {
        Some('_') => true,
        Some('-') => far.is_some_and(|far| far.is_alphabetic() || far == '_'),
        Some('.') => far.is_some_and(|far| digit(far).is_some()),
        near => is_word(near),
    }
}

/// The zeros of scripts whose digits are in common use: Arabic, Persian, of India, Thai, Lao, and
/// the wide ones that Japanese keyboards type.
const ZEROS: [u32; 14] = [
    0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0,
    0xff10,
];
/// Five alphabets of digits for formulas, one after the other.
const MATHEMATICAL: std::ops::RangeInclusive<u32> = 0x1d7ce..=0x1d7ff;

/// The ASCII digit for a digit of any script that people type.
fn digit(char: char) -> Option<char> {
    if char.is_ascii() {
        return char.is_ascii_digit().then_some(char);
    }
    let code = u32::from(char);
    if MATHEMATICAL.contains(&code) {
        return char::from_digit((code - MATHEMATICAL.start()) % 10, 10);
    }
    let zero = ZEROS.into_iter().find(|zero| (*zero..*zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

/// A blank, also as form data has it or of no width, a dot, or a hyphen of any kind.
fn is_separator(char: char) -> bool {
    char.is_whitespace()
        || matches!(char, '-' | '+' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}')
        || matches!(char, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// True for digits that a network issues as a card number.
fn is_card_number(digits: &str) -> bool {
    is_of_network(digits) && has_check_digit(digits)
}

/// The prefixes and lengths of Visa, Mastercard, American Express, Discover, Diners Club, JCB and
/// UnionPay.
fn is_of_network(digits: &str) -> bool {
    let first = |count: usize| -> u32 {
        digits.get(..count).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    let length = digits.len();
    match (first(1), first(2), first(3), first(4)) {
        (4, ..) => matches!(length, 16 | 19),
        (_, 51..=55, ..) | (_, _, _, 2221..=2720) => length == 16,
        (_, 34 | 37, ..) => length == 15,
        (_, 36 | 38 | 39, ..) | (_, _, 300..=305 | 309, _) => matches!(length, 14 | 16..=19),
        (_, 62 | 65, ..) | (_, _, 644..=649, _) | (_, _, _, 3528..=3589 | 6011 | 8100..=8171) => {
            matches!(length, 16..=19)
        }
        _ => false,
    }
}

/// The check digit of ISO/IEC 7812 (Luhn).
fn has_check_digit(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .map(|byte| u32::from(byte - b'0'))
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// Test numbers of the networks and of Stripe.
    const CARDS: [&str; 16] = [
        "4242424242424242",
        "4000056655665556",
        "5555555555554444",
        "2223003122003222",
        "2720992593319364",
        "5105105105105100",
        "378282246310005",
        "371449635398431",
        "6011111111111117",
        "6011000990139424",
        "3056930009020004",
        "36227206271667",
        "3566002020360505",
        "6200000000000005",
        "6205500000000000004",
        "6555900000604105",
    ];

    fn with_check_digit(mut digits: String) -> String {
        digits.push('0');
        let right = ('0'..='9').find(|last| {
            digits.pop();
            digits.push(*last);
            has_check_digit(&digits)
        });
        assert!(right.is_some());
        digits
    }

    #[test]
    fn the_networks_numbers_are_found_however_they_are_written() {
        for card in CARDS {
            let grouped = |by: &str| {
                let chars: Vec<char> = card.chars().collect();
                chars.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(by)
            };
            for written in [
                card.to_owned(),
                grouped(" "),
                grouped("-"),
                grouped(" - "),
                grouped("+"),
                grouped("\u{a0}"),
                format!(" {card}\n"),
                format!("my card is {card}, thanks."),
                format!("my card is {}; cvc 123", grouped(" ")),
                format!("{{\"n\":{card}}}"),
                card.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
            ] {
                assert!(is_in(&written), "{written}");
                assert!(!is_in(&mask(&written)), "{}", mask(&written));
            }
            let number: u64 = card.parse().unwrap();
            assert!(is_in_json(&json!({ "a": [{ "b": number }] })), "{card}");
            assert!(is_in_json(&json!({ card: 1 })), "{card} as a name");
        }
        assert!(is_in_json(&json!(4_242_424_242_424_242_f64)));
        assert!(is_in("4242 4242 4242 4242 12/30 123") && is_in("3782 822463 10005 0430"));
    }

    #[test]
    fn what_is_no_card_number_passes() {
        for text in [
            "4242424242424241",
            "424242424242424",
            "42424242424242424242",
            "1764512345678901",
            "2026-11-30 14:26:31.123456",
            "ch_4242424242424242",
            "order-4242424242424242",
            "4242424242424242abcdef",
            "0.4242424242424242",
            "4242424242424242.5",
            "4006381333931",
            // Serial numbers of telephones have the same check digit.
            "490154203237518",
            "356938035643809",
            "8a2f4e3f-9c1b-4d4e-8123-123456789012",
            "+49 30 901820 1234 5678",
            "DE89 3704 0044 0532 0130 00",
            "",
        ] {
            assert!(!is_in(text), "{text}");
            assert_eq!(mask(text), text);
        }
        for value in [json!(0.424_242_424_242_424_2), json!(-4_242_424_242_424_241_i64), json!(5)] {
            assert!(!is_in_json(&value), "{value}");
        }
    }

    #[test]
    fn a_masked_value_keeps_the_rest() {
        let mut value = json!({
            "note": "for 4242 4242 4242 4242, soon", "n": 4_242_424_242_424_242_u64,
            "4242424242424242": [true, "5"], "amount": 500,
        });
        mask_json(&mut value);
        let expected = json!({
            "note": "for [secret], soon", "n": "[secret]", "[secret]": [true, "5"], "amount": 500,
        });
        assert_eq!(value, expected);
    }

    proptest! {
        #[test]
        fn every_number_of_a_network_is_refused(
            prefix in prop::sample::select(vec![
                ("4", 16), ("4", 19), ("51", 16), ("55", 16), ("2221", 16), ("2720", 16),
                ("34", 15), ("37", 15), ("6011", 16), ("644", 16), ("65", 16), ("300", 14),
                ("36", 14), ("38", 14), ("3528", 16), ("3589", 16), ("62", 16), ("62", 19),
            ]),
            rest in "[0-9]{18}",
            gaps in prop::collection::vec(prop::sample::select(vec!["", " ", "-", " - "]), 19),
        ) {
            let (prefix, length) = prefix;
            let digits = with_check_digit(format!("{prefix}{rest}")[..length - 1].to_owned());
            prop_assert!(is_in(&digits));
            let written: String =
                digits.chars().zip(&gaps).flat_map(|(c, gap)| [c.to_string(), (*gap).to_owned()])
                .collect();
            prop_assert!(is_in(&written), "{}", written);
            let nested = json!([{ "any": digits }]);
            prop_assert!(is_in_json(&nested));
        }

        #[test]
        fn a_wrong_check_digit_passes(prefix in "4|51|2300|6011", rest in "[0-9]{15}", by in 1..10_u32) {
            let digits = with_check_digit(format!("{prefix}{rest}")[..15].to_owned());
            let last = digits.chars().last().and_then(|c| c.to_digit(10)).unwrap();
            let wrong = format!("{}{}", &digits[..15], (last + by) % 10);
            prop_assert!(!is_in(&wrong), "{}", wrong);
        }

        #[test]
        fn an_order_number_without_a_networks_prefix_passes(
            prefix in prop::sample::select(vec!["0", "1", "7", "9", "20", "29", "31", "33", "50",
                "56", "60", "61", "63", "66", "80", "82"]),
            rest in "[0-9]{18}",
            length in 14_usize..=19,
        ) {
            prop_assume!(!format!("{prefix}{rest}").starts_with("6011"));
            let digits = with_check_digit(format!("{prefix}{rest}")[..length - 1].to_owned());
            prop_assert!(!is_in(&digits), "{}", digits);
        }
    }

    #[test]
    fn numbers_are_found_however_they_are_typed() {
        for text in [
            "4242    4242    4242    4242",
            "4242.4242.4242.4242",
            "4242\u{200b}4242\u{200b}4242\u{200b}4242",
            "4242\u{ad}4242\u{ad}4242\u{ad}4242",
            "4242\u{a0}4242\u{a0}4242\u{a0}4242",
            "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
            "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2 1 2 2 9",
            "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
            "\u{1d7d2}\u{1d7d0}".repeat(8).as_str(),
        ] {
            assert!(is_in(text), "{text}");
        }
        for text in ["4242    4242    4242    4243", "1.2.3.4.5.6.7.8.9", "192.168.100.200:4242"] {
            assert!(!is_in(text), "{text}");
        }
    }
}
