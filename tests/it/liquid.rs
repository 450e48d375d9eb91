//! Tests of liquid.
