//! STUB.
/// Stub.
pub struct Scene;
impl Scene {
    /// Stub.
    pub fn new(_context: serde_json::Map<String, serde_json::Value>) -> Self {
        Self
    }
    /// Stub.
    pub fn set(&self, _name: &str, _value: serde_json::Value) {}
    /// Stub.
    pub fn set_content(&self, _content: &str, _named: &serde_json::Map<String, serde_json::Value>) {
    }
    /// Stub.
    pub fn set_constants(&self, _all: std::collections::BTreeMap<String, crate::secret::Secret>) {}
}
