//! A query for records: filters, sort and page, as data.

use super::page::{COUNT_MAX, PER_PAGE, Paging};
use super::record::RecordId;
use jiff::Timestamp;
use serde_json::Value as Json;

/// A query for records. All parts must hold, and one group of `or` when it has any.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordQuery {
    /// This table only.
    pub table: Option<String>,
    /// These ids only; an empty list matches no record.
    pub ids: Option<Vec<RecordId>>,
    /// Whether softly deleted records match.
    pub deleted: Deleted,
    /// All of these hold.
    pub filters: Vec<Filter>,
    /// All filters of at least one group hold; ignored without groups.
    pub or: Vec<Vec<Filter>>,
    /// The order; by id when it is empty, and by id among equals in the direction of the first key.
    /// Records without a value come last.
    pub sort: Vec<Sort>,
    /// The number of the page, from 1.
    pub page: u32,
    /// Rows on a page.
    pub per_page: u32,
    /// How far the rows over all pages are counted; 0 to count none.
    pub count_up_to: u32,
    /// Only records after this one, in an order by `created_at`: how a long list is read to its
    /// end, because a page with a high number reads all rows before it.
    pub after: Option<(Timestamp, RecordId)>,
}

impl Default for RecordQuery {
    fn default() -> Self {
        Self {
            table: None,
            ids: None,
            deleted: Deleted::Exclude,
            filters: Vec::new(),
            or: Vec::new(),
            sort: Vec::new(),
            page: 1,
            per_page: PER_PAGE,
            count_up_to: COUNT_MAX,
            after: None,
        }
    }
}

impl RecordQuery {
    /// Which page it asks for.
    pub fn paging(&self) -> Paging {
        Paging::new(self.page, self.per_page, self.count_up_to)
    }

    /// Asks for this page.
    pub fn set_paging(&mut self, paging: Paging) {
        (self.page, self.per_page, self.count_up_to) = paging.parts();
    }

    /// All records of a table that are not deleted.
    pub fn table(name: &str) -> Self {
        Self { table: Some(name.to_owned()), ..Self::default() }
    }

    /// The same, and a property has this text.
    #[must_use]
    pub fn with(mut self, property: &str, value: impl Into<Json>) -> Self {
        self.filters.push(Filter::property(property, Op::Equals(value.into())));
        self
    }
}

/// How a query treats softly deleted records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deleted {
    /// They do not match.
    #[default]
    Exclude,
    /// Only they match.
    Only,
    /// They match like others.
    Any,
}

/// One condition on one property or attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// What is compared.
    pub subject: Subject,
    /// The condition.
    pub op: Op,
    /// The negation must hold (`not_value` and so on); true also where there is no value.
    pub not: bool,
}

impl Filter {
    /// A condition on a property.
    pub fn property(name: &str, op: Op) -> Self {
        Self { subject: Subject::Property(name.to_owned()), op, not: false }
    }

    /// A condition on any subject.
    pub fn on(subject: Subject, op: Op) -> Self {
        Self { subject, op, not: false }
    }

    /// The negation.
    #[must_use]
    pub fn negated(mut self) -> Self {
        self.not = !self.not;
        self
    }
}

/// What a filter or a sort compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A property by its name.
    Property(String),
    /// The record's id.
    Id,
    /// The table's name.
    Table,
    /// The user.
    UserId,
    /// The external id (the attribute).
    ExternalId,
    /// When it was created.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// When it was softly deleted.
    DeletedAt,
}

/// A condition. Values compare as text (`"true"` equals true, `"500"` equals 500); a number also
/// equals the same number in another spelling (500 and 500.0); timestamps compare as timestamps.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a query has a few, and a box would be in the way")]
pub enum Op {
    /// The value is this one (`value`, `value_int`, `value_float`, `value_boolean`,
    /// `value_array`); null means no value.
    Equals(Json),
    /// The value is one of these.
    In(Vec<Json>),
    /// The text contains this one.
    Contains(String),
    /// The text starts with this one.
    StartsWith(String),
    /// The text ends with this one.
    EndsWith(String),
    /// There is a value that is not null; or, when false, there is none.
    Exists(bool),
    /// The value lies between these bounds: numbers by size where both are numbers,
    /// timestamps by time, everything else by text.
    Range(Range),
    /// The value is a list, and one of its elements has this text.
    ArrayContains(Json),
    /// The value is a list, and one of its elements has one of these texts.
    ArrayOverlaps(Vec<Json>),
}

/// Bounds; `None` is open.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Range {
    /// Greater than.
    pub gt: Option<Json>,
    /// Greater than or equal.
    pub gte: Option<Json>,
    /// Less than.
    pub lt: Option<Json>,
    /// Less than or equal.
    pub lte: Option<Json>,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// What is compared. Numbers come by size and before texts.
    pub by: Subject,
    /// From large to small.
    pub descending: bool,
}
