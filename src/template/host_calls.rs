//! What templates ask of the host, counted: waiting for the host does not count as their time.

use sluicegate_liquid::error::Error;

/// Something asked of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostCall {
    /// A graph query.
    Query,
    /// A job for later.
    Job,
    /// A form.
    Form,
    /// A line of the log.
    Log,
}

impl HostCall {
    /// How many of them a request may have.
    fn max(self) -> u32 {
        match self {
            Self::Query => 5_000,
            Self::Job | Self::Form => 1_000,
            Self::Log => 10_000,
        }
    }

    /// What they are called in messages.
    fn plural(self) -> &'static str {
        match self {
            Self::Query => "queries",
            Self::Job => "background jobs",
            Self::Form => "forms",
            Self::Log => "log lines",
        }
    }
}

/// How many of each a request had.
#[derive(Debug, Default)]
pub struct HostCalls([u32; 4]);

impl HostCalls {
    /// Counts one more.
    ///
    /// # Errors
    /// A limit error when there were enough of them.
    pub fn count(&mut self, host_call: HostCall) -> Result<(), Error> {
        let count = &mut self.0[host_call as usize];
        if *count >= host_call.max() {
            let message =
                format!("more than {} {} in one request", host_call.max(), host_call.plural());
            return Err(Error::limit(message));
        }
        *count += 1;
        Ok(())
    }
}
