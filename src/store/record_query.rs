//! Which records are asked for, and the rules of filters, evaluated here for every database
//! (platformos.md F2, F3).

use crate::store::record::{Record, RecordId};
use serde_json::{Map, Value as Json};
use std::cmp::Ordering;

/// A query over records.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordQuery {
    /// Whether deleted records are seen.
    pub deleted: Deleted,
    /// All must hold.
    pub filters: Vec<Filter>,
    /// If not empty, all filters of one of these lists must hold as well.
    pub or: Vec<Vec<Filter>>,
    /// The order; ties go by id in the direction of the last key.
    pub sort: Vec<Sort>,
    /// From 1.
    pub page: u32,
    /// How many a page.
    pub per_page: u32,
}

/// Whether deleted records are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deleted {
    /// They are hidden.
    #[default]
    Exclude,
    /// Nothing else is seen.
    Only,
    /// They are seen like others.
    Any,
}

/// What a filter or a sort looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The record's id.
    Id,
    /// Its table.
    Table,
    /// Who made it.
    UserId,
    /// The site's own id.
    ExternalId,
    /// When it was made.
    CreatedAt,
    /// When it changed.
    UpdatedAt,
    /// When it was deleted.
    DeletedAt,
    /// A property by name.
    Property(String),
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// What it looks at.
    pub target: Target,
    /// What it asks.
    pub test: Test,
    /// The opposite is asked.
    pub negated: bool,
}

/// What a condition asks. Values compare as text: `"true"` is the boolean, `"500"` the number.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// One of these, to the letter.
    In(Vec<String>),
    /// It holds this text, whatever the case.
    Contains(String),
    /// It begins with this text, whatever the case.
    StartsWith(String),
    /// It ends with this text, whatever the case.
    EndsWith(String),
    /// It has a value.
    Exists,
    /// It compares so with a number, or with a text when either is none.
    Compare(Comparison, Json),
    /// The list has this item.
    ArrayContains(String),
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

/// One key of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    /// What it looks at.
    pub target: Target,
    /// From the largest.
    pub descending: bool,
}

/// A page of records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordPage {
    /// The records of this page.
    pub results: Vec<Record>,
    /// How many there are in all.
    pub total_entries: u64,
    /// Which page this is.
    pub page: u32,
    /// How many a page.
    pub per_page: u32,
}

impl Default for RecordQuery {
    fn default() -> Self {
        Self {
            deleted: Deleted::Exclude,
            filters: Vec::new(),
            or: Vec::new(),
            sort: Vec::new(),
            page: 1,
            per_page: 20,
        }
    }
}

impl RecordPage {
    /// How many pages there are.
    pub fn total_pages(&self) -> u64 {
        self.total_entries.div_ceil(u64::from(self.per_page.max(1)))
    }

    /// True when a page follows.
    pub fn has_next_page(&self) -> bool {
        u64::from(self.page) < self.total_pages()
    }
}

impl RecordQuery {
    /// The newest records of a table with these property values.
    pub fn newest(table: &str, properties: &Map<String, Json>) -> Self {
        let mut filters = vec![Filter::equals(Target::Table, table)];
        for (name, value) in properties {
            filters.push(Filter::equals(Target::Property(name.clone()), &text(value)));
        }
        let sort = vec![Sort { target: Target::Id, descending: true }];
        Self { filters, sort, ..Self::default() }
    }

    /// Whether a record is one that is asked for.
    pub fn matches(&self, record: &Record) -> bool {
        let seen = match self.deleted {
            Deleted::Exclude => record.deleted_at.is_none(),
            Deleted::Only => record.deleted_at.is_some(),
            Deleted::Any => true,
        };
        let all = |filters: &[Filter]| filters.iter().all(|filter| filter.holds(record));
        seen && all(&self.filters) && (self.or.is_empty() || self.or.iter().any(|one| all(one)))
    }

    /// The order of two records.
    pub fn order(&self, one: &Record, other: &Record) -> Ordering {
        for key in &self.sort {
            let order = compare(&key.target.value(one), &key.target.value(other));
            let order = if key.descending { order.reverse() } else { order };
            if order != Ordering::Equal {
                return order;
            }
        }
        let newest_first = self.sort.last().is_some_and(|key| key.descending);
        let order = one.id.cmp(&other.id);
        if newest_first { order.reverse() } else { order }
    }

    /// Sorts matching records and cuts this query's page out of them.
    pub fn paginate(&self, mut matching: Vec<Record>) -> RecordPage {
        matching.sort_by(|one, other| self.order(one, other));
        let total_entries = matching.len() as u64;
        let results =
            matching.into_iter().skip(self.offset()).take(self.per_page as usize).collect();
        RecordPage { results, total_entries, page: self.page.max(1), per_page: self.per_page }
    }

    /// How many records stand before this page.
    pub fn offset(&self) -> usize {
        (self.page.max(1) as usize - 1).saturating_mul(self.per_page as usize)
    }

    /// The ids asked for, when the query names them.
    pub fn ids(&self) -> Option<Vec<RecordId>> {
        self.filters.iter().find_map(|filter| match (&filter.target, &filter.test) {
            (Target::Id, Test::In(ids)) if !filter.negated => {
                Some(ids.iter().filter_map(|id| id.parse().ok()).collect())
            }
            _ => None,
        })
    }
}

impl Filter {
    /// The value is exactly this.
    pub fn equals(target: Target, value: &str) -> Self {
        Self { target, test: Test::In(vec![value.to_owned()]), negated: false }
    }

    /// A condition.
    pub fn new(target: Target, test: Test) -> Self {
        Self { target, test, negated: false }
    }

    /// Whether the condition holds for a record. A negated one holds for a missing value.
    pub fn holds(&self, record: &Record) -> bool {
        let value = self.target.value(record);
        self.negated != self.test.holds(&value)
    }
}

impl Target {
    /// The value it looks at; times as ISO texts, which sort as times do.
    pub fn value(&self, record: &Record) -> Json {
        let optional =
            |text: &Option<String>| text.as_ref().map_or(Json::Null, |t| t.clone().into());
        match self {
            Self::Id => record.id.into(),
            Self::Table => record.table.clone().into(),
            Self::UserId => optional(&record.user_id),
            Self::ExternalId => optional(&record.external_id),
            Self::CreatedAt => record.created_at.to_string().into(),
            Self::UpdatedAt => record.updated_at.to_string().into(),
            Self::DeletedAt => record.deleted_at.map_or(Json::Null, |at| at.to_string().into()),
            Self::Property(name) => record.properties.get(name).cloned().unwrap_or(Json::Null),
        }
    }
}

impl Test {
    fn holds(&self, value: &Json) -> bool {
        if matches!(self, Self::Exists) {
            return !value.is_null();
        }
        if value.is_null() {
            return false;
        }
        let folded = || text(value).to_lowercase();
        match self {
            Self::Exists => true,
            Self::In(texts) => texts.contains(&text(value)),
            Self::Contains(part) => folded().contains(&part.to_lowercase()),
            Self::StartsWith(part) => folded().starts_with(&part.to_lowercase()),
            Self::EndsWith(part) => folded().ends_with(&part.to_lowercase()),
            Self::ArrayContains(item) => {
                value.as_array().is_some_and(|list| list.iter().any(|one| text(one) == *item))
            }
            Self::Compare(comparison, bound) => {
                let order = compare(value, bound);
                match comparison {
                    Comparison::Greater => order == Ordering::Greater,
                    Comparison::GreaterOrEqual => order != Ordering::Less,
                    Comparison::Less => order == Ordering::Less,
                    Comparison::LessOrEqual => order != Ordering::Greater,
                }
            }
        }
    }
}

/// A value as filters compare it: texts plain, all else as JSON, null as nothing.
pub fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Missing values first, numbers by size when both are numbers (or texts of them), else as texts.
fn compare(one: &Json, other: &Json) -> Ordering {
    match (one.is_null(), other.is_null()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        (false, false) => {}
    }
    if let (Some(one), Some(other)) = (one.as_i64(), other.as_i64()) {
        return one.cmp(&other);
    }
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => text(one).cmp(&text(other)),
    }
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use serde_json::json;

    fn record(id: RecordId, properties: Json) -> Record {
        let at = Timestamp::from_second(id).expect("in range");
        Record {
            id,
            table: "t".to_owned(),
            properties: properties.as_object().expect("an object").clone(),
            user_id: None,
            external_id: None,
            created_at: at,
            updated_at: at,
            deleted_at: None,
        }
    }

    fn property(name: &str, test: Test) -> Filter {
        Filter::new(Target::Property(name.to_owned()), test)
    }

    #[test]
    fn values_compare_as_text() {
        let one = record(1, json!({"live": true, "amount": 500, "tags": ["a", 1], "name": "Ada"}));
        assert!(property("live", Test::In(vec!["true".to_owned()])).holds(&one));
        assert!(property("amount", Test::In(vec!["1".to_owned(), "500".to_owned()])).holds(&one));
        assert!(property("name", Test::StartsWith("aD".to_owned())).holds(&one));
        assert!(property("tags", Test::ArrayContains("1".to_owned())).holds(&one));
        assert!(property("amount", Test::Compare(Comparison::Greater, json!("60"))).holds(&one));
        assert!(!property("missing", Test::In(vec![String::new()])).holds(&one));
        assert!(!property("missing", Test::Exists).holds(&one));
        let mut none = property("missing", Test::In(vec!["x".to_owned()]));
        none.negated = true;
        assert!(none.holds(&one));
    }

    #[test]
    fn pages_are_cut_after_sorting() {
        let records: Vec<_> = (1..=5).map(|n| record(n, json!({"n": 10 - n}))).collect();
        let query = RecordQuery {
            sort: vec![Sort { target: Target::Property("n".to_owned()), descending: false }],
            page: 2,
            per_page: 2,
            ..RecordQuery::default()
        };
        let page = query.paginate(records);
        assert_eq!(page.results.iter().map(|r| r.id).collect::<Vec<_>>(), [3, 2]);
        assert_eq!((page.total_entries, page.total_pages(), page.has_next_page()), (5, 3, true));
    }
}
