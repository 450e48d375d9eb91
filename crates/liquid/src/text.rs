//! Strings and names: short ones are stored inline, long ones are shared.

use ecow::EcoString;
use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A string that is cheap to clone: up to 15 bytes are stored inline, longer ones are shared.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(EcoString);

impl Text {
    /// An empty string with a capacity.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(EcoString::with_capacity(bytes))
    }

    /// The string in lower case.
    pub fn lowercase(text: &str) -> Self {
        match text.is_ascii() {
            true => Self::of_ascii(text, <[u8]>::make_ascii_lowercase),
            false => text.to_lowercase().into(),
        }
    }

    /// The string in upper case.
    pub fn uppercase(text: &str) -> Self {
        match text.is_ascii() {
            true => Self::of_ascii(text, <[u8]>::make_ascii_uppercase),
            false => text.to_uppercase().into(),
        }
    }

    /// Changes a copy; most strings are short enough to need no allocation.
    fn of_ascii(text: &str, change: fn(&mut [u8])) -> Self {
        let mut short = [0_u8; 48];
        match short.get_mut(..text.len()) {
            Some(bytes) => {
                bytes.copy_from_slice(text.as_bytes());
                change(bytes);
                std::str::from_utf8(bytes).unwrap_or_default().into()
            }
            None => {
                let mut bytes = text.as_bytes().to_vec();
                change(&mut bytes);
                String::from_utf8(bytes).unwrap_or_default().into()
            }
        }
    }

    /// The string as a slice.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Appends in place, or to a copy when the string is shared.
    pub fn push_str(&mut self, more: &str) {
        self.0.push_str(more);
    }
}

impl Deref for Text {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    #[inline]
    fn borrow(&self) -> &str {
        self
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl From<char> for Text {
    fn from(character: char) -> Self {
        Self(character.into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if text.len() <= EcoString::INLINE_LIMIT {
            return Self(text.into());
        }
        // `EcoString::from` would copy byte by byte.
        let mut long = EcoString::with_capacity(text.len());
        long.push_str(text);
        Self(long)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        Self::from(&*text)
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self::from(&*text)
    }
}

impl From<&Arc<str>> for Text {
    fn from(text: &Arc<str>) -> Self {
        Self::from(&**text)
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}
