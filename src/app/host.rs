//! What the services of one request or run share: the runtime, the loaded files and the scope.

use crate::app::instance::Instance;
use crate::app::runtime::Runtime;
use crate::app::scope::Scope;
use crate::form::write::{Author, Writer};
use crate::graphql::backend::Backend;
use crate::journal::begin::Journal;
use crate::journal::error::Error as JournalError;
use crate::journal::phase::Phase;
use crate::template::request_context::RequestContext;
use sluicegate_module::catalog::Catalog;
use sluicegate_secret::InstanceKey;
use sluicegate_store::error::Error as StoreError;
use std::sync::Arc;

/// Makes the GraphQL backend of a host.
type BackendOf = fn(RequestHost, Author) -> Arc<dyn Backend>;

/// The runtime as one request or run sees it.
///
/// What a request can do is in the services that borrow it: [`super::forms::Forms`],
/// [`super::operations::Operations`], [`super::events::Events`], [`super::jobs::Jobs`] and others.
#[derive(Clone)]
pub struct RequestHost {
    /// The runtime.
    pub runtime: Arc<Runtime>,
    /// The loaded files when the request began.
    pub instance: Arc<Instance>,
    /// The user, the context, and where writes go.
    pub scope: Arc<Scope>,
    /// A template's query may run a form, and a form renders templates: this is where the circle
    /// is closed, so that the imports have none.
    backend_of: BackendOf,
}

impl RequestHost {
    /// A host whose templates' queries run against the backend that `backend_of` makes.
    pub(super) fn new(runtime: &Arc<Runtime>, scope: Scope, backend_of: BackendOf) -> Self {
        let runtime = Arc::clone(runtime);
        Self { instance: runtime.instance(), runtime, scope: Arc::new(scope), backend_of }
    }

    /// The backend that GraphQL resolvers call for a template of this request.
    pub(super) fn backend(&self, author: Author) -> Arc<dyn Backend> {
        (self.backend_of)(self.clone(), author)
    }

    /// The definitions of the modules.
    pub(super) fn catalog(&self) -> &Catalog {
        &self.instance.catalog
    }

    /// The only writer of executions.
    pub(super) fn journal(&self) -> &Journal {
        &self.runtime.journal
    }

    /// The key that seals what is stored.
    pub(super) fn key(&self) -> &InstanceKey {
        &self.runtime.config.instance_key
    }

    /// A writer of records for the current user.
    pub(super) fn writer<'a>(&'a self, author: &'a Author) -> Writer<'a> {
        let user_id = self.scope.user_id.as_deref();
        Writer { catalog: self.catalog(), key: self.key(), user_id, author }
    }

    /// A request context for this request's templates, including constants.
    ///
    /// # Errors
    /// The store's error when constants cannot be read.
    pub fn request_context(&self) -> Result<RequestContext, StoreError> {
        let scope = Arc::clone(&self.scope);
        let request_context = RequestContext::made_by(move || scope.context.clone());
        request_context.set_constants(self.runtime.constants(&self.instance)?);
        self.scope.copy_constants(&request_context);
        Ok(request_context)
    }

    /// Runs `work` on the scope's phase, or on a new one that is committed at once.
    pub(super) fn write<T, E: From<JournalError>>(
        &self,
        work: impl FnOnce(&mut Phase) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(mut phase) = self.scope.phase() {
            return work(&mut phase);
        }
        let mut own = self.journal().phase();
        let result = work(&mut own)?;
        self.journal().write(own)?;
        Ok(result)
    }

    /// Reads through the scope's phase, so that a template sees its own writes.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Phase) -> T) -> T {
        if let Some(phase) = self.scope.phase() {
            return work(&phase);
        }
        work(&self.journal().phase())
    }
}
