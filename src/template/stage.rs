//! How tags and filters reach the host and the scene from inside a render.

use crate::liquid::context::{Context, Outside};
use crate::liquid::error::Error;
use crate::liquid::print::Escape;
use crate::template::errand::Errand;
use crate::template::host::Host;
use crate::template::render::{OutputMode, Templates};
use crate::template::scene::Scene;
use std::any::Any;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// What a render stands on.
pub struct Stage<'a> {
    /// The rest of the house.
    pub host: &'a dyn Host,
    /// What the request's renders share.
    pub scene: &'a Scene,
    /// The compiled templates.
    pub templates: &'a Templates,
    /// How the render began to escape.
    pub output: OutputMode,
}

/// Work to be done on the stage; it is taken out when it is done.
type Question = Option<Box<dyn for<'h> FnOnce(&Stage<'h>)>>;

impl Outside for Stage<'_> {
    fn ask(&self, question: &mut dyn Any) {
        if let Some(work) = question.downcast_mut::<Question>().and_then(Option::take) {
            // What it waits for is not the template's time.
            self.scene.wait();
            work(self);
            self.scene.resume();
        }
    }
}

/// Does `work` on the stage of this render.
pub fn on<T: 'static>(
    context: &Context<'_>,
    work: impl FnOnce(&Stage<'_>) -> T + 'static,
) -> Option<T> {
    let answer = Rc::new(RefCell::new(None));
    let slot = Rc::clone(&answer);
    let mut question: Question = Some(Box::new(move |stage| {
        let given = work(stage);
        *slot.borrow_mut() = Some(given);
    }));
    context.host.ask(&mut question);
    answer.take()
}

/// The scene of this render.
pub fn scene(context: &Context<'_>) -> Option<Scene> {
    on(context, |stage| stage.scene.clone())
}

/// Counts an errand to the host, before it is sent.
///
/// # Errors
/// A limit error when a request has had enough of them.
pub fn send(context: &Context<'_>, errand: Errand) -> Result<(), Error> {
    on(context, move |stage| stage.scene.send(errand)).unwrap_or(Ok(()))
}

/// The file, relative to the instance root, and the line in it of a line of the present template.
pub fn place(context: &Context<'_>, line: u32) -> (PathBuf, u32) {
    let name = context.template().map(|template| Arc::clone(template.name()));
    let Some(name) = name else { return (PathBuf::new(), line) };
    on(context, move |stage| {
        let source = stage.templates.source(&name);
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
        Escape::Through(_) => "sanitize",
    }
}
