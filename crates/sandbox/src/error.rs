//! Why a sandbox cannot start or store its data.

use super::version::NEWEST;
use std::path::PathBuf;

/// An error of the server itself; a refused operation is an answer, not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configured API version is not one of Stripe's.
    #[error("`{0}` is not a version of Stripe's API, such as {NEWEST}")]
    Version(String),
    /// The address cannot be bound; choose another one.
    #[error("the sandbox cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The data file cannot be read or written; check the permissions of its folder.
    #[error("the sandbox cannot store its data in {}: {source}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Another sandbox stores its state there: both would lose what the other does. Ask the one
    /// that runs, or name another file.
    #[error("another sandbox is running with the data in {}", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The data file is damaged, or another program wrote it; move it away.
    #[error("the sandbox data in {} is damaged at line {line}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first line that cannot be read, from 1.
        line: usize,
    },
    /// The client that delivers webhooks cannot be built.
    #[error("the sandbox cannot build its webhook client: {0}")]
    Client(#[from] reqwest::Error),
}
