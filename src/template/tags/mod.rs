//! The platform's tags, one a file.

mod assign;
mod background;
mod cache;
mod content_for;
mod export;
mod form;
mod function;
mod graphql;
mod hash_assign;
mod include_form;
mod language;
mod log;
mod parse_json;
mod print;
mod redirect_to;
mod response_headers;
mod response_status;
mod return_value;
mod session;
mod sign_in;
mod spam_protection;
mod theme_render;
mod transaction;
mod try_block;
mod yield_content;

use sluicegate_liquid::engine::Engine;

/// Adds the platform's tags to standard Liquid, every spelling of their names.
pub fn register(engine: &mut Engine) {
    engine
        .add_tag("assign", assign::read)
        .add_tag("background", background::read)
        .add_tag("background_rc", background::read)
        .add_tag("cache", cache::read)
        .add_tag("content_for", content_for::read)
        .add_tag("context", language::read)
        .add_tag("context_rc", language::read)
        .add_tag("execute_query", graphql::read_old)
        .add_tag("export", export::read)
        .add_tag("form", form::read)
        .add_tag("function", function::read)
        .add_tag("function_rc", function::read)
        .add_tag("graphql", graphql::read)
        .add_tag("hash_assign", hash_assign::read)
        .add_tag("include_form", include_form::read)
        .add_tag("log", log::read)
        .add_tag("parse_json", parse_json::read)
        .add_tag("print", print::read)
        .add_tag("query_graph", graphql::read_old)
        .add_tag("redirect_to", redirect_to::read)
        .add_tag("render_form", include_form::read)
        .add_tag("response_headers", response_headers::read)
        .add_tag("response_status", response_status::read)
        .add_tag("return", return_value::read)
        .add_tag("return_rc", return_value::read)
        .add_tag("rollback", transaction::read_rollback)
        .add_tag("session", session::read)
        .add_tag("sign_in", sign_in::read)
        .add_tag("sign_in_rc", sign_in::read)
        .add_tag("spam_protection", spam_protection::read)
        .add_tag("theme_render_rc", theme_render::read)
        .add_tag("transaction", transaction::read)
        .add_tag("try", try_block::read)
        .add_tag("try_rc", try_block::read)
        .add_tag("yield", yield_content::read);
}
