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

use crate::builder::EngineBuilder;

/// Adds every tag of standard Liquid.
pub fn register(builder: &mut EngineBuilder) {
    builder
        .tag("assign", assign::read)
        .tag("capture", capture::read)
        .tag("case", case::read)
        .tag("comment", comment::read)
        .tag("doc", comment::read)
        .tag("#", comment::read_line)
        .tag("increment", counter::read)
        .tag("decrement", counter::read)
        .tag("cycle", cycle::read)
        .tag("echo", echo::read)
        .tag("break", flow::read)
        .tag("continue", flow::read)
        .tag("for", for_loop::read)
        .tag("if", if_block::read)
        .tag("unless", if_block::read)
        .tag("ifchanged", ifchanged::read)
        .tag("liquid", lines::read)
        .tag("include", partial::read)
        .tag("render", partial::read)
        .tag("raw", raw::read)
        .tag("tablerow", tablerow::read);
}
