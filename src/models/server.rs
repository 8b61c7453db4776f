//! The server behind a model: its address, its key, and how a request to it is begun.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::domain::{Completion, KeyPlace, ModelSpec};

use super::answer::{Answer, Decode};
use super::clients::is_loopback;
use super::exchange;
use super::frames::Patience;
use super::ready::Ready;
use super::{Clients, ModelError};

/// Where and as whom to ask.
#[derive(Debug)]
pub(super) struct Server {
    root: Url,
    host: String,
    authorization: Option<(HeaderName, HeaderValue)>,
    /// A header that goes with every request.
    also: Option<(&'static str, &'static str)>,
    /// The variable that should hold the key, when it is not there.
    missing_key: Option<KeyPlace>,
    patience: Patience,
    clients: Clients,
    ready: Ready,
}

/// Where a provider looks for the key.
#[derive(Clone, Debug)]
pub(super) enum KeyHeader {
    /// `authorization: Bearer …`, as nearly everywhere.
    Bearer,
    /// A header that holds the key and nothing else.
    Plain(HeaderName),
}

impl Server {
    /// Takes address and key from the configuration.
    pub(super) fn new(
        spec: &ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        Self::signed_in(KeyHeader::Bearer, spec, key, clients)
    }

    /// Does the same for a provider that wants the key in this header.
    pub(super) fn signed_in(
        header: KeyHeader,
        spec: &ModelSpec,
        key: Option<SecretString>,
        clients: &Clients,
    ) -> Result<Self, ModelError> {
        let unusable = |why: &str| ModelError::Unusable {
            why: format!("{} of model {}", why, spec.id),
        };
        let root = spec.base_url.trim().trim_end_matches('/');
        let root = root.strip_suffix("/v1").unwrap_or(root);
        let root = Url::parse(root).map_err(|_| unusable("there is no address in `base_url`"))?;
        if !matches!(root.scheme(), "http" | "https") || root.host_str().is_none() {
            return Err(unusable(
                "only http and https are spoken, which is not `base_url`",
            ));
        }
        if !root.username().is_empty() || root.password().is_some() {
            // It would end up in the ledger and in logs.
            return Err(unusable("a key belongs in `api_key`, not in `base_url`"));
        }
        let authorization = key
            .map(|key| {
                let (name, scheme) = match header {
                    KeyHeader::Bearer => (AUTHORIZATION, "Bearer "),
                    KeyHeader::Plain(name) => (name, ""),
                };
                let key = SecretString::from([scheme, key.expose_secret().trim()].concat());
                let mut value = HeaderValue::from_str(key.expose_secret())
                    .map_err(|_| unusable("a header cannot hold the key"))?;
                value.set_sensitive(true);
                Ok((name, value))
            })
            .transpose()?;
        Ok(Self {
            host: spec.host().to_owned(),
            missing_key: spec.api_key.clone().filter(|_| authorization.is_none()),
            root,
            authorization,
            also: None,
            patience: Patience::of(spec),
            clients: clients.clone(),
            ready: Ready::default(),
        })
    }

    /// Adds a header to every request.
    pub(super) fn always_saying(mut self, header: (&'static str, &'static str)) -> Self {
        self.also = Some(header);
        self
    }

    /// Returns host and port, for messages.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether a key goes over a network without TLS.
    pub(super) fn sends_key_in_the_clear(&self) -> bool {
        self.authorization.is_some() && self.root.scheme() == "http" && !is_loopback(&self.root)
    }

    /// Opens a connection for the next completion, where each has its own.
    pub(super) fn get_ready(&self) {
        self.ready.open(&self.root);
    }

    /// Asks for a completion and reads it with the protocol's own `decode`.
    pub(super) async fn ask<T: Serialize + Sync>(
        &self,
        path: &str,
        body: &T,
        decode: Decode,
        answer: Answer<'_>,
    ) -> Result<Completion, ModelError> {
        let request = self.post(path, body).await?;
        let send = self.ready.send(request);
        exchange::complete(send, &self.host, self.patience, decode, answer).await
    }

    /// Begins a request with a JSON body. Equal bodies give equal bytes.
    pub(super) async fn post<T: Serialize + Sync>(
        &self,
        path: &str,
        body: &T,
    ) -> Result<RequestBuilder, ModelError> {
        let bytes = serde_json::to_vec(body).expect("a body of strings and numbers is JSON");
        let (client, url) = self.target(path).await?;
        let request = client.post(url).header(CONTENT_TYPE, "application/json");
        Ok(self.signed(request).body(bytes))
    }

    /// Begins a request without a body.
    pub(super) async fn get(&self, path: &str) -> Result<RequestBuilder, ModelError> {
        let (client, url) = self.target(path).await?;
        Ok(self.signed(client.get(url)))
    }

    async fn target(&self, path: &str) -> Result<(Client, Url), ModelError> {
        if let Some(place) = &self.missing_key {
            return Err(ModelError::NoKey {
                place: place.clone(),
            });
        }
        let mut url = self.root.clone();
        let (path, query) = path
            .split_once('?')
            .map_or((path, None), |(path, query)| (path, Some(query)));
        // A root may have a path of its own, such as that of a proxy.
        url.set_path(&format!("{}{path}", self.root.path().trim_end_matches('/')));
        url.set_query(query);
        Ok((self.clients.client_for(&url).await?, url))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        let request = match self.also {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        match &self.authorization {
            Some((name, value)) => request.header(name, value.clone()),
            None => request,
        }
    }
}
