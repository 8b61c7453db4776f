//! The HTTP clients that all models share, each built when it is first needed.
//!
//! Building one takes milliseconds (it reads the system's certificates), so it never happens at
//! start and never on a thread that serves requests. Plain HTTP has a client of its own, because
//! one with TLS cannot be built at all on a system without certificates.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Proxy, Url};
use tokio::sync::OnceCell;

use super::ModelError;
use crate::domain::Network;

/// How long a connection may take, names and certificates included.
pub(super) const CONNECT_TIME: Duration = Duration::from_secs(3);
/// Who asks.
pub(super) const AGENT: &str = concat!("mantle/", env!("CARGO_PKG_VERSION"));

/// Shared HTTP clients. Cloning it shares them; making it costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Clients {
    network: Arc<Network>,
    built: Arc<Built>,
}

#[derive(Debug, Default)]
struct Built {
    tls: OnceCell<Client>,
    plain: OnceCell<Client>,
    loopback_tls: OnceCell<Client>,
    loopback_plain: OnceCell<Client>,
}

#[derive(Clone, Copy)]
struct Kind {
    tls: bool,
    loopback: bool,
}

impl Clients {
    /// Makes the set, with no client built.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the set for a network; what is wrong with it shows when a client is needed.
    #[must_use]
    pub fn through(network: Network) -> Self {
        Self {
            network: Arc::new(network),
            built: Arc::default(),
        }
    }

    /// Returns the network that hosts are reached through.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Returns the client for an address, building it off the runtime's threads if need be.
    ///
    /// # Errors
    ///
    /// [`ModelError::NoCertificates`] for `https` on a system without CA certificates; a later
    /// call tries again.
    pub(super) async fn client_for(&self, url: &Url) -> Result<Client, ModelError> {
        let kind = Kind {
            tls: url.scheme() == "https",
            loopback: is_loopback(url),
        };
        let cell = match (kind.tls, kind.loopback) {
            (true, false) => &self.built.tls,
            (false, false) => &self.built.plain,
            (true, true) => &self.built.loopback_tls,
            (false, true) => &self.built.loopback_plain,
        };
        cell.get_or_try_init(|| async move {
            let network = Arc::clone(&self.network);
            let built = tokio::task::spawn_blocking(move || build(kind, &network)).await;
            built.unwrap_or_else(|_| {
                Err(ModelError::Unusable {
                    why: "no HTTP client could be built; check the proxy settings".to_owned(),
                })
            })
        })
        .await
        .cloned()
    }
}

fn build(kind: Kind, network: &Network) -> Result<Client, ModelError> {
    let unusable = |why: String| ModelError::Unusable { why };
    // Fails when somebody else was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(AGENT)
        // A key must never travel to another host, and a model has no reason to move.
        .redirect(Policy::none())
        // A host that cannot be reached is told from one that is slow, and was not paid.
        .connect_timeout(CONNECT_TIME)
        // Whether to ask again is the router's business, and may cost money.
        .retry(reqwest::retry::never());
    if !kind.tls {
        // No certificates are needed, so none are looked for.
        builder = builder.tls_certs_only([]);
        // A new connection costs next to nothing here, while small servers close idle ones after
        // seconds, and llama.cpp's with an answer that does not say so: a request that is just being
        // written would be lost with it.
        builder = builder.pool_max_idle_per_host(0);
    }
    if kind.loopback {
        builder = builder.no_proxy();
    } else if let Some(proxy) = &network.proxy {
        let proxy = Proxy::all(proxy)
            .map_err(|_| unusable("`network.proxy` is no address of a proxy".to_owned()))?;
        builder = builder.proxy(proxy);
    }
    if let Some(file) = network.ca_file.as_ref().filter(|_| kind.tls) {
        builder = builder.tls_certs_merge(certificates(file).map_err(unusable)?);
    }
    builder.build().map_err(|_| match kind.tls {
        true => ModelError::NoCertificates,
        false => unusable("no HTTP client could be built; check the proxy settings".to_owned()),
    })
}

/// Reads a file of certificates.
fn certificates(file: &Path) -> Result<Vec<Certificate>, String> {
    let pem = std::fs::read(file).map_err(|error| {
        format!(
            "`network.ca_file` {} cannot be read: {error}",
            file.display()
        )
    })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(format!(
            "`network.ca_file` {} holds no certificate in PEM",
            file.display()
        )),
    }
}

/// Returns whether an address is on this machine, where no proxy can be of use.
pub(super) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse::<std::net::IpAddr>().map_or_else(
        |_| host == "localhost" || host.ends_with(".localhost"),
        |address| address.to_canonical().is_loopback(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:8080", true),
            ("http://127.8.9.1", true),
            ("http://[::1]:80", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("https://localhost:1", true),
            ("http://model.localhost", true),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
            ("https://api.example.com", false),
        ] {
            let url = Url::parse(url).expect("a valid address");
            assert_eq!(is_loopback(&url), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn one_client_serves_all_calls_of_its_kind() {
        let clients = Clients::new();
        assert!(!clients.built.loopback_plain.initialized());
        let url = Url::parse("http://127.0.0.1:1").expect("a valid address");
        clients
            .client_for(&url)
            .await
            .expect("plain HTTP needs no certificates");
        assert!(clients.clone().built.loopback_plain.initialized());
        assert!(!clients.built.tls.initialized());
    }
}
