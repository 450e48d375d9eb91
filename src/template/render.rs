//! STUB.
use crate::module::catalog::Catalog;
use crate::module::source::Source;
use crate::template::error::Error;
use crate::template::host::Host;
use crate::template::scene::Scene;
use serde_json::Value as Json;
use std::sync::Arc;
/// Stub.
pub struct Templates;
/// Stub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputMode {
    /** a */
    Raw,
    /** a */
    Escape,
    /** a */
    Sanitize,
}
/// Stub.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    /** a */
    pub status: Option<u16>,
    /** a */
    pub headers: Vec<(String, String)>,
    /** a */
    pub redirect: Option<(String, u16)>,
    /** a */
    pub session: Vec<(String, Json)>,
    /** a */
    pub flash: serde_json::Map<String, Json>,
    /** a */
    pub content_for: serde_json::Map<String, Json>,
}
/// Stub.
#[derive(Debug, Clone, Default)]
pub struct Rendered {
    /** a */
    pub output: String,
    /** a */
    pub returned: Option<Json>,
    /** a */
    pub effects: Effects,
}
impl Templates {
    /// Stub.
    pub fn new(_catalog: Arc<Catalog>) -> Self {
        Self
    }
    /// Stub.
    pub fn check(&self) -> Vec<crate::module::fault::Fault> {
        Vec::new()
    }
    /// Stub.
    pub fn render(
        &self,
        _s: &Source,
        _scene: &Scene,
        _l: Json,
        _o: OutputMode,
        _h: &dyn Host,
    ) -> Result<Rendered, Error> {
        Err(Error)
    }
}
