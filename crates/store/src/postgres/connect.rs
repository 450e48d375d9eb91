//! How connections are made: pooled for reading, one each for the writers.

use super::fault;
use crate::error::Error;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use rustls_platform_verifier::ConfigVerifierExt as _;
use std::time::Duration;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connections that read; each process has these and those of its writers.
const READERS: usize = 8;
/// Longer than this nobody waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a database is, and how it is spoken to.
#[derive(Clone)]
pub struct Place {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Place {
    /// Reads `postgres://user:password@host/database?sslmode=…`.
    ///
    /// # Errors
    /// [`Error::Broken`] when it is no such address; the password is not repeated.
    pub fn read(url: &str) -> Result<Self, Error> {
        let mut config: Config = url
            .parse()
            .map_err(|_| Error::Broken("the address of PostgreSQL is malformed".into()))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_application_name().is_none() {
            config.application_name("sluicegate");
        }
        // A process that is gone must not hold locks for hours.
        config.keepalives_idle(Duration::from_secs(30));
        let tls = rustls::ClientConfig::with_platform_verifier()
            .map_err(|error| Error::Broken(format!("TLS: {error}")))?;
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }

    /// Connections for reading.
    ///
    /// # Errors
    /// [`Error::Broken`].
    pub fn pool(&self) -> Result<Pool, Error> {
        // A dead connection shows at its first use, and the read is made again on another.
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.config.clone(), self.tls.clone(), how);
        Pool::builder(manager)
            .max_size(READERS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| Error::Broken(error.to_string()))
    }

    /// One connection; it lives on the present runtime.
    ///
    /// # Errors
    /// [`Error::Busy`] when nobody answers there.
    pub async fn connect(&self) -> Result<Client, Error> {
        let connecting = self.config.connect(self.tls.clone());
        let (client, connection) = match tokio::time::timeout(PATIENCE, connecting).await {
            Ok(connected) => connected.map_err(fault::of)?,
            Err(_) => return Err(Error::Busy("PostgreSQL does not answer".into())),
        };
        // It ends when the client is dropped; what broke it the client's next call tells.
        tokio::spawn(async move { drop(connection.await) });
        Ok(client)
    }
}
