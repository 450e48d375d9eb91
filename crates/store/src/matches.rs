//! A record query evaluated in Rust, with the rules of the databases' SQL.

use super::query::{Deleted, Filter, Op, Range, RecordQuery, Sort, Subject};
use super::record::Record;
use super::text::{self, Number};
use super::timestamp;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::cmp::Ordering;

impl RecordQuery {
    /// True when this record matches.
    pub fn matches(&self, record: &Record) -> bool {
        self.table.as_ref().is_none_or(|table| *table == record.table)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&record.id))
            && match self.deleted {
                Deleted::Any => true,
                Deleted::Only => record.deleted_at.is_some(),
                Deleted::Exclude => record.deleted_at.is_none(),
            }
            && self.after.is_none_or(|after| (record.created_at, record.id) > after)
            && self.filters.iter().all(|filter| filter.matches(record))
            && (self.or.is_empty()
                || self.or.iter().any(|group| group.iter().all(|filter| filter.matches(record))))
    }

    /// Which of two records comes first.
    pub fn compare(&self, a: &Record, b: &Record) -> Ordering {
        let keys = self.sort.iter().map(|sort| compare_by(sort, a, b));
        let order = keys.fold(Ordering::Equal, Ordering::then);
        let newest_first = self.sort.first().is_some_and(|sort| sort.descending);
        order.then(if newest_first { b.id.cmp(&a.id) } else { a.id.cmp(&b.id) })
    }
}

impl Filter {
    /// True when the condition holds for this record.
    pub fn matches(&self, record: &Record) -> bool {
        let value = Value::of(&self.subject, record);
        value.satisfies(&self.op) != self.not
    }
}

/// The value of a subject in one record.
enum Value<'a> {
    Json(Cow<'a, Json>),
    Text(Option<&'a str>),
    Timestamp(Option<i64>),
}

impl<'a> Value<'a> {
    fn of(subject: &Subject, record: &'a Record) -> Self {
        match subject {
            Subject::Property(name) => match record.properties.get(name) {
                Some(value) => Self::Json(Cow::Borrowed(value)),
                None => Self::Json(Cow::Owned(Json::Null)),
            },
            Subject::Id => Self::Json(Cow::Owned(Json::from(record.id))),
            Subject::Table => Self::Text(Some(&record.table)),
            Subject::UserId => Self::Text(record.user_id.as_deref()),
            Subject::ExternalId => Self::Text(record.external_id.as_deref()),
            Subject::CreatedAt => Self::Timestamp(Some(timestamp::to_micros(record.created_at))),
            Subject::UpdatedAt => Self::Timestamp(Some(timestamp::to_micros(record.updated_at))),
            Subject::DeletedAt => Self::Timestamp(record.deleted_at.map(timestamp::to_micros)),
        }
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Json(value) => text::of(value),
            Self::Text(text) => text.map(Cow::Borrowed),
            Self::Timestamp(_) => None,
        }
    }

    fn number(&self) -> Option<Number> {
        match self {
            Self::Json(value) => Number::of(value),
            _ => None,
        }
    }

    fn exists(&self) -> bool {
        match self {
            Self::Json(value) => !value.is_null(),
            Self::Text(text) => text.is_some(),
            Self::Timestamp(timestamp) => timestamp.is_some(),
        }
    }

    fn satisfies(&self, op: &Op) -> bool {
        let text_is = |holds: &dyn Fn(&str) -> bool| self.text().is_some_and(|text| holds(&text));
        match op {
            Op::Equals(bound) => self.equals(bound),
            Op::In(bounds) => bounds.iter().any(|bound| self.equals(bound)),
            Op::Contains(part) => text_is(&|text| text.contains(part.as_str())),
            Op::StartsWith(part) => text_is(&|text| text.starts_with(part.as_str())),
            Op::EndsWith(part) => text_is(&|text| text.ends_with(part.as_str())),
            Op::Exists(wanted) => self.exists() == *wanted,
            Op::Range(range) => self.lies_in(range),
            Op::ArrayContains(bound) => self.has_element(std::slice::from_ref(bound)),
            Op::ArrayOverlaps(bounds) => self.has_element(bounds),
        }
    }

    fn equals(&self, bound: &Json) -> bool {
        if bound.is_null() {
            return !self.exists();
        }
        if let Self::Timestamp(timestamp) = self {
            let bound = timestamp::read(bound).map(timestamp::to_micros);
            return timestamp.is_some() && *timestamp == bound;
        }
        self.text() == text::of(bound)
            || match (self.number(), Number::of(bound)) {
                (Some(value), Some(bound)) => value.compare(bound) == Ordering::Equal,
                _ => false,
            }
    }

    fn lies_in(&self, range: &Range) -> bool {
        let holds = |bound: &Option<Json>, wanted: fn(Ordering) -> bool| match bound {
            None => true,
            Some(bound) => self.compare(bound).is_some_and(wanted),
        };
        self.exists()
            && holds(&range.gt, Ordering::is_gt)
            && holds(&range.gte, Ordering::is_ge)
            && holds(&range.lt, Ordering::is_lt)
            && holds(&range.lte, Ordering::is_le)
    }

    fn compare(&self, bound: &Json) -> Option<Ordering> {
        if let Self::Timestamp(timestamp) = self {
            return Some((*timestamp)?.cmp(&timestamp::to_micros(timestamp::read(bound)?)));
        }
        if let (Some(value), Some(bound)) = (self.number(), Number::of_bound(bound)) {
            return Some(value.compare(bound));
        }
        Some(self.text()?.as_ref().cmp(text::of(bound)?.as_ref()))
    }

    fn has_element(&self, bounds: &[Json]) -> bool {
        let Self::Json(value) = self else { return false };
        let Json::Array(elements) = value.as_ref() else { return false };
        let wanted: Vec<_> = bounds.iter().filter_map(text::of).collect();
        elements.iter().filter_map(text::of).any(|element| wanted.contains(&element))
    }
}

fn compare_by(sort: &Sort, a: &Record, b: &Record) -> Ordering {
    let (a, b) = (Value::of(&sort.by, a), Value::of(&sort.by, b));
    // Records without a value come last in both directions.
    let order = b.exists().cmp(&a.exists());
    order.then_with(|| {
        let order = compare_values(&a, &b);
        if sort.descending { order.reverse() } else { order }
    })
}

fn compare_values(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    if let (Value::Timestamp(a), Value::Timestamp(b)) = (a, b) {
        return a.cmp(b);
    }
    match (a.number(), b.number()) {
        (Some(a), Some(b)) => a.compare(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.text().cmp(&b.text()),
    }
}
