//! The gateway as one request sees it: with its templates, and in its phase.

use crate::app::host::RequestHost;
use crate::app::template_host::TemplateHost;
use crate::gateway::runner::Runner;
use sluicegate_store::error::Error as StoreError;

/// Calls `work` with a runner whose templates see the request's context.
///
/// # Errors
/// The store's error when constants cannot be read, and any error of `work`.
pub(super) fn with_runner<T, E: From<StoreError>>(
    host: &RequestHost,
    work: impl FnOnce(Runner<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let request_context = host.request_context()?;
    let inside = TemplateHost::new(host, &request_context);
    work(Runner {
        catalog: host.catalog(),
        renderer: inside.renderer(),
        journal: host.journal(),
        transport: &host.runtime.transport,
        key: host.key(),
        buffer: &inside,
    })
}
