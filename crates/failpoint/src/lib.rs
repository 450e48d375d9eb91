//! Named places where the crash test kills the process, and bugs that it injects. A normal build
//! contains neither (features `failpoints` and `injected-bugs`, `tests/crash/`).

/// A place where a crash must lose nothing. With the feature `failpoints` and `CRASH_AT=name:n` in
/// the environment, the process aborts at the n-th hit; otherwise it expands to no code.
#[cfg(feature = "failpoints")]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {
        $crate::hit($name);
    };
}

/// A place where a crash must lose nothing: empty in this build.
#[cfg(not(feature = "failpoints"))]
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {};
}

/// All failpoints: first those of an instance, then of a payment, then of an event.
pub const POINTS: [&str; 28] = [
    "file_before_link",
    "file_after_link",
    "intent_before_commit",
    "intent_after_commit",
    "send_before",
    "send_after_head",
    "send_after_body",
    "settle_before_commit",
    "settle_after_commit",
    "answer_before",
    "inbox_before_insert",
    "inbox_after_insert",
    "claim_after",
    "form_before_end",
    "event_after_effects",
    "event_after_commit",
    "reconcile_after",
    "resend_before",
    "unknown_before_commit",
    "writer_before_commit",
    "writer_after_commit",
    "checkpoint_before",
    "checkpoint_after",
    "schema_before_commit",
    "migration_before_commit",
    "migration_after_commit",
    "backup_before_link",
    "backup_after_link",
];

/// Aborts if `CRASH_AT` names this place and this is the n-th hit.
#[cfg(feature = "failpoints")]
pub fn hit(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static TIMES: AtomicU64 = AtomicU64::new(0);
    debug_assert!(POINTS.contains(&name), "{name} is in the list");
    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("CRASH_AT").ok()?;
        let (name, times) = text.split_once(':')?;
        Some((name.to_owned(), times.parse().ok()?))
    });
    let Some((wanted, times)) = wanted else { return };
    if wanted == name && TIMES.fetch_add(1, Ordering::SeqCst) + 1 == *times {
        // Like SIGKILL: no destructor runs and no buffer is flushed.
        std::process::abort();
    }
}

/// True when the build has injected bugs and `PLANTED` names this one, which the crash test must
/// find.
#[cfg(feature = "injected-bugs")]
pub fn injected_bug(name: &str) -> bool {
    std::env::var("INJECTED_BUG").is_ok_and(|bug| bug == name)
}

/// A normal build has no injected bugs.
#[cfg(not(feature = "injected-bugs"))]
#[inline]
pub const fn injected_bug(_name: &str) -> bool {
    false
}

/// How far the clock is ahead, in seconds; only the crash test changes it.
#[cfg(feature = "failpoints")]
pub fn clock_ahead_secs() -> i64 {
    std::env::var("CLOCK_AHEAD").ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The clock is not changed in this build.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn clock_ahead_secs() -> i64 {
    0
}

/// The divisor of all waits; only the crash test changes it.
#[cfg(feature = "failpoints")]
pub fn time_scale() -> u32 {
    std::env::var("TIME_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1).max(1)
}

/// Waits are not shortened in this build.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn time_scale() -> u32 {
    1
}

/// The number of WAL pages after which a checkpoint is due; durability tests lower it.
#[cfg(feature = "failpoints")]
pub fn checkpoint_pages(usual: u32) -> u32 {
    std::env::var("CHECKPOINT_PAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The default in this build.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub const fn checkpoint_pages(usual: u32) -> u32 {
    usual
}
