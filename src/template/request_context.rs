//! State shared by all renders of one web request: `context`, constants, exports, effects.

use crate::template::host_calls::{HostCall, HostCalls};
use crate::template::output::Effects;
use serde_json::{Map, Value as Json, json};
use sluicegate_liquid::budget::{Budget, Limits};
use sluicegate_liquid::error::Error;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::{Hash, LiquidDrop, Value};
use sluicegate_secret::Secret;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::time::Instant;

/// The maximum depth of renders inside renders (forms, API calls) on one thread, across request
/// contexts; each uses stack that the engine cannot see.
const NESTING_MAX: u32 = 12;

thread_local! {
    static NESTING: Cell<u32> = const { Cell::new(0) };
    /// True while a `context` is being converted to JSON.
    static IS_RENDERING: Cell<bool> = const { Cell::new(false) };
}

/// The request that templates are rendered for. Clones share one state.
#[derive(Clone)]
pub struct RequestContext(Rc<State>);

/// Builds the fields of `context` lazily; many templates never read them.
type ContextBuilder = Box<dyn FnOnce() -> Map<String, Json>>;

/// The fields of `context`, built on first access.
struct Fields {
    made: Hash,
    making: Cell<Option<ContextBuilder>>,
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.made.fmt(f)
    }
}

impl Fields {
    fn get(&self) -> &Hash {
        if let Some(making) = self.making.take() {
            let mut made = self.made.borrow_mut();
            made.extend(making().into_iter().map(|(name, value)| (Text::from(name), value.into())));
            if !made.contains_key("exports") {
                made.insert("exports".into(), Value::from(json!({})));
            }
        }
        &self.made
    }
}

struct State {
    context: Rc<Fields>,
    constants: Rc<RefCell<BTreeMap<String, Secret>>>,
    effects: RefCell<Effects>,
    content: RefCell<String>,
    content_for: RefCell<Map<String, Json>>,
    budget: RefCell<Option<Rc<Budget>>>,
    nesting: Cell<u32>,
    host_calls: RefCell<HostCalls>,
    /// The time at which the template began to wait for the host.
    waiting: Cell<Option<Instant>>,
}

impl fmt::Debug for RequestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestContext")
    }
}

impl RequestContext {
    /// Creates a request context whose `context` is this object.
    pub fn new(context: Map<String, Json>) -> Self {
        Self::made_by(move || context)
    }

    /// Creates a request context whose `context` is built when a template first reads it.
    pub fn made_by(context: impl FnOnce() -> Map<String, Json> + 'static) -> Self {
        let making: ContextBuilder = Box::new(context);
        let context = Fields { made: Rc::default(), making: Cell::new(Some(making)) };
        Self(Rc::new(State {
            context: Rc::new(context),
            constants: Rc::default(),
            effects: RefCell::default(),
            content: RefCell::default(),
            content_for: RefCell::default(),
            budget: RefCell::default(),
            nesting: Cell::new(0),
            host_calls: RefCell::default(),
            waiting: Cell::new(None),
        }))
    }

    /// Sets `context.NAME`.
    pub fn set(&self, name: &str, value: Json) {
        self.0.context.get().borrow_mut().insert(name.into(), value.into());
    }

    /// Returns the current value of `context.NAME`.
    pub fn get(&self, name: &str) -> Json {
        self.0.context.get().borrow().get(name).map(Value::to_json).unwrap_or_default()
    }

    /// Returns the current value of `context.exports`.
    pub fn exports(&self) -> Json {
        self.get("exports")
    }

    /// Replaces all constants.
    pub fn set_constants(&self, all: BTreeMap<String, Secret>) {
        *self.0.constants.borrow_mut() = all;
    }

    /// Sets a constant that was written during the request.
    pub fn set_constant(&self, name: &str, value: Secret) {
        self.0.constants.borrow_mut().insert(name.to_owned(), value);
    }

    /// Sets what a layout sees: the wrapped page (`yield` without a name) and the `content_for`
    /// blocks.
    pub fn set_content(&self, content: &str, named: &Map<String, Json>) {
        content.clone_into(&mut self.0.content.borrow_mut());
        self.0.content_for.borrow_mut().extend(named.clone());
    }

    /// Returns the page that a layout wraps.
    pub(super) fn content(&self) -> String {
        self.0.content.borrow().clone()
    }

    /// Returns the content that `content_for` stored under a name.
    pub(super) fn content_for(&self, name: &str) -> Option<String> {
        self.0.content_for.borrow().get(name).and_then(Json::as_str).map(str::to_owned)
    }

    /// Appends to the content stored under a name, or replaces it.
    pub(super) fn keep_content(&self, name: &str, text: &str, replaces: bool) {
        let mut all = self.0.content_for.borrow_mut();
        let kept = match all.get(name).and_then(Json::as_str) {
            Some(kept) if !replaces => format!("{kept}{text}"),
            _ => text.to_owned(),
        };
        all.insert(name.to_owned(), Json::String(kept));
    }

    /// Counts a host call.
    ///
    /// # Errors
    /// A limit error when the request has used up its calls of this kind.
    pub(super) fn send(&self, host_call: HostCall) -> Result<(), Error> {
        self.0.host_calls.borrow_mut().count(host_call)
    }

    /// Records an effect on the HTTP response.
    pub(super) fn effect<T>(&self, note: impl FnOnce(&mut Effects) -> T) -> T {
        note(&mut self.0.effects.borrow_mut())
    }

    /// Returns the hash at `context.NAME`, creating it when it is missing.
    pub(super) fn part(&self, name: &str) -> Hash {
        let mut context = self.0.context.get().borrow_mut();
        if let Some(Value::Hash(part)) = context.get(name) {
            return Rc::clone(part);
        }
        let part: Hash = Rc::default();
        context.insert(name.into(), Value::Hash(Rc::clone(&part)));
        part
    }

    /// Returns the variable `context`.
    pub(super) fn context(&self) -> Value {
        let constants = Constants(Rc::clone(&self.0.constants));
        let fields = Rc::clone(&self.0.context);
        Value::Drop(Rc::new(Context { fields, constants: Rc::new(constants) }))
    }

    /// Returns a field of `context` as a variable.
    pub(super) fn field(&self, name: &str) -> Value {
        self.0.context.get().borrow().get(name).cloned().unwrap_or_default()
    }

    /// Begins a render; an inner one draws on the budget of the outer one. `None` when renders are
    /// nested too deeply.
    pub(super) fn enter(&self, limits: Limits) -> Option<Rc<Budget>> {
        let on_thread = NESTING.get();
        if on_thread >= NESTING_MAX {
            return None;
        }
        NESTING.set(on_thread + 1);
        self.0.nesting.set(self.0.nesting.get() + 1);
        self.resume();
        // A separate budget inside another render gets less stack.
        let limits = limits.nesting(limits.nesting >> on_thread);
        let mut budget = self.0.budget.borrow_mut();
        Some(Rc::clone(budget.get_or_insert_with(|| Rc::new(Budget::new(limits)))))
    }

    /// Marks the start of a host call; its time does not count as template time.
    pub(super) fn wait(&self) {
        self.0.waiting.set(Some(Instant::now()));
    }

    /// Marks the end of a host call, or the start of a render inside one.
    pub(super) fn resume(&self) {
        if let Some(since) = self.0.waiting.take()
            && let Some(budget) = &*self.0.budget.borrow()
        {
            budget.forgive(since.elapsed());
        }
    }

    /// Ends a render; the outermost one returns the effects of all of them.
    pub(super) fn leave(&self) -> Effects {
        NESTING.set(NESTING.get().saturating_sub(1));
        let nesting = self.0.nesting.get().saturating_sub(1);
        self.0.nesting.set(nesting);
        if nesting > 0 {
            // Back in the host call that started this render.
            self.wait();
            return Effects::default();
        }
        *self.0.budget.borrow_mut() = None;
        let content_for = self.0.content_for.borrow().clone();
        Effects { content_for, ..self.0.effects.take() }
    }
}

/// `context`: its fields, and constants that can only be read by name.
#[derive(Debug)]
struct Context {
    fields: Rc<Fields>,
    constants: Rc<Constants>,
}

impl LiquidDrop for Context {
    fn get(&self, key: &str) -> Option<Value> {
        if key == "constants" {
            return Some(Value::Drop(Rc::clone(&self.constants) as Rc<dyn LiquidDrop>));
        }
        self.fields.get().borrow().get(key).cloned()
    }

    /// Returns null inside itself: a template may have stored `context` in its own exports or
    /// session.
    fn to_json(&self) -> Json {
        if IS_RENDERING.replace(true) {
            return Json::Null;
        }
        let json = Value::Hash(Rc::clone(self.fields.get())).to_json();
        IS_RENDERING.set(false);
        json
    }
}

/// `context.constants`: each readable by name, never listed.
struct Constants(Rc<RefCell<BTreeMap<String, Secret>>>);

impl fmt::Debug for Constants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Constants")
    }
}

impl LiquidDrop for Constants {
    fn get(&self, key: &str) -> Option<Value> {
        self.0.borrow().get(key).map(|secret| Value::text(secret.expose()))
    }

    fn to_json(&self) -> Json {
        json!({})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_read_by_name_only() {
        let request_context = RequestContext::new(Map::new());
        request_context.set_constants([("KEY".to_owned(), Secret::new("sk_test_canary"))].into());
        let context = request_context.context();
        let constants = context.property("constants");
        assert_eq!(constants.property("KEY"), Value::text("sk_test_canary"));
        for shown in [format!("{context:?}{request_context:?}"), context.to_json().to_string()] {
            assert!(!shown.contains("canary"), "{shown}");
        }
        assert_eq!(constants.to_text(), "{}");
    }

    #[test]
    fn the_context_is_built_when_it_is_read() {
        let count = Rc::new(Cell::new(0));
        let seen = Rc::clone(&count);
        let request_context = RequestContext::made_by(move || {
            seen.set(seen.get() + 1);
            Map::from_iter([("language".to_owned(), json!("en"))])
        });
        assert_eq!(request_context.context().property("constants").to_text(), "{}");
        assert_eq!(count.get(), 0);
        assert_eq!(request_context.context().property("language"), Value::text("en"));
        request_context.set("page", json!(1));
        assert_eq!(request_context.exports(), json!({}));
        let whole = json!({ "language": "en", "exports": {}, "page": 1 });
        assert_eq!((request_context.context().to_json(), count.get()), (whole, 1));
    }

    #[test]
    fn effects_go_to_the_outermost_render() {
        let request_context = RequestContext::new(Map::new());
        assert!(request_context.enter(Limits::default()).is_some());
        assert!(request_context.enter(Limits::default()).is_some());
        request_context.effect(|effects| effects.status = Some(403));
        assert_eq!(request_context.leave().status, None);
        assert_eq!(request_context.leave().status, Some(403));
    }

    #[test]
    fn renders_nest_only_so_deep() {
        let request_context = RequestContext::new(Map::new());
        let entered =
            (0..100).take_while(|_| request_context.enter(Limits::default()).is_some()).count();
        assert_eq!(entered, NESTING_MAX as usize);
        // Another request context does not reset the depth.
        assert!(RequestContext::new(Map::new()).enter(Limits::default()).is_none());
        (0..entered).for_each(|_| drop(request_context.leave()));
        assert!(request_context.enter(Limits::default()).is_some());
        request_context.leave();
    }

    #[test]
    fn waiting_does_not_count_as_time_of_a_template() {
        let request_context = RequestContext::new(Map::new());
        let limits = Limits::new().time(std::time::Duration::from_millis(900));
        let budget = request_context.enter(limits).expect("the first");
        request_context.wait();
        std::thread::sleep(std::time::Duration::from_millis(1_000));
        // A render inside the host call, and the outer render after it.
        let inner = request_context.enter(limits).expect("the second");
        let steps = |budget: &Budget| (0..512).try_for_each(|_| budget.step());
        assert_eq!(steps(&inner), Ok(()));
        request_context.leave();
        std::thread::sleep(std::time::Duration::from_millis(1_000));
        request_context.resume();
        assert_eq!(steps(&budget), Ok(()));
        request_context.leave();
    }
}
