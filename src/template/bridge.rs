//! How tags and filters reach the host and the request context during a render.

use crate::template::host::Host;
use crate::template::host_calls::HostCall;
use crate::template::output::OutputMode;
use crate::template::render::Templates;
use crate::template::request_context::RequestContext;
use sluicegate_liquid::context::{Context, HostData};
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::print::Escape;
use std::any::Any;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// The environment of a render.
pub struct HostBridge<'a> {
    /// The rest of the runtime.
    pub host: &'a dyn Host,
    /// State shared by the renders of the request.
    pub request_context: &'a RequestContext,
    /// The compiled templates.
    pub templates: &'a Templates,
    /// The output mode at the start of the render.
    pub output: OutputMode,
}

/// Work to run on the bridge; taken out once it has run.
type BridgeWork = Option<Box<dyn for<'h> FnOnce(&HostBridge<'h>)>>;

impl HostData for HostBridge<'_> {
    fn ask(&self, question: &mut dyn Any) {
        if let Some(work) = question.downcast_mut::<BridgeWork>().and_then(Option::take) {
            // Waiting for the host does not count as template time.
            self.request_context.wait();
            work(self);
            self.request_context.resume();
        }
    }
}

/// Runs `work` on the bridge of this render; `None` without a bridge.
pub fn on<T: 'static>(
    context: &Context<'_>,
    work: impl FnOnce(&HostBridge<'_>) -> T + 'static,
) -> Option<T> {
    let answer = Rc::new(RefCell::new(None));
    let slot = Rc::clone(&answer);
    let mut question: BridgeWork = Some(Box::new(move |bridge| {
        let given = work(bridge);
        *slot.borrow_mut() = Some(given);
    }));
    context.host.ask(&mut question);
    answer.take()
}

/// Ends the render when an answer of the host is not known now.
///
/// # Errors
/// An interruption.
pub fn check_interruption(context: &Context<'_>) -> Result<(), Error> {
    match on(context, |bridge| bridge.host.interruption()).flatten() {
        Some(reason) => Err(Error::new(Kind::Interrupted, reason)),
        None => Ok(()),
    }
}

/// Returns the request context of this render.
pub fn request_context(context: &Context<'_>) -> Option<RequestContext> {
    on(context, |bridge| bridge.request_context.clone())
}

/// Counts a host call, before it is sent.
///
/// # Errors
/// A limit error when the request has used up its calls of this kind.
pub fn send(context: &Context<'_>, host_call: HostCall) -> Result<(), Error> {
    on(context, move |bridge| bridge.request_context.send(host_call)).unwrap_or(Ok(()))
}

/// Maps a line of the current template to its file, relative to the instance root, and line.
pub fn file_and_line(context: &Context<'_>, line: u32) -> (PathBuf, u32) {
    let name = context.template().map(|template| Arc::clone(template.name()));
    let Some(name) = name else { return (PathBuf::new(), line) };
    on(context, move |bridge| {
        let source = bridge.templates.source(&name);
        source.map(|source| {
            let mark = source.position(line, 1);
            (source.path, mark.line)
        })
    })
    .flatten()
    .unwrap_or_else(|| (PathBuf::new(), line))
}

/// The module of the current template, by its logical name; `None` for the root module.
pub fn module(context: &Context<'_>) -> Option<String> {
    let template = context.template()?;
    let name = template.name();
    let inside = name.strip_prefix("modules/").or_else(|| {
        // The body of a `background` block is named after its file.
        let path = ["app/", "marketplace_builder/"].iter().find_map(|at| name.strip_prefix(at))?;
        path.strip_prefix("modules/")
    })?;
    inside.split('/').next().map(str::to_owned)
}

/// The current escaping mode, as a part of a cache key.
pub fn mode_name(context: &Context<'_>) -> &'static str {
    match context.escape {
        Escape::Raw => "raw",
        Escape::Entities => "escape",
        _ => "sanitize",
    }
}
