//! Verifies `Stripe-Signature`: raw bytes, every `v1`, 300 seconds, constant time, fail closed.
//!
//! The scheme is Stripe's (<https://docs.stripe.com/webhooks#verify-manually>): HMAC-SHA256 in
//! hexadecimal over `"{t}.{raw body}"` with the complete `whsec_…` string as the key. `v0` is
//! ignored.

use crate::gateway::contract::{FutureTimes, Refusal};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;
use sluicegate_secret::Secret;

/// The maximum age of a signature in seconds, Stripe's default.
pub const TOLERANCE_SECONDS: i64 = 300;
/// The longest header that is parsed, in bytes.
const HEADER_BYTES_MAX: usize = 4096;

/// Verifies a delivery. Returns the index in `secrets` of the one that signed it.
///
/// # Errors
/// [`Refusal`]. Blank secrets are skipped; if none is left, [`Refusal::NoSecret`].
pub fn verify(
    header: &str,
    body: &[u8],
    secrets: &[Secret],
    now: Timestamp,
    future: FutureTimes,
) -> Result<usize, Refusal> {
    if secrets.iter().all(Secret::is_blank) {
        return Err(Refusal::NoSecret);
    }
    let (time_text, signatures) = parse(header).ok_or(Refusal::Malformed)?;
    let time: i64 = time_text.parse().map_err(|_| Refusal::Malformed)?;
    let signer = secrets
        .iter()
        .position(|secret| !secret.is_blank() && signed_by(secret, time_text, body, &signatures))
        .ok_or(Refusal::Mismatch)?;
    let age = now.as_second().saturating_sub(time);
    if age > TOLERANCE_SECONDS {
        return Err(Refusal::Expired);
    }
    if future == FutureTimes::Refused && age < -TOLERANCE_SECONDS {
        return Err(Refusal::Future);
    }
    Ok(signer)
}

/// The timestamp as sent, and every valid `v1` as 32 bytes.
fn parse(header: &str) -> Option<(&str, Vec<[u8; 32]>)> {
    if header.len() > HEADER_BYTES_MAX {
        return None;
    }
    let mut time = None;
    let mut signatures = Vec::new();
    for item in header.split(',') {
        match item.trim().split_once('=') {
            // With two timestamps, it is ambiguous which one was signed.
            Some(("t", _)) if time.is_some() => return None,
            Some(("t", text)) if is_digits(text) => time = Some(text),
            Some(("t", _)) => return None,
            Some(("v1", text)) => {
                let mut bytes = [0; 32];
                if hex::decode_to_slice(text, &mut bytes).is_ok() {
                    signatures.push(bytes);
                }
            }
            _ => {}
        }
    }
    time.filter(|_| !signatures.is_empty()).map(|time| (time, signatures))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn signed_by(secret: &Secret, time: &str, body: &[u8], signatures: &[[u8; 32]]) -> bool {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        return false;
    };
    let mac = mac.chain_update(time).chain_update(b".").chain_update(body);
    // `verify_slice` compares in constant time.
    signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
}

/// The header value that Stripe would send for `body`, for tests and `events replay`.
pub fn sign(secret: &Secret, body: &[u8], time: Timestamp) -> String {
    let time = time.as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(format!("{time}.").as_bytes());
    mac.update(body);
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(
        header: &str,
        body: &[u8],
        secrets: &[Secret],
        now: Timestamp,
    ) -> Result<usize, Refusal> {
        super::verify(header, body, secrets, now, FutureTimes::Accepted)
    }

    const BODY: &[u8] = br#"{"id":"evt_1"}"#;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn secrets(texts: &[&str]) -> Vec<Secret> {
        texts.iter().map(|t| Secret::new(*t)).collect()
    }

    #[test]
    fn a_signature_is_accepted_within_the_tolerance() {
        let header = sign(&Secret::new("whsec_test"), BODY, at(1_700_000_000));
        let secrets = secrets(&["whsec_other", "whsec_test"]);
        assert_eq!(verify(&header, BODY, &secrets, at(1_700_000_300)), Ok(1));
        assert_eq!(verify(&header, BODY, &secrets, at(1_700_000_301)), Err(Refusal::Expired));
        assert_eq!(verify(&header, BODY, &secrets, at(1_600_000_000)), Ok(1), "a future time");
        let strict = |now| super::verify(&header, BODY, &secrets, at(now), FutureTimes::Refused);
        assert_eq!(strict(1_699_999_700), Ok(1));
        assert_eq!(strict(1_699_999_699), Err(Refusal::Future));
        assert_eq!(strict(1_700_000_301), Err(Refusal::Expired));
    }

    #[test]
    fn a_changed_byte_or_secret_is_refused() {
        let now = at(1_700_000_000);
        let header = sign(&Secret::new("whsec_test"), BODY, now);
        let ours = secrets(&["whsec_test"]);
        assert_eq!(verify(&header, b"{\"id\":\"evt_2\"}", &ours, now), Err(Refusal::Mismatch));
        assert_eq!(verify(&header, BODY, &secrets(&["whsec_tesT"]), now), Err(Refusal::Mismatch));
        let moved = header.replace("t=1700000000", "t=1700000001");
        assert_eq!(verify(&moved, BODY, &ours, now), Err(Refusal::Mismatch));
    }

    #[test]
    fn no_secret_fails_closed_even_for_an_empty_key() {
        let now = at(1_700_000_000);
        let forged = sign(&Secret::new(""), BODY, now);
        assert_eq!(verify(&forged, BODY, &[], now), Err(Refusal::NoSecret));
        assert_eq!(verify(&forged, BODY, &secrets(&["", " "]), now), Err(Refusal::NoSecret));
        assert_eq!(verify(&forged, BODY, &secrets(&["", "whsec_1"]), now), Err(Refusal::Mismatch));
    }

    #[test]
    fn rotation_v0_and_odd_headers() {
        let now = at(1_700_000_000);
        let header = sign(&Secret::new("whsec_test"), BODY, now);
        let v1 = header.split_once(",v1=").expect("has v1").1;
        let ours = secrets(&["whsec_test"]);
        let zeros = "0".repeat(64);
        let two = format!("t=1700000000,v0=abc,v1={zeros}, v1={v1}");
        assert_eq!(verify(&two, BODY, &ours, now), Ok(0));
        let only_v0 = format!("t=1700000000,v0={v1}");
        for bad in ["", "t=,v1=", "v1=00", &only_v0, "t=1700000000", "t=-1,v1=00", "t=1,t=1,v1=00"]
        {
            assert_eq!(verify(bad, BODY, &ours, now), Err(Refusal::Malformed), "{bad}");
        }
        let twice = format!("t=1700000000,t=1700000000,v1={v1}");
        assert_eq!(verify(&twice, BODY, &ours, now), Err(Refusal::Malformed));
        let huge = format!("t=99999999999999999999,v1={v1}");
        assert_eq!(verify(&huge, BODY, &ours, now), Err(Refusal::Malformed));
    }
}
