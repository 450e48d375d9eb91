//! Counts the calls from templates to the host; their duration is not template time.

use sluicegate_liquid::error::Error;

/// A kind of host call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostCall {
    /// A graph query.
    Query,
    /// A background job.
    Job,
    /// A form include.
    Form,
    /// A log line.
    Log,
}

impl HostCall {
    /// The maximum number per request.
    fn max(self) -> u32 {
        match self {
            Self::Query => 5_000,
            Self::Job | Self::Form => 1_000,
            Self::Log => 10_000,
        }
    }

    /// The plural used in messages.
    fn plural(self) -> &'static str {
        match self {
            Self::Query => "queries",
            Self::Job => "background jobs",
            Self::Form => "forms",
            Self::Log => "log lines",
        }
    }
}

/// The number of calls of each kind in a request.
#[derive(Debug, Default)]
pub struct HostCalls([u32; 4]);

impl HostCalls {
    /// Counts one more call.
    ///
    /// # Errors
    /// A limit error when the request has used up its calls of this kind.
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
