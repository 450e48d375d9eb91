//! The two engines: standard Liquid with the platform's tags and filters, by profile.

use crate::template::{filters, tags};
use sluicegate_liquid::engine::Engine;
use sluicegate_module::profile::Profile;

/// The engine of a profile; what differs is data ([`Profile::switches`]).
pub fn engine(profile: Profile) -> Engine {
    let switches = profile.switches();
    let mut engine = Engine::standard();
    tags::register(&mut engine);
    filters::register(&mut engine);
    engine.set_lax(switches.lax_grammar).set_raise(switches.raise_errors);
    engine.set_interpolation(switches.string_interpolation);
    engine
}
