//! The tags of standard Liquid, one a file.

mod append_in_place;
pub mod assign;
pub mod capture;
pub mod case;
pub mod comment;
pub mod counter;
pub mod cycle;
pub mod echo;
pub mod flow;
pub mod for_loop;
pub mod if_block;
pub mod ifchanged;
pub mod lines;
pub mod partial;
pub mod raw;
pub mod tablerow;

use crate::engine::Engine;

/// Adds every tag of standard Liquid.
pub fn register(engine: &mut Engine) {
    engine
        .add_tag("assign", assign::read)
        .add_tag("capture", capture::read)
        .add_tag("case", case::read)
        .add_tag("comment", comment::read)
        .add_tag("doc", comment::read)
        .add_tag("#", comment::read_line)
        .add_tag("increment", counter::read)
        .add_tag("decrement", counter::read)
        .add_tag("cycle", cycle::read)
        .add_tag("echo", echo::read)
        .add_tag("break", flow::read)
        .add_tag("continue", flow::read)
        .add_tag("for", for_loop::read)
        .add_tag("if", if_block::read)
        .add_tag("unless", if_block::read)
        .add_tag("ifchanged", ifchanged::read)
        .add_tag("liquid", lines::read)
        .add_tag("include", partial::read)
        .add_tag("render", partial::read)
        .add_tag("raw", raw::read)
        .add_tag("tablerow", tablerow::read);
}
