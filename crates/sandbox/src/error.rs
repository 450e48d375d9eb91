//! Why the sandbox cannot start or keep its data.

use std::path::PathBuf;

/// A fault of the sandbox server itself; refused operations are answers, not errors.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address cannot be bound; choose another one.
    #[error("the sandbox cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The data file cannot be read or written; check the folder's rights or remove the file.
    #[error("the sandbox cannot keep its data in {}: {source}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The data file is not one of ours; move it away or reset.
    #[error("the sandbox data in {} is damaged at line {line}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line of the first record that cannot be read.
        line: usize,
    },
    /// The client that delivers webhooks cannot be built.
    #[error("the sandbox cannot build its webhook client: {0}")]
    Client(#[from] reqwest::Error),
}
