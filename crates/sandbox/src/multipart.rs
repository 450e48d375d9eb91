//! Uploads: the few parts of a `multipart/form-data` body that matter; a file's bytes are not kept.

use serde_json::{Map, Value, json};

/// The boundary a content type names.
pub fn boundary(content_type: &str) -> Option<&str> {
    let rest = content_type.strip_prefix("multipart/form-data")?;
    let (_, named) = rest.split_once("boundary=")?;
    let named = named.split(';').next().unwrap_or_default().trim().trim_matches('"');
    (!named.is_empty()).then_some(named)
}

/// Texts by name; a file becomes its name, type and size.
pub fn decode(body: &[u8], boundary: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    for part in split(body, format!("--{boundary}").as_bytes()) {
        let Some(at) = find(part, b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&part[..at]);
        let content = part[at + 4..].strip_suffix(b"\r\n").unwrap_or(&part[at + 4..]);
        let Some(name) = attribute(&head, "name") else { continue };
        let value = match attribute(&head, "filename") {
            Some(file) => json!({"filename": file, "size": content.len().to_string(),
                "type": file.rsplit('.').next()}),
            None => Value::from(String::from_utf8_lossy(content).into_owned()),
        };
        fields.insert(name.to_owned(), value);
    }
    fields
}

fn attribute<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let (_, rest) = head.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

fn split<'b>(mut body: &'b [u8], mark: &[u8]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = find(body, mark) {
        parts.push(&body[..at]);
        body = &body[at + mark.len()..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_files() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nlogo\r\n--B\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n1234\r\n--B--";
        let boundary = boundary("multipart/form-data; boundary=B").expect("it is named");
        let fields = decode(body.as_bytes(), boundary);
        assert_eq!(fields["purpose"], "logo");
        assert_eq!(fields["file"], json!({"filename": "a.png", "size": "4", "type": "png"}));
    }
}
