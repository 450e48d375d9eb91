//! How tags and filters reach the host and the request context from inside a render.

use crate::template::host::Host;
use crate::template::host_calls::HostCall;
use crate::template::render::{OutputMode, Templates};
use crate::template::request_context::RequestContext;
use sluicegate_liquid::context::{Context, HostData};
use sluicegate_liquid::error::Error;
use sluicegate_liquid::print::Escape;
use std::any::Any;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// What a render stands on.
pub struct HostBridge<'a> {
    /// The rest of the runtime.
    pub host: &'a dyn Host,
    /// What the request's renders share.
    pub request_context: &'a RequestContext,
    /// The compiled templates.
    pub templates: &'a Templates,
    /// How the render began to escape.
    pub output: OutputMode,
}

/// Work to be done on the bridge; it is taken out when it is done.
type Question = Option<Box<dyn for<'h> FnOnce(&HostBridge<'h>)>>;

impl HostData for HostBridge<'_> {
    fn ask(&self, question: &mut dyn Any) {
        if let Some(work) = question.downcast_mut::<Question>().and_then(Option::take) {
            // What it waits for is not the template's time.
            self.request_context.wait();
            work(self);
            self.request_context.resume();
        }
    }
}

/// Does `work` on the bridge of this render.
pub fn on<T: 'static>(
    context: &Context<'_>,
    work: impl FnOnce(&HostBridge<'_>) -> T + 'static,
) -> Option<T> {
    let answer = Rc::new(RefCell::new(None));
    let slot = Rc::clone(&answer);
    let mut question: Question = Some(Box::new(move |bridge| {
        let given = work(bridge);
        *slot.borrow_mut() = Some(given);
    }));
    context.host.ask(&mut question);
    answer.take()
}

/// The request context of this render.
pub fn request_context(context: &Context<'_>) -> Option<RequestContext> {
    on(context, |bridge| bridge.request_context.clone())
}

/// Counts a call to the host, before it is sent.
///
/// # Errors
/// A limit error when a request has had enough of them.
pub fn send(context: &Context<'_>, host_call: HostCall) -> Result<(), Error> {
    on(context, move |bridge| bridge.request_context.send(host_call)).unwrap_or(Ok(()))
}

/// The file, relative to the instance root, and the line in it of a line of the present template.
pub fn place(context: &Context<'_>, line: u32) -> (PathBuf, u32) {
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

/// How texts are escaped just now, as a part of a key.
pub fn mode_name(context: &Context<'_>) -> &'static str {
    match context.escape {
        Escape::Raw => "raw",
        Escape::Entities => "escape",
        _ => "sanitize",
    }
}
