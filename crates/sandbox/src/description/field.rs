//! A field of the description and its types.

/// One of the types a field can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// A string, and how long it can be.
    Text(Option<usize>),
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A number that is written as a string.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// One of a few words.
    Choice(Vec<&'static str>),
    /// The fields of a group, by its name.
    Group(&'static str),
    /// Elements of these types.
    Array(Vec<Type>),
    /// Free keys with values of these types.
    Map(Vec<Type>),
    /// The id of one of these objects, or the object itself once it is expanded.
    Id(Vec<&'static str>),
    /// One of these objects.
    Embedded(Vec<&'static str>),
    /// A list of objects.
    List,
    /// Keys that are not described.
    Object,
    /// Not described.
    Any,
}

/// A field: of a parameter group, or of an object.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it can be.
    pub types: Vec<Type>,
    /// Required, or always present.
    pub always: bool,
    /// Unset by an empty value, or null.
    pub nullable: bool,
}

impl Field {
    /// Reads `name=type!?`.
    pub fn read(text: &'static str, words: &impl Fn(&str) -> Vec<&'static str>) -> Option<Self> {
        let (name, rest) = text.split_once('=')?;
        let (rest, nullable) = rest.strip_suffix('?').map_or((rest, false), |rest| (rest, true));
        let (rest, always) = rest.strip_suffix('!').map_or((rest, false), |rest| (rest, true));
        let types = rest.split(';').map(|one| Type::read(one, words)).collect();
        Some(Self { name, types, always, nullable })
    }

    /// The group that it is, if it is one.
    pub fn group(&self) -> Option<&'static str> {
        self.types.iter().find_map(|kind| match kind {
            Type::Group(name) => Some(*name),
            _ => None,
        })
    }
}

impl Type {
    fn read(text: &'static str, words: &impl Fn(&str) -> Vec<&'static str>) -> Self {
        let within = |rest: &'static str| rest.split(',').map(|one| Self::read(one, words));
        let names = |rest: &'static str| rest.split('|').collect();
        if let Some(rest) = text.strip_prefix("[]") {
            return Self::Array(within(rest).collect());
        }
        if let Some(rest) = text.strip_prefix('*') {
            return Self::Map(within(rest).collect());
        }
        if let Some(rest) = text.strip_prefix("id:") {
            return Self::Id(names(rest));
        }
        if let Some(rest) = text.strip_prefix(':') {
            return Self::Embedded(names(rest));
        }
        if let Some(rest) = text.strip_prefix("string<") {
            return Self::Text(rest.parse().ok());
        }
        if let Some(name) = text.strip_prefix('{') {
            return Self::Group(name.trim_end_matches('}'));
        }
        if let Some(list) = text.strip_prefix('(') {
            let list = list.trim_end_matches(')');
            return Self::Choice(list.strip_prefix('@').map_or_else(|| names(list), words));
        }
        match text {
            "string" => Self::Text(None),
            "integer" => Self::Integer,
            "number" => Self::Number,
            "decimal" => Self::Decimal,
            "boolean" => Self::Boolean,
            "object" => Self::Object,
            list if list.starts_with("list:") => Self::List,
            _ => Self::Any,
        }
    }
}
