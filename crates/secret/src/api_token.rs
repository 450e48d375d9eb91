//! Bearer tokens of the API, each with a scope.

use crate::Secret;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// What a token allows; each scope includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenScope {
    /// Reads records and executions.
    Read,
    /// Runs request types as well.
    Operate,
    /// Everything.
    Administer,
}

impl TokenScope {
    /// All scopes, the smallest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Operate, Self::Administer];

    /// The name in settings, in the schema and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Operate => "operate",
            Self::Administer => "administer",
        }
    }

    /// The scope with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A token and its scope.
#[derive(Debug, Clone)]
pub struct ApiToken {
    /// What it allows.
    pub scope: TokenScope,
    /// The token itself.
    pub token: Secret,
}

/// The tokens that an instance accepts.
#[derive(Debug, Clone, Default)]
pub struct ApiTokens(Vec<ApiToken>);

impl ApiTokens {
    /// The tokens of the two settings: `administer` is one token, `scoped` a list of `scope:token`
    /// separated by commas.
    ///
    /// # Errors
    /// Says which entry is wrong, without the token in it.
    pub fn new(administer: Option<String>, scoped: Option<String>) -> Result<Self, String> {
        let mut all = Vec::new();
        if let Some(token) = administer {
            all.push(ApiToken { scope: TokenScope::Administer, token: Secret::new(token) });
        }
        let entries = scoped.as_deref().into_iter().flat_map(|text| text.split(','));
        for (place, entry) in entries.map(str::trim).enumerate() {
            let scope = entry.split_once(':').map(|(name, token)| (name.trim(), token.trim()));
            let found = scope.and_then(|(name, token)| Some((TokenScope::from_name(name)?, token)));
            let Some((scope, token)) = found.filter(|(_, token)| !token.is_empty()) else {
                let place = place + 1;
                return Err(format!(
                    "entry {place} is not `scope:token`; a scope is read, operate or administer"
                ));
            };
            if all.iter().any(|one: &ApiToken| one.token.expose() == token) {
                let place = place + 1;
                return Err(format!(
                    "the token of entry {place} is listed before; make one for each scope"
                ));
            }
            all.push(ApiToken { scope, token: Secret::new(token) });
        }
        Ok(Self(all))
    }

    /// True when no token is configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every token, for checks of the settings.
    pub fn iter(&self) -> impl Iterator<Item = &ApiToken> {
        self.0.iter()
    }

    /// The scope of a token that a caller sent; `None` for an unknown one. Every token is compared,
    /// in constant time, and the length is not told either.
    pub fn scope_of(&self, sent: &str) -> Option<TokenScope> {
        let sent = Sha256::digest(sent.as_bytes());
        let mut found = None;
        for ApiToken { scope, token } in &self.0 {
            let is_equal: Choice = Sha256::digest(token.expose().as_bytes()).ct_eq(&sent);
            if bool::from(is_equal) {
                found = found.max(Some(*scope));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_scope_of_its_entry() {
        let scoped = Some("read:abc, operate:d:e,administer:f".to_owned());
        let tokens = ApiTokens::new(Some("whole".to_owned()), scoped).expect("valid");
        for (sent, scope) in [
            ("whole", Some(TokenScope::Administer)),
            ("abc", Some(TokenScope::Read)),
            ("d:e", Some(TokenScope::Operate)),
            ("f", Some(TokenScope::Administer)),
            ("", None),
            ("ab", None),
            ("read:abc", None),
        ] {
            assert_eq!(tokens.scope_of(sent), scope, "{sent}");
        }
        assert!(ApiTokens::default().is_empty() && ApiTokens::default().scope_of("").is_none());
    }

    #[test]
    fn a_token_has_one_scope() {
        for (one, more) in [(Some("abc"), "read:abc"), (None, "read:abc,operate:abc")] {
            let refused = ApiTokens::new(one.map(str::to_owned), Some(more.to_owned()));
            let refused = refused.expect_err(more);
            assert!(refused.contains("listed before") && !refused.contains("abc"), "{refused}");
        }
    }

    #[test]
    fn a_wrong_entry_is_refused_without_its_token() {
        for wrong in ["abc", "root:abc", "read:", "read:abc,", ":abc", "READ:abc"] {
            let refused = ApiTokens::new(None, Some(wrong.to_owned())).expect_err(wrong);
            assert!(!refused.contains("abc"), "{refused}");
        }
    }
}
