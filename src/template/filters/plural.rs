//! Plurals of English words, by the rules of Rails' ActiveSupport.

use regex::Regex;
use std::sync::LazyLock;

/// Words that are their own plural.
const UNCOUNTABLE: [&str; 11] = [
    "equipment",
    "fish",
    "information",
    "jeans",
    "money",
    "news",
    "police",
    "rice",
    "series",
    "sheep",
    "species",
];

/// Words, and suffixes of words, with irregular plurals. `human` comes before `man`.
const IRREGULAR: [(&str, &str); 7] = [
    ("human", "humans"),
    ("person", "people"),
    ("man", "men"),
    ("child", "children"),
    ("sex", "sexes"),
    ("move", "moves"),
    ("zombie", "zombies"),
];

/// Suffix patterns and their replacements; the first match wins.
const RULES: [(&str, &str); 22] = [
    ("(quiz)$", "${1}zes"),
    ("^(oxen)$", "${1}"),
    ("^(ox)$", "${1}en"),
    ("^(m|l)ice$", "${1}ice"),
    ("^(m|l)ouse$", "${1}ice"),
    ("(matr|vert|ind)(?:ix|ex)$", "${1}ices"),
    ("(x|ch|ss|sh)$", "${1}es"),
    ("([^aeiouy]|qu)y$", "${1}ies"),
    ("(hive)$", "${1}s"),
    ("([^f])fe$", "${1}ves"),
    ("([lr])f$", "${1}ves"),
    ("sis$", "ses"),
    ("([ti])a$", "${1}a"),
    ("([ti])um$", "${1}a"),
    ("(buffal|tomat)o$", "${1}oes"),
    ("(bu)s$", "${1}ses"),
    ("(alias|status)$", "${1}es"),
    ("(octop|vir)i$", "${1}i"),
    ("(octop|vir)us$", "${1}i"),
    ("^(ax|test)is$", "${1}es"),
    ("s$", "s"),
    ("$", "s"),
];

static COMPILED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let compile = |pattern: &str| Regex::new(&format!("(?i){pattern}"));
    let rules = RULES.iter().filter_map(|(from, to)| Some((compile(from).ok()?, *to)));
    rules.collect()
});

/// Pluralizes an English word; the case of the first letter stays.
pub fn pluralize(word: &str) -> String {
    let lower = word.to_lowercase();
    let last = lower.rsplit([' ', '_', '-']).next().unwrap_or_default();
    if word.is_empty() || UNCOUNTABLE.contains(&last) {
        return word.to_owned();
    }
    for (one, many) in IRREGULAR {
        if lower.ends_with(many) {
            return word.to_owned();
        }
        if lower.ends_with(one) && word.is_char_boundary(word.len() - one.len()) {
            let kept = word.len() - one.len() + 1;
            return format!("{}{}", &word[..kept], &many[1..]);
        }
    }
    let rule = COMPILED.iter().find(|(pattern, _)| pattern.is_match(word));
    rule.map_or_else(|| word.to_owned(), |(from, to)| from.replace(word, *to).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_are_english() {
        let cases = [
            ("dog", "dogs"),
            ("category", "categories"),
            ("day", "days"),
            ("box", "boxes"),
            ("person", "people"),
            ("Person", "People"),
            ("human", "humans"),
            ("wife", "wives"),
            ("analysis", "analyses"),
            ("sheep", "sheep"),
            ("", ""),
        ];
        for (one, many) in cases {
            assert_eq!(pluralize(one), many);
        }
    }

    #[test]
    fn plurals_are_those_of_rails() {
        let cases = [
            ("quiz", "quizzes"),
            ("matrix", "matrices"),
            ("vertex", "vertices"),
            ("bus", "buses"),
            ("octopus", "octopi"),
            ("datum", "data"),
            ("virus", "viri"),
            ("status", "statuses"),
            ("woman", "women"),
            ("sales_person", "sales_people"),
            ("ox", "oxen"),
            ("mouse", "mice"),
            ("half", "halves"),
            ("news", "news"),
            ("people", "people"),
            ("boxes", "boxes"),
        ];
        for (one, many) in cases {
            assert_eq!(pluralize(one), many);
        }
    }

    #[test]
    fn every_rule_compiles() {
        assert_eq!(COMPILED.len(), RULES.len());
    }
}
