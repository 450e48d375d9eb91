//! The two tables of the description, read on first use.

use super::field::Field;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

/// Lines of a file by what they begin with; fields are read when they are first asked for.
#[derive(Debug, Default)]
pub struct Table {
    words: HashMap<&'static str, &'static str>,
    groups: HashMap<&'static str, Line>,
    /// By method and the first part of the path.
    operations: HashMap<&'static str, HashMap<&'static str, Vec<Operation>>>,
    objects: HashMap<&'static str, Line>,
}

/// The fields of a line.
#[derive(Debug)]
struct Line {
    text: &'static str,
    fields: OnceLock<Vec<Field>>,
}

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// The parts of its path below `/v1/`, or all of them (`v2`, …); `*` is an id.
    segments: Vec<&'static str>,
    /// What it answers: `charge`, `list:charge`.
    pub answer: &'static str,
    params: Line,
}

/// What operations take.
pub static OPERATIONS: LazyLock<Table> = LazyLock::new(|| {
    Table::read(concat!(include_str!("operations.txt"), include_str!("operations_v2.txt")))
});
/// What objects have.
pub static OBJECTS: LazyLock<Table> = LazyLock::new(|| {
    Table::read(concat!(include_str!("objects.txt"), include_str!("objects_v2.txt")))
});

impl Table {
    fn read(text: &'static str) -> Self {
        let mut table = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
            if let Some(name) = head.strip_prefix("(@") {
                table.words.insert(name.trim_end_matches(')'), rest);
            } else if let Some(name) = head.strip_prefix('{') {
                table.groups.insert(name.trim_end_matches('}'), Line::new(rest));
            } else if let Some((path, described)) = rest.split_once(" -> ") {
                let (answer, params) = described.split_once(' ').unwrap_or((described, ""));
                let path = path.trim_start_matches("/v1/").trim_start_matches('/');
                let segments: Vec<_> = path.split('/').collect();
                let family = table.operations.entry(head).or_default();
                let family = family.entry(segments[0]).or_default();
                family.push(Operation { segments, answer, params: Line::new(params) });
            } else {
                table.objects.insert(head, Line::new(rest));
            }
        }
        for family in table.operations.values_mut().flat_map(HashMap::values_mut) {
            // A word in a path (`search`) goes before an id.
            family.sort_by_key(|one| one.segments.iter().filter(|part| **part == "*").count());
        }
        table
    }

    /// The operation that a path below `/v1/` names.
    pub fn operation(&self, method: &str, path: &[&str]) -> Option<&Operation> {
        let family = self.operations.get(method)?.get(*path.first()?)?;
        family.iter().find(|one| {
            let parts = one.segments.iter().zip(path);
            one.segments.len() == path.len() && parts.into_iter().all(|(k, p)| *k == "*" || k == p)
        })
    }

    /// The path that retrieves an object by its id, if one does.
    pub fn path_to(&self, object: &str, id: &str) -> Option<String> {
        let all = self.operations.get("GET")?.values().flatten();
        // `customer|deleted_customer` retrieves a customer.
        let answers =
            |one: &&Operation| one.answer.trim_start_matches(':').split('|').next() == Some(object);
        let found = all.filter(answers).find(|one| {
            let ids = one.segments.iter().filter(|part| **part == "*").count();
            ids == 1 && one.segments.last() == Some(&"*")
        })?;
        let family = found.segments[..found.segments.len() - 1].join("/");
        let root = if found.segments[0] == "v2" { "" } else { "/v1" };
        Some(format!("{root}/{family}/{id}"))
    }

    /// The parameters of an operation.
    pub fn params<'t>(&self, operation: &'t Operation) -> &'t [Field] {
        operation.params.fields(self)
    }

    /// The fields of a group.
    pub fn group(&self, name: &str) -> &[Field] {
        self.groups.get(name).map_or(&[], |line| line.fields(self))
    }

    /// The fields of an object.
    pub fn object(&self, name: &str) -> Option<&[Field]> {
        self.objects.get(name).map(|line| line.fields(self))
    }

    /// An object's name as the table spells it.
    pub fn name(&self, name: &str) -> Option<&'static str> {
        self.objects.get_key_value(name).map(|(name, _)| *name)
    }

    /// A list of words by its name.
    pub fn words(&self, name: &str) -> Vec<&'static str> {
        self.words.get(name).map(|list| list.split('|').collect()).unwrap_or_default()
    }
}

impl Line {
    fn new(text: &'static str) -> Self {
        Self { text, fields: OnceLock::new() }
    }

    fn fields(&self, table: &Table) -> &[Field] {
        self.fields.get_or_init(|| {
            let words = |name: &str| table.words(name);
            self.text.split(' ').filter_map(|text| Field::read(text, &words)).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::Type;
    use super::*;

    #[test]
    fn a_word_in_a_path_goes_before_an_id() {
        let search = OPERATIONS.operation("GET", &["charges", "search"]).unwrap();
        assert_eq!(search.answer, "search:charge");
        assert_eq!(OPERATIONS.operation("GET", &["charges", "ch_1"]).unwrap().answer, "charge");
        assert!(OPERATIONS.operation("GET", &["bogus"]).is_none());
    }

    #[test]
    fn every_line_can_be_read_and_names_what_exists() {
        for table in [&*OPERATIONS, &*OBJECTS] {
            let lines = table.groups.values().chain(table.objects.values());
            let params = table
                .operations
                .values()
                .flat_map(HashMap::values)
                .flatten()
                .map(|one| &one.params);
            for line in lines.chain(params) {
                let fields = line.fields(table);
                assert_eq!(fields.len(), line.text.split(' ').filter(|t| !t.is_empty()).count());
                for kind in fields.iter().flat_map(|field| &field.types) {
                    match kind {
                        Type::Group(name) => assert!(table.groups.contains_key(name), "{name}"),
                        Type::Choice(words) => assert!(!words.is_empty(), "{}", line.text),
                        Type::Embedded(names) | Type::Id(names) => {
                            assert!(names.iter().all(|name| table.object(name).is_some()));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
