//! Operator settings: flags, then environment, then defaults; the one place that reads the environment.
