//! Rates for each address of what nobody has vouched for.

use std::time::Duration;

/// Form submissions a minute.
const FORMS_PER_MINUTE: u32 = 120;
/// Refused webhook deliveries a minute.
const REFUSED_WEBHOOKS_PER_MINUTE: u32 = 60;

/// How much an address may do: so much at once, and one more after each refill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How much at once; 0 for no limit.
    pub burst: u32,
    /// After which time there is one more.
    pub refill: Duration,
}

impl Rate {
    /// So many a minute, all of them at once at most.
    pub fn per_minute(count: u32) -> Self {
        Self { burst: count, refill: Duration::from_secs(60) / count.max(1) }
    }
}

/// The rates of each address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// `SLUICEGATE_FORM_RATE`: form submissions a minute; 120 by default.
    pub forms: Rate,
    /// `SLUICEGATE_WEBHOOK_REFUSAL_RATE`: webhook deliveries a minute whose signature is refused;
    /// 60 by default.
    pub refused_webhooks: Rate,
    /// Failed sign-ins to the console: ten, and one more every 30 seconds. Not a setting.
    pub sign_ins: Rate,
}

impl Rates {
    /// The rates a minute that are set, with the defaults for the others.
    pub fn new(forms: Option<u32>, refused_webhooks: Option<u32>) -> Self {
        let refused_webhooks = refused_webhooks.unwrap_or(REFUSED_WEBHOOKS_PER_MINUTE);
        Self {
            forms: Rate::per_minute(forms.unwrap_or(FORMS_PER_MINUTE)),
            refused_webhooks: Rate::per_minute(refused_webhooks),
            sign_ins: Rate { burst: 10, refill: Duration::from_secs(30) },
        }
    }
}
