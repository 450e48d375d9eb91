//! Filters that take keys, generated for this run; the result is read by the other side.

use super::fake_host::FakeHost;
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};
use sluicegate::template::output::OutputMode;
use sluicegate::template::render::Templates;
use sluicegate::template::request_context::RequestContext;
use sluicegate_module::catalog::Catalog;
use sluicegate_module::profile::Profile;
use sluicegate_module::source::Source;
use std::sync::Arc;

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn render(template: &str, locals: Json) -> String {
    let templates = Templates::new(Arc::new(Catalog::default()));
    let source = Source::new("keys", "keys.liquid", 1, template, Profile::Modern);
    let (request_context, host) =
        (RequestContext::new(serde_json::Map::new()), FakeHost::default());
    let rendered = templates.render(&source, &request_context, locals, OutputMode::Raw, &host);
    rendered.map_or_else(|e| format!("ERROR {e}"), |r| r.output)
}

/// Private and public key of an RSA pair.
fn rsa() -> (String, String) {
    let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key");
    let private: Pkcs8V1Der<'_> = key.as_der().expect("its form");
    let public: PublicKeyX509Der<'_> = key.public_key().as_der().expect("its form");
    (pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", public.as_ref()))
}

/// Private key, public key, and the public key as a bare point.
fn curve() -> (String, String, String) {
    let key = PrivateKey::generate(&ECDH_P256).expect("a key");
    let private: EcPrivateKeyRfc5915Der<'_> = key.as_der().expect("its form");
    let public = key.compute_public_key().expect("the other half");
    let form: PublicKeyX509Der<'_> = public.as_der().expect("its form");
    let point = URL_SAFE_NO_PAD.encode(public.as_ref());
    (pem("EC PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", form.as_ref()), point)
}

#[test]
fn what_is_encrypted_for_a_key_is_read_with_it() {
    let (private, public) = rsa();
    let locals = json!({ "private": private, "public": public });
    for name in ["RSA", "RSA-OAEP"] {
        let there_and_back = "{{ 'a secret' | encrypt: name, public | decrypt: name, private }}";
        let template = there_and_back.replace("name", &format!("'{name}'"));
        assert_eq!(render(&template, locals.clone()), "a secret", "{name}");
    }
    let mixed = "{{ 'x' | encrypt: 'RSA', public | decrypt: 'RSA-OAEP', private }}";
    assert!(render(mixed, locals.clone()).contains("cannot be decrypted with this key"));
    let long = "{{ public | encrypt: 'RSA', public }}";
    assert!(render(long, locals.clone()).contains("too long for this RSA key"));
    // A key of one kind is not accepted as another, and no message contains a key.
    let wrong = render("{{ 'x' | encrypt: 'RSA', private }}", locals);
    assert!(wrong.contains("not an RSA public key"), "{wrong}");
    assert!(!wrong.contains(&private[30..60]), "{wrong}");
}

#[test]
fn two_sides_agree_on_a_secret() {
    let (one, one_public, one_point) = curve();
    let (other, other_public, other_point) = curve();
    let locals = json!({ "one": one, "one_public": one_public, "one_point": one_point,
        "other": other, "other_public": other_public, "other_point": other_point });
    let agreed = render(
        "{% assign a = one | ecdh_compute: other_public %}{% assign b = other | ecdh_compute: one_point %}\
         {% if a == b %}same{% endif %} {{ a | size }} {{ a | hkdf: 'salt', 'info', 16 | size }} \
         {{ one | ecdh_compute: other_point, 'hex' | size }} {{ one | ecdh_compute: other_public, 'base64' | size }}",
        locals.clone(),
    );
    assert_eq!(agreed, "same 32 16 64 44");
    let wrong = render("{{ one | ecdh_compute: 'AAAA' }}", locals);
    assert!(wrong.contains("not a public key of the same curve"), "{wrong}");
}

#[test]
fn a_token_for_an_rsa_key_is_opened_with_it() {
    let (private, public) = rsa();
    let template = "{% assign parts = '{\"a\":1}' | jwe_encode: public, 'RSA-OAEP', 'A128GCM' | split: '.' %}\
        {% assign key = parts[1] | decrypt: 'RSA-OAEP', private %}\
        {{ parts[0] | base64_decode }} {{ key | size }} {{ parts | size }}";
    let opened = render(template, json!({ "private": private, "public": public }));
    assert_eq!(opened, r#"{"alg":"RSA-OAEP","enc":"A128GCM"} 16 5"#);
}

#[test]
fn a_token_for_a_curves_key_names_a_fresh_one() {
    let (_, public, _) = curve();
    for (alg, sent) in [("ECDH-ES", 0), ("ECDH-ES+A128KW", 32), ("ECDH-ES+A192KW", 32)] {
        let template = "{% assign parts = 'x' | jwe_encode: public, alg, 'A128GCM' | split: '.' %}\
            {% assign head = parts[0] | base64_decode | parse_json %}\
            {{ head.epk.crv }} {{ head.epk.x | size }} {{ parts[1] | size }}";
        let made = render(template, json!({ "public": public, "alg": alg }));
        assert_eq!(made, format!("P-256 43 {sent}"), "{alg}");
    }
}
