//! The names of Stripe's events.

/// Every event type that Stripe knows or knew, such as `charge.refunded`.
pub fn event_types() -> impl Iterator<Item = &'static str> {
    include_str!("event_types.txt").lines()
}
