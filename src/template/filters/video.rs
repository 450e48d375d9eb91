//! `video_params`, `videoify`: details of a video from its URL alone, without a request.

use crate::template::filters::alias;
use serde_json::json;
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::print::escape_entities;
use sluicegate_liquid::value::Value;
use std::fmt::Write as _;

/// A video on a hosting service.
#[derive(Debug, PartialEq, Eq)]
struct Video<'a> {
    provider: &'static str,
    id: &'a str,
    /// The embed URL up to the id.
    embed: &'static str,
}

/// Registers the video filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["video_params"], video_params);
    alias(builder, &["videoify"], videoify);
}

/// `video_params`; nil for a URL of another site.
fn video_params(value: Value, _: &Arguments, _: &mut Context<'_>) -> Result<Value, Error> {
    let url = value.to_text();
    let Some(video) = find(&url) else { return Ok(Value::Nil) };
    Ok(Value::from(json!({
        "provider": video.provider,
        "url": url,
        "video_id": video.id,
        "embed_url": format!("{}{}", video.embed, video.id),
        "embed_code": frame(&video, &[("allowfullscreen".into(), "allowfullscreen".into())]),
    })))
}

/// `videoify: options`; the options become attributes of the frame.
fn videoify(
    value: Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    let url = value.to_text();
    let Some(video) = find(&url) else { return Ok(Value::text("")) };
    let pair = |name: &str, value: &Value| (name.to_owned(), value.to_text().into_owned());
    let mut more: Vec<(String, String)> = match arguments.at(0) {
        Value::Hash(hash) => hash.borrow().iter().map(|(name, value)| pair(name, value)).collect(),
        _ => Vec::new(),
    };
    more.extend(arguments.named.iter().map(|(name, value)| pair(name, value)));
    // The author may set any attribute, but an option may come from data.
    more.retain(|(name, _)| is_harmless(name));
    more.push(("allowfullscreen".to_owned(), "allowfullscreen".to_owned()));
    let frame = frame(&video, &more);
    context.budget.value(frame.len())?;
    Ok(Value::safe(frame))
}

fn is_harmless(name: &str) -> bool {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let lower = name.to_ascii_lowercase();
    is_name && !lower.starts_with("on") && !matches!(&*lower, "src" | "srcdoc" | "allowfullscreen")
}

fn frame(video: &Video<'_>, attributes: &[(String, String)]) -> String {
    let mut out = format!("<iframe src=\"{}{}\" frameborder=\"0\"", video.embed, video.id);
    for (name, value) in attributes {
        let _ = write!(out, " {name}=\"{}\"", escape_entities(value));
    }
    out.push_str("></iframe>");
    out
}

const YOUTUBE: (&str, &str) = ("YouTube", "https://www.youtube.com/embed/");
const VIMEO: (&str, &str) = ("Vimeo", "https://player.vimeo.com/video/");
const DAILYMOTION: (&str, &str) = ("Dailymotion", "https://www.dailymotion.com/embed/video/");
const WISTIA: (&str, &str) = ("Wistia", "https://fast.wistia.net/embed/iframe/");

fn find(url: &str) -> Option<Video<'_>> {
    let rest = url.trim();
    let rest = rest.strip_prefix("https:").or_else(|| rest.strip_prefix("http:")).unwrap_or(rest);
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (host, path) = rest.split_once('/')?;
    let host = host.strip_prefix("www.").unwrap_or(host);
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.split('#').next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let first = path.split('/').next().unwrap_or_default();
    let ((provider, embed), id) = match host {
        "youtube.com" | "m.youtube.com" | "youtube-nocookie.com" => {
            let id = match first {
                "watch" => query.split(['&', '#']).find_map(|pair| pair.strip_prefix("v="))?,
                "embed" | "v" | "shorts" | "live" => last,
                _ => return None,
            };
            (YOUTUBE, id)
        }
        "youtu.be" => (YOUTUBE, first),
        "vimeo.com" | "player.vimeo.com" => (VIMEO, last),
        "dailymotion.com" => (DAILYMOTION, last.split('_').next().unwrap_or_default()),
        "dai.ly" => (DAILYMOTION, first),
        "fast.wistia.net" | "fast.wistia.com" => (WISTIA, last),
        host if host.ends_with(".wistia.com") => (WISTIA, last),
        _ => return None,
    };
    let is_id =
        !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let is_number = provider != "Vimeo" || id.chars().all(|c| c.is_ascii_digit());
    (is_id && is_number).then_some(Video { provider, id, embed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_videos_are_known() {
        let of = |url| find(url).map(|video| (video.provider, video.id));
        for url in [
            "https://www.youtube.com/watch?v=8N_tupPBtWQ",
            "http://youtube.com/watch?t=1&v=8N_tupPBtWQ#x",
            "https://youtu.be/8N_tupPBtWQ?t=4",
            "//www.youtube.com/embed/8N_tupPBtWQ",
            "https://youtube.com/shorts/8N_tupPBtWQ/",
        ] {
            assert_eq!(of(url), Some(("YouTube", "8N_tupPBtWQ")), "{url}");
        }
        assert_eq!(
            of("https://vimeo.com/channels/staffpicks/76979871"),
            Some(("Vimeo", "76979871"))
        );
        assert_eq!(
            of("https://www.dailymotion.com/video/x7u5n_a-title"),
            Some(("Dailymotion", "x7u5n"))
        );
        assert_eq!(of("https://us.wistia.com/medias/26sk4lmiix"), Some(("Wistia", "26sk4lmiix")));
    }

    #[test]
    fn other_addresses_are_not() {
        for url in [
            "",
            "x",
            "https://example.com/watch?v=a",
            "https://youtube.com/",
            "https://vimeo.com/about",
            "https://youtube.com/watch?v=\"><script>",
            "https://youtube.com.evil.com/watch?v=a",
        ] {
            assert_eq!(find(url), None, "{url}");
        }
    }

    #[test]
    fn a_frame_takes_no_scripts() {
        assert!(is_harmless("width") && is_harmless("data-x"));
        assert!(
            ["onload", "srcdoc", "SRC", "a b", "", "x\""].iter().all(|name| !is_harmless(name))
        );
    }
}
