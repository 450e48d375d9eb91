//! `render`: a template with data, or one JSON line after another.

use crate::cli::arguments::Render;
use crate::liquid;
use anyhow::{Context as _, Result};
