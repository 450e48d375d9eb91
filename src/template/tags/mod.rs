//! The platform's tags, one per file.

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

use sluicegate_liquid::EngineBuilder;

/// Registers the platform's tags over standard Liquid, under every spelling of their names.
pub fn register(builder: &mut EngineBuilder) {
    builder
        .tag("assign", assign::read)
        .tag("background", background::read)
        .tag("background_rc", background::read)
        .tag("cache", cache::read)
        .tag("content_for", content_for::read)
        .tag("context", language::read)
        .tag("context_rc", language::read)
        .tag("execute_query", graphql::read_old)
        .tag("export", export::read)
        .tag("form", form::read)
        .tag("function", function::read)
        .tag("function_rc", function::read)
        .tag("graphql", graphql::read)
        .tag("hash_assign", hash_assign::read)
        .tag("include_form", include_form::read)
        .tag("log", log::read)
        .tag("parse_json", parse_json::read)
        .tag("print", print::read)
        .tag("query_graph", graphql::read_old)
        .tag("redirect_to", redirect_to::read)
        .tag("render_form", include_form::read)
        .tag("response_headers", response_headers::read)
        .tag("response_status", response_status::read)
        .tag("return", return_value::read)
        .tag("return_rc", return_value::read)
        .tag("rollback", transaction::read_rollback)
        .tag("session", session::read)
        .tag("sign_in", sign_in::read)
        .tag("sign_in_rc", sign_in::read)
        .tag("spam_protection", spam_protection::read)
        .tag("theme_render_rc", theme_render::read)
        .tag("transaction", transaction::read)
        .tag("try", try_block::read)
        .tag("try_rc", try_block::read)
        .tag("yield", yield_content::read);
}
