//! `is_gpg_valid`: whether a string is an OpenPGP key, by its format alone.

use crate::template::filters::{alias, crypto};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::value::Value;

/// Registers `is_gpg_valid`.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["is_gpg_valid"], |v, _, _| Ok(Value::Bool(is_key(&v.to_text()))));
}

/// True for an armored block with a valid checksum, whose first packet is a key.
fn is_key(text: &str) -> bool {
    let text = text.replace('\r', "");
    let Some(body) = armored(&text, "PUBLIC").or_else(|| armored(&text, "PRIVATE")) else {
        return false;
    };
    // Headers such as `Version:` end at an empty line.
    let body = body.split_once("\n\n").map_or(body, |(_, body)| body);
    let (body, sum) = match body.trim_end().rsplit_once("\n=") {
        Some((body, sum)) => (body, Some(sum)),
        None => (body, None),
    };
    let Some(packets) = crypto::base64_decode(body) else { return false };
    let sum_fits = sum.is_none_or(|sum| {
        crypto::base64_decode(sum).is_some_and(|sum| sum == crc24(&packets).to_be_bytes()[1..])
    });
    sum_fits && begins_with_key(&packets)
}

fn armored<'a>(text: &'a str, kind: &str) -> Option<&'a str> {
    let (_, behind) = text.split_once(&format!("-----BEGIN PGP {kind} KEY BLOCK-----\n"))?;
    let (body, _) = behind.split_once(&format!("-----END PGP {kind} KEY BLOCK-----"))?;
    Some(body)
}

/// The checksum of RFC 9580, 6.1.
fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x00b7_04ce, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 16), |sum, _| {
            let next = sum << 1;
            if next & 0x0100_0000 == 0 { next } else { next ^ 0x0186_4cfb }
        })
    })
}

/// True when the first packet has the tag, a plausible length and the version of a key.
fn begins_with_key(packets: &[u8]) -> bool {
    let byte = |place: usize| packets.get(place).copied().map(usize::from);
    let Some(head) = byte(0).filter(|head| head & 0x80 != 0) else { return false };
    let old_length = |from: usize, count: usize| {
        (from..from + count).try_fold(0, |sum, place| Some(sum << 8 | byte(place)?))
    };
    let (tag, read) = if head & 0x40 == 0 {
        let count = 1 << (head & 3);
        (
            head >> 2 & 15,
            if count > 4 { None } else { old_length(1, count).map(|l| (1 + count, l)) },
        )
    } else {
        let length = match byte(1) {
            Some(short) if short < 192 => Some((2, short)),
            Some(long) if long < 224 => byte(2).map(|low| (3, ((long - 192) << 8) + low + 192)),
            Some(255) => old_length(2, 4).map(|length| (6, length)),
            _ => None,
        };
        (head & 63, length)
    };
    let Some((start, length)) = read else { return false };
    let is_key = matches!(tag, 5 | 6);
    let is_whole = length > 6 && packets.len() >= start + length;
    is_key && is_whole && byte(start).is_some_and(|version| (3..=6).contains(&version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    fn block(packets: &[u8], sum: &str) -> String {
        let body = STANDARD.encode(packets);
        let ends = "PGP PUBLIC KEY BLOCK-----";
        format!("-----BEGIN {ends}\nVersion: x\n\n{body}\n={sum}\n-----END {ends}\n")
    }

    #[test]
    fn a_key_is_recognized_by_its_packet_and_checksum() {
        let key = [&[0x99, 0, 10, 4][..], &[0; 9]].concat();
        let sum = STANDARD.encode(&crc24(&key).to_be_bytes()[1..]);
        assert!(is_key(&block(&key, &sum)));
        assert!(is_key(&block(&key, &sum).replace('\n', "\r\n")));
        assert!(!is_key(&block(&key, "AAAA")));
        assert!(!is_key(&block(&key[..8], &sum)));
        let user = [&[0xcd, 10, 4][..], &[0; 9]].concat();
        let sum = STANDARD.encode(&crc24(&user).to_be_bytes()[1..]);
        assert!(!is_key(&block(&user, &sum)));
        assert!(!is_key("") && !is_key("not-a-key"));
    }

    #[test]
    fn the_sum_is_openpgps() {
        assert_eq!(crc24(b""), 0x00b7_04ce);
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
    }
}
