//! A property of a record, in SQL.

/// A property in SQL.
pub struct Property {
    /// Its JSON, as [`super::dialect::Dialect::property_json`] names it.
    pub json: String,
    /// Its text; null exactly where there is no value.
    pub text: String,
}
