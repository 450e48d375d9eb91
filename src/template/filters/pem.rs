//! PEM keys: their kind and their DER, with RSA keys in the wrapping that ciphers require.

use crate::template::filters::crypto;

/// A key read from PEM.
pub struct Pem<'a> {
    /// The label after `BEGIN`: `PUBLIC KEY`, `EC PRIVATE KEY`, …
    pub label: &'a str,
    /// The key in DER.
    pub der: Vec<u8>,
}

/// Returns the first key whose label ends with `label_end`; line breaks may be written as `\n`, as
/// in single-line values.
pub fn read<'a>(text: &'a str, label_end: &str) -> Option<Pem<'a>> {
    let mut rest = text;
    loop {
        let (_, behind) = rest.split_once("-----BEGIN ")?;
        let (label, behind) = behind.split_once("-----")?;
        let (body, behind) = behind.split_once("-----END ")?;
        if label.ends_with(label_end) {
            let der = crypto::base64_decode(&body.replace("\\n", ""))?;
            return Some(Pem { label, der });
        }
        rest = behind;
    }
}

/// Returns the DER of an RSA public key as SubjectPublicKeyInfo.
pub fn rsa_public(text: &str) -> Option<Vec<u8>> {
    let Pem { label, der } = read(text, "PUBLIC KEY")?;
    if label != "RSA PUBLIC KEY" {
        return Some(der);
    }
    let bits = element(0x03, &[&[0][..], &der].concat());
    Some(element(0x30, &[rsa_algorithm(), bits].concat()))
}

/// Returns the DER of an RSA private key as PKCS #8.
pub fn rsa_private(text: &str) -> Option<Vec<u8>> {
    let Pem { label, der } = read(text, "PRIVATE KEY")?;
    if label != "RSA PRIVATE KEY" {
        return Some(der);
    }
    let version = vec![0x02, 0x01, 0x00];
    Some(element(0x30, &[version, rsa_algorithm(), element(0x04, &der)].concat()))
}

/// The algorithm identifier `rsaEncryption`, without parameters.
fn rsa_algorithm() -> Vec<u8> {
    const OID: [u8; 11] = [0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    element(0x30, &[&OID[..], &[0x05, 0]].concat())
}

/// Encodes a DER element: tag, length, content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut made = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 128 => made.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            made.push(0x80 | u8::try_from(digits.len()).expect("a length has at most 8 bytes"));
            made.extend(digits);
        }
    }
    made.extend(content);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_label() {
        let text = "-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n\
                    -----BEGIN EC PRIVATE KEY-----\\nAQID\\n-----END EC PRIVATE KEY-----";
        let pem = read(text, "PRIVATE KEY").unwrap();
        assert_eq!((pem.label, pem.der.as_slice()), ("EC PRIVATE KEY", &[1, 2, 3][..]));
        assert!(read(text, "PUBLIC KEY").is_none());
        assert!(read("-----BEGIN PUBLIC KEY", "KEY").is_none());
    }

    #[test]
    fn long_elements_say_how_long_they_are() {
        assert_eq!(element(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(element(4, &[7; 300])[..4], [4, 0x82, 1, 44]);
    }
}
