//! The platform's tags and filters over the Liquid engine, and the `Host` they call.
