//! Opens connections: a pool for readers and writers, and single ones.

use super::errors;
use crate::error::{Error, Reason};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls_platform_verifier::ConfigVerifierExt as _;
use std::time::Duration;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connections of one process.
const CONNECTIONS_MAX: usize = 8;
/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The address of a database, and the TLS settings.
#[derive(Clone)]
pub struct Target {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Target {
    /// Parses `postgres://user:password@host/database?sslmode=…`.
    ///
    /// # Errors
    /// [`Error::Broken`] when the address is malformed; the message leaves out the password.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let mut config: Config = url
            .parse()
            .map_err(|_| Error::Broken("the address of PostgreSQL is malformed".into()))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("sluicegate");
        }
        // The server drops the locks of a process that vanished after this, not after hours.
        config.keepalives_idle(Duration::from_secs(30));
        let tls = rustls::ClientConfig::with_platform_verifier()
            .map_err(|error| Error::Broken(Reason::of(error).with_prefix("TLS")))?;
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }

    /// The pool of connections.
    ///
    /// # Errors
    /// [`Error::Broken`].
    pub fn pool(&self) -> Result<Pool, Error> {
        // A dead connection fails at its first use, and the read is repeated on another.
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), config);
        Pool::builder(manager)
            .max_size(CONNECTIONS_MAX)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .build()
            .map_err(|error| Error::Broken(Reason::of(error)))
    }

    /// One connection, driven by the current runtime.
    ///
    /// # Errors
    /// [`Error::Busy`] when the server does not answer.
    pub async fn connect(&self) -> Result<Client, Error> {
        let connecting = self.config.connect(self.tls.clone());
        let (client, connection) = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected.map_err(errors::of)?,
            Err(_) => return Err(Error::Busy("PostgreSQL does not answer".into())),
        };
        // It ends when the client is dropped; the next call of the client returns what broke it.
        tokio::spawn(async move { drop(connection.await) });
        Ok(client)
    }
}
