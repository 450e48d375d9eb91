//! The engine's hostile templates through one `render --jsonl` process.

#[path = "../../crates/liquid/tests/it/hostile_templates.rs"]
mod templates;

use crate::support::render_process;
use serde_json::json;
use templates::{LONG, hostile, is_answer, line};

#[test]
fn one_process_survives_all_of_them() {
    let broken =
        [b"{".to_vec(), b"\xff\xfe".to_vec(), "[".repeat(LONG).into_bytes(), b"null".to_vec()];
    let hostile = hostile();
    let count = hostile.len() + broken.len();
    let lines = hostile.iter().map(|template| line(template, "lax").to_string().into_bytes());
    let last = json!({"template": "{{ 'alive' }}"}).to_string().into_bytes();
    let answers = render_process::answers(lines.chain(broken).chain([last]).collect());
    assert_eq!(answers.len(), count + 1);
    assert!(answers.iter().all(|answer| is_answer(answer)));
    assert_eq!(answers[count], r#"{"output":"alive"}"#);
}
