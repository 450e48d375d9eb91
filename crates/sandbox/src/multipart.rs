//! Decodes `multipart/form-data` uploads; of a file only its name, type and size are kept.

use multer::Multipart;
use serde_json::{Map, Value, json};

/// The boundary of a content type, if it is `multipart/form-data`.
pub fn boundary(content_type: &str) -> Option<String> {
    multer::parse_boundary(content_type).ok()
}

/// The fields by name; a file becomes its name, type and size.
///
/// # Errors
/// A message when the body is malformed.
pub async fn decode(body: &[u8], boundary: String) -> Result<Map<String, Value>, String> {
    let mut fields = Map::new();
    let mut multipart = Multipart::with_reader(body, boundary);
    let malformed = |error: multer::Error| format!("Invalid multipart/form-data: {error}");
    while let Some(field) = multipart.next_field().await.map_err(malformed)? {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let filename = field.file_name().map(str::to_owned);
        let content = field.bytes().await.map_err(malformed)?;
        let value = match filename {
            Some(filename) => json!({"filename": filename, "size": content.len().to_string(),
                "type": filename.rsplit('.').next()}),
            None => Value::from(String::from_utf8_lossy(&content).into_owned()),
        };
        fields.insert(name, value);
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fields_and_files_are_decoded() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nlogo\r\n--B\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n1234\r\n--B--";
        let boundary = boundary("multipart/form-data; boundary=B").expect("a boundary");
        let fields = decode(body.as_bytes(), boundary).await.expect("a form");
        assert_eq!(fields["purpose"], "logo");
        assert_eq!(fields["file"], json!({"filename": "a.png", "size": "4", "type": "png"}));
    }

    #[tokio::test]
    async fn a_body_without_its_end_is_refused() {
        let body = "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nlogo";
        assert!(decode(body.as_bytes(), "B".into()).await.is_err());
        assert_eq!(boundary("application/x-www-form-urlencoded"), None);
    }
}
