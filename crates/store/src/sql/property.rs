//! A property of a record, in SQL.

/// The key of an index over a property, and what it says. Its order is that of records: numbers by
/// size, then texts.
pub struct IndexKey {
    /// The key, an expression.
    pub key: String,
    /// The property is a number.
    pub is_number: String,
    /// The property has a value that is not a number.
    pub is_text: String,
    /// The property has a value.
    pub is_present: String,
    /// The property has no value.
    pub is_missing: String,
}

/// A property in SQL.
pub struct Property {
    /// Its JSON, as [`super::dialect::Dialect::property_json`] names it.
    pub json: String,
    /// Its text; null exactly where there is no value.
    pub text: String,
}
