//! Tests of request_types.
