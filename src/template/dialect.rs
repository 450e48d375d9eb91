//! The two engines: standard Liquid with the platform's tags and filters, by profile.

use crate::template::{filters, tags};
use sluicegate_liquid::{Engine, Flavor, RenderErrors, StringLiterals, UnknownNames};
use sluicegate_module::profile::Profile;

/// Builds the engine of a profile; the differences are data ([`Profile::switches`]).
pub fn engine(profile: Profile) -> Engine {
    let switches = profile.switches();
    let mut builder = Engine::builder();
    tags::register(&mut builder);
    filters::register(&mut builder);
    builder
        .flavor(Flavor::Platform)
        .unknown_names(match switches.lax_grammar {
            true => UnknownNames::Warn,
            false => UnknownNames::Refuse,
        })
        .render_errors(match switches.raise_errors {
            true => RenderErrors::Raise,
            false => RenderErrors::Inline,
        })
        .string_literals(match switches.string_interpolation {
            true => StringLiterals::Interpolated,
            false => StringLiterals::Plain,
        })
        .build()
}
