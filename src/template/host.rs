//! STUB.
use jiff::Timestamp;
use serde_json::Value as Json;
/// A graphql tag's call.
#[derive(Debug, Clone)]
pub struct GraphqlCall {
    /** a */
    pub name: Option<String>,
    /** b */
    pub source: Option<String>,
    /** c */
    pub variables: Json,
}
/// An include_form tag's call.
#[derive(Debug, Clone)]
pub struct FormCall {
    /** a */
    pub name: String,
    /** a */
    pub id: Option<String>,
    /** a */
    pub arguments: Json,
    /** a */
    pub locals: Json,
}
/// A background tag's call.
#[derive(Debug, Clone)]
pub struct Job {
    /** a */
    pub partial: Option<String>,
}
/// A log tag's call.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /** a */
    pub kind: String,
    /** a */
    pub message: String,
}
/// The host.
pub trait Host {
    /// a
    fn graphql(&self, call: GraphqlCall) -> Json;
    /// a
    fn include_form(&self, call: FormCall) -> Result<String, String>;
    /// a
    fn log(&self, entry: LogEntry);
    /// a
    fn now(&self) -> Timestamp;
    /// a
    fn random(&self, bytes: &mut [u8]);
}
