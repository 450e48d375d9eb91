//! Constants, sessions and activities.

use jiff::Timestamp;
use serde_json::Value as Json;
use std::fmt;

/// A constant of the instance; its value is encrypted.
#[derive(Clone, PartialEq)]
pub struct Constant {
    /// Its name.
    pub name: String,
    /// Its encrypted value.
    pub sealed: String,
    /// When it was last set.
    pub updated_at: Timestamp,
}

impl fmt::Debug for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Constant({} = [sealed])", self.name)
    }
}

/// A visitor's session.
#[derive(Clone, PartialEq)]
pub struct Session {
    /// A hash of the id in the cookie; the id itself is never stored.
    pub id_hash: String,
    /// Its data.
    pub data: Json,
    /// The signed-in user, if any.
    pub user_id: Option<String>,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session(expires {})", self.expires_at)
    }
}

/// An activity: an event that a module published.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Its unique name.
    pub uuid: String,
    /// Its content.
    pub payload: Json,
    /// When it was published.
    pub created_at: Timestamp,
}
