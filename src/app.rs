//! Builds every room once and joins them: implements the `Host` that templates call.
