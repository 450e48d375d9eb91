//! The kinds of executions, and the queue that each waits in.

use super::execution::Queue;

/// What an execution runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExecutionKind {
    /// A request type: one operation of a gateway.
    RequestType,
    /// An API call that a template sends by itself.
    ApiCall,
    /// A submitted form.
    FormSubmission,
    /// An event that a gateway delivered.
    WebhookEvent,
    /// A background job of a module.
    BackgroundJob,
    /// A migration of a module.
    Migration,
}

impl ExecutionKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::RequestType,
        Self::ApiCall,
        Self::FormSubmission,
        Self::WebhookEvent,
        Self::BackgroundJob,
        Self::Migration,
    ];

    /// The name by which it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestType => "request_type",
            Self::ApiCall => "api_call",
            Self::FormSubmission => "form_submission",
            Self::WebhookEvent => "webhook_event",
            Self::BackgroundJob => "background_job",
            Self::Migration => "migration",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The queue in which its executions wait.
    pub const fn queue(self) -> Queue {
        match self {
            Self::RequestType | Self::ApiCall => Queue::Gateway,
            Self::FormSubmission | Self::WebhookEvent | Self::BackgroundJob | Self::Migration => {
                Queue::Local
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in ExecutionKind::ALL {
            assert_eq!(ExecutionKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(ExecutionKind::from_name("sweep"), None);
    }
}
