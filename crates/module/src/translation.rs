//! Translations: dotted keys and their strings for each locale.

use crate::definition_reader::DefinitionReader;
use crate::path;
use crate::yaml::{Node, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// All translations of an instance, merged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Translations {
    /// Locale → dotted key (such as `modules/core/validation.blank`) → string.
    pub locales: BTreeMap<String, BTreeMap<String, String>>,
}

impl Translations {
    /// The translation of a key in a locale.
    pub fn get(&self, locale: &str, key: &str) -> Option<&str> {
        self.locales.get(locale)?.get(key).map(String::as_str)
    }

    /// Merges one file, whose top-level keys are locales; earlier files win.
    pub(super) fn read(&mut self, draft: &mut DefinitionReader<'_>) {
        let front = draft.front.clone();
        if front.is_null() {
            return;
        }
        let Value::Map(pairs) = &front.value else {
            let message = format!("translations start with their locale, found {}", front.kind());
            draft.error(front.mark, message, Some("begin with `en:`".to_owned()));
            return;
        };
        for pair in pairs {
            if !matches!(pair.node.value, Value::Map(_)) && !pair.node.is_null() {
                let message = format!("the locale `{}` holds no keys", pair.key);
                draft.error(pair.node.mark, message, Some("begin with `en:`".to_owned()));
                continue;
            }
            let texts = self.locales.entry(pair.key.clone()).or_default();
            let prefix = path::logical(draft.module.as_deref(), "");
            for pair in pair.node.pairs() {
                flatten(&format!("{prefix}{}", pair.key), &pair.node, texts);
            }
        }
    }
}

fn flatten(key: &str, node: &Node, texts: &mut BTreeMap<String, String>) {
    match &node.value {
        Value::Map(pairs) => {
            for pair in pairs {
                flatten(&format!("{key}.{}", pair.key), &pair.node, texts);
            }
        }
        Value::List(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                flatten(&format!("{key}.{index}"), node, texts);
            }
        }
        Value::Scalar(Json::Null, _) => {}
        // Values are words: `yes: Yes` is the word, not the boolean.
        Value::Scalar(_, spelling) => {
            texts.entry(key.to_owned()).or_insert_with(|| spelling.clone());
        }
        Value::Text(text) => {
            texts.entry(key.to_owned()).or_insert_with(|| text.text.clone());
        }
    }
}
