//! Injected faults: rules that delay, drop, refuse or garble the nth matching request.

use serde::{Deserialize, Serialize};

/// One rule, as the control interface takes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Method it matches; any when absent.
    #[serde(default)]
    pub method: Option<String>,
    /// The path that it matches; `*` matches anything.
    pub path: String,
    /// The first matching request that fails, from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// How many requests fail from then on.
    #[serde(default = "one")]
    pub times: u64,
    /// What happens.
    pub fault: InjectedFault,
    /// Milliseconds, for `delay`.
    #[serde(default)]
    pub delay_ms: u64,
    /// The value of `Stripe-Should-Retry`, when it is sent.
    #[serde(default)]
    pub should_retry: Option<bool>,
    /// Matching requests seen so far.
    #[serde(default)]
    pub seen: u64,
}

fn one() -> u64 {
    1
}

/// What a rule does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InjectedFault {
    /// Answers late; the key is in flight meanwhile.
    Delay,
    /// Closes the connection before execution.
    DropBefore,
    /// Executes, stores the answer, and closes the connection.
    DropAfter,
    /// 500 before execution; nothing is remembered.
    ErrorNotExecuted,
    /// Executes, and answers 500.
    ErrorExecuted,
    /// 429 `rate_limit`, before anything.
    RateLimit,
    /// 429 `lock_timeout`, before anything.
    LockTimeout,
    /// 409, before anything.
    Conflict,
    /// 503, before anything.
    Unavailable,
    /// A body that is not JSON, after execution.
    Garbage,
}

/// Every fault.
pub const ALL: [InjectedFault; 10] = [
    InjectedFault::Delay,
    InjectedFault::DropBefore,
    InjectedFault::DropAfter,
    InjectedFault::ErrorNotExecuted,
    InjectedFault::ErrorExecuted,
    InjectedFault::RateLimit,
    InjectedFault::LockTimeout,
    InjectedFault::Conflict,
    InjectedFault::Unavailable,
    InjectedFault::Garbage,
];

impl InjectedFault {
    /// The name in the request log.
    pub fn name(self) -> &'static str {
        match self {
            InjectedFault::Delay => "delay",
            InjectedFault::DropBefore => "drop_before",
            InjectedFault::DropAfter => "drop_after",
            InjectedFault::ErrorNotExecuted => "error_not_executed",
            InjectedFault::ErrorExecuted => "error_executed",
            InjectedFault::RateLimit => "rate_limit",
            InjectedFault::LockTimeout => "lock_timeout",
            InjectedFault::Conflict => "conflict",
            InjectedFault::Unavailable => "unavailable",
            InjectedFault::Garbage => "garbage",
        }
    }
}

/// All rules, in the order they were given.
#[derive(Debug, Default)]
pub struct Faults {
    /// The rules.
    pub rules: Vec<Rule>,
}

/// The most rules.
const RULES_MAX: usize = 200;

impl Faults {
    /// Adds a rule; false when there are too many.
    pub fn add(&mut self, rule: Rule) -> bool {
        let room = self.rules.len() < RULES_MAX;
        if room {
            self.rules.push(rule);
        }
        room
    }

    /// Counts a request against every rule and returns the first that applies.
    pub fn matching(&mut self, method: &str, path: &str) -> Option<Rule> {
        let mut found = None;
        for rule in &mut self.rules {
            let of_method = rule.method.as_deref().is_none_or(|m| m.eq_ignore_ascii_case(method));
            if !of_method || !matches(&rule.path, path) {
                continue;
            }
            rule.seen += 1;
            let span = rule.nth..rule.nth.saturating_add(rule.times);
            if found.is_none() && span.contains(&rule.seen) {
                found = Some(rule.clone());
            }
        }
        found
    }
}

/// `*` matches any characters.
fn matches(pattern: &str, path: &str) -> bool {
    let mut rest = path;
    let mut parts = pattern.split('*');
    let Some(after) = parts.next().and_then(|first| rest.strip_prefix(first)) else { return false };
    rest = after;
    let mut open = false;
    for part in parts {
        open = true;
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty() || (open && pattern.ends_with('*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(matches("/v1/charges", "/v1/charges"));
        assert!(!matches("/v1/charges", "/v1/charges/ch_1"));
        assert!(matches("/v1/charges/*/capture", "/v1/charges/ch_1/capture"));
        assert!(matches("*", "/v1/anything"));
        assert!(!matches("/v1/charges/*/capture", "/v1/charges/ch_1"));
    }

    #[test]
    fn the_nth_request_fails() {
        let rule = r#"{"path": "/v1/*", "nth": 2, "times": 2, "fault": "conflict"}"#;
        let mut faults = Faults::default();
        faults.add(serde_json::from_str(rule).unwrap());
        let found: Vec<bool> = (0..4).map(|_| faults.matching("GET", "/v1/x").is_some()).collect();
        assert_eq!(found, [false, true, true, false]);
    }
}
