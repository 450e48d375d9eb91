//! `useragent`: browser, system and device from a `User-Agent` header; covers the common ones.

use crate::template::filters::alias;
use serde_json::{Value as Json, json};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::value::Value;

/// Registers `useragent`.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["useragent"], |v, _, _| Ok(Value::from(parse(&v.to_text()))));
}

/// The prefix of a browser's version, and its name; the first match counts, because browsers also
/// name the ones they derive from.
const BROWSERS: [(&str, &str); 21] = [
    ("Googlebot/", "Googlebot"),
    ("bingbot/", "bingbot"),
    ("HeadlessChrome/", "HeadlessChrome"),
    ("EdgiOS/", "Edge Mobile"),
    ("EdgA/", "Edge Mobile"),
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("CriOS/", "Chrome Mobile iOS"),
    ("FxiOS/", "Firefox iOS"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("MSIE ", "IE"),
    ("Trident/7.0; rv:", "IE"),
    ("Trident/7.0; Touch; rv:", "IE"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("PostmanRuntime/", "PostmanRuntime"),
    ("python-requests/", "Python Requests"),
];

const WINDOWS: [(&str, &str); 7] = [
    ("Windows NT 10.0", "Windows 10"),
    ("Windows NT 6.3", "Windows 8.1"),
    ("Windows NT 6.2", "Windows 8"),
    ("Windows NT 6.1", "Windows 7"),
    ("Windows NT 6.0", "Windows Vista"),
    ("Windows NT 5.1", "Windows XP"),
    ("Windows", "Windows"),
];

fn parse(header: &str) -> Json {
    let (family, version) = browser(header);
    let (system, system_version) = system(header);
    let (device, model, brand) = device(header);
    json!({
        "device": { "family": device, "model": model, "brand": brand },
        "family": family,
        "os": { "version": numbers(system_version), "family": system },
        "version": numbers(version),
    })
}

fn browser(header: &str) -> (&str, &str) {
    let is_mobile = header.contains("Mobile") || header.contains("Android");
    for (mark, family) in BROWSERS {
        if let Some((_, version)) = header.split_once(mark) {
            let family = match family {
                "Chrome" if is_mobile => "Chrome Mobile",
                "Firefox" if is_mobile => "Firefox Mobile",
                family => family,
            };
            return (family, version);
        }
    }
    match header.split_once("Version/") {
        Some((_, version)) if header.contains("Safari/") => {
            (if is_mobile { "Mobile Safari" } else { "Safari" }, version)
        }
        _ => ("Other", ""),
    }
}

fn system(header: &str) -> (&str, &str) {
    let behind = |mark: &str| header.split_once(mark).map(|(_, version)| version);
    if let Some((_, family)) = WINDOWS.iter().find(|(mark, _)| header.contains(mark)) {
        return (family, "");
    }
    if let Some(version) = behind("Android") {
        return ("Android", version.trim_start_matches([' ', '/']));
    }
    if header.contains("iPhone") || header.contains("iPad") || header.contains("iPod") {
        let version = behind("iPhone OS ").or_else(|| behind("CPU OS "));
        return ("iOS", version.unwrap_or_default());
    }
    if let Some(version) = behind("Mac OS X") {
        return ("Mac OS X", version.trim_start());
    }
    match () {
        () if header.contains("CrOS") => ("Chrome OS", ""),
        () if header.contains("Ubuntu") => ("Ubuntu", ""),
        () if header.contains("Linux") => ("Linux", ""),
        () => ("Other", ""),
    }
}

/// Returns family, model and brand of the device.
fn device(header: &str) -> (String, String, Option<&'static str>) {
    let apple = ["iPhone", "iPad", "iPod"].into_iter().find(|name| header.contains(name));
    if let Some(name) = apple {
        return (name.to_owned(), name.to_owned(), Some("Apple"));
    }
    if header.contains("bot/") || header.contains("spider") {
        return ("Spider".to_owned(), "Desktop".to_owned(), Some("Spider"));
    }
    if header.contains("Macintosh") {
        return ("Mac".to_owned(), "Mac".to_owned(), Some("Apple"));
    }
    // `(Linux; Android 13; SM-G991B Build/…)`
    let android = header.split_once("Android").and_then(|(_, behind)| behind.split_once("; "));
    let model = android.and_then(|(_, behind)| behind.split([';', ')']).next());
    let model = model.map(|model| model.split(" Build/").next().unwrap_or_default().trim());
    match model.filter(|model| !model.is_empty() && model.len() < 60) {
        Some(model) if model.starts_with("SM-") => {
            (format!("Samsung {model}"), model.to_owned(), Some("Samsung"))
        }
        Some(model) => (model.to_owned(), model.to_owned(), None),
        None => ("Other".to_owned(), "Other".to_owned(), None),
    }
}

/// Returns a version such as `47.0` and its parts; null without a leading number.
fn numbers(text: &str) -> Json {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_'));
    let version = text[..end.unwrap_or(text.len())].replace('_', ".");
    let version = version.trim_matches('.');
    if version.is_empty() || version.len() > 40 {
        return Json::Null;
    }
    let mut parts = version.split('.');
    let (major, minor, patch) = (parts.next(), parts.next(), parts.next());
    json!({ "version": version, "major": major, "minor": minor, "patch": patch })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation() {
        let read =
            parse("Mozilla/5.0 (Windows NT 6.1; WOW64; rv:47.0) Gecko/20100101 Firefox/47.0");
        let expected = json!({
            "device": {"family": "Other", "model": "Other", "brand": null},
            "family": "Firefox",
            "os": {"version": null, "family": "Windows 7"},
            "version": {"version": "47.0", "major": "47", "minor": "0", "patch": null},
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn derived_browsers_are_recognized() {
        let like = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (header, family, system, device) in [
            (
                format!(
                    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {like} Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0"
                ),
                "Edge",
                "Mac OS X",
                "Mac",
            ),
            (
                format!(
                    "Mozilla/5.0 (Linux; Android 13; SM-G991B) {like} Chrome/120.0.0.0 Mobile Safari/537.36"
                ),
                "Chrome Mobile",
                "Android",
                "Samsung SM-G991B",
            ),
            (
                format!(
                    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) {like} Version/17.2 Mobile/15E148 Safari/604.1"
                ),
                "Mobile Safari",
                "iOS",
                "iPhone",
            ),
            (
                "Stripe/1.0 (+https://stripe.com/docs/webhooks)".to_owned(),
                "Other",
                "Other",
                "Other",
            ),
        ] {
            let read = parse(&header);
            assert_eq!(read["family"], family, "{header}");
            assert_eq!(read["os"]["family"], system, "{header}");
            assert_eq!(read["device"]["family"], device, "{header}");
        }
    }

    #[test]
    fn unknown_agents_are_other() {
        for header in ["", "é;(((", "Android", "Android; ", "Chrome/", "Version/Safari/"] {
            assert!(parse(header)["family"].is_string(), "{header}");
        }
    }
}
