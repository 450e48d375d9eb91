//! Webhooks: signature, inbox, and dispatch to processor partials.
