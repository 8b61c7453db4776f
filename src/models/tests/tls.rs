//! HTTPS with a certificate of our own. The files beside this one are for tests alone: valid for
//! `localhost` only, and the authority's key was thrown away.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::http::again_with;
use super::{cleared, spec};
use crate::domain::{Completion, Network, Protocol};
use crate::models::{Clients, Collected, Model, ModelError, SecretString};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/models/tests/tls");
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    connection: close\r\n\r\ndata: {\"choices\":[{\"text\":\"1\"}]}\n\ndata: [DONE]\n\n";

/// Starts a server on a thread of its own; its errors show as missing answers.
fn start() -> String {
    let certificate =
        CertificateDer::from_pem_slice(include_bytes!("tls/localhost.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/localhost.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions that the provider knows")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate with its key");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("a bound address").port();
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut connection =
                ServerConnection::new(Arc::clone(&config)).expect("a valid configuration");
            let mut stream = rustls::Stream::new(&mut connection, &mut socket);
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok() {
                let _ = stream.write_all(ANSWER);
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    format!("https://localhost:{port}")
}

async fn ask(url: &str) -> Result<Completion, ModelError> {
    ask_with(url, &Clients::new()).await
}

async fn ask_with(url: &str, clients: &Clients) -> Result<Completion, ModelError> {
    Model::new(
        spec(Protocol::OpenAiCompletions, url),
        Some(SecretString::from("key-1")),
        clients,
    )
    .expect("a usable model")
    .complete(cleared(), &mut Collected::default())
    .await
}

#[tokio::test]
async fn https_works_with_an_authority_of_the_system() {
    let file = format!("{FILES}/authority.pem");
    let trust = [
        ("SSL_CERT_FILE", file.as_str()),
        ("SSL_CERT_DIR", "/nonexistent"),
    ];
    if again_with("tls::https_works_with_an_authority_of_the_system", &trust) {
        return;
    }
    let answer = ask(&start()).await.expect("an answer");
    assert_eq!(answer.text, "1");
}

fn trusting(file: String) -> Clients {
    Clients::through(Network {
        ca_file: Some(file.into()),
        ..Network::default()
    })
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_beside_those_of_the_system() {
    let clients = trusting(format!("{FILES}/authority.pem"));
    let answer = ask_with(&start(), &clients).await.expect("an answer");
    assert_eq!(answer.text, "1");
}

#[tokio::test]
async fn a_file_without_a_certificate_is_named() {
    for (file, expected) in [
        ("localhost.key", "holds no certificate in PEM"),
        ("no-such-file", "cannot be read"),
    ] {
        let clients = trusting(format!("{FILES}/{file}"));
        let Err(ModelError::Unusable { why }) = ask_with(&start(), &clients).await else {
            panic!("{file} is no authority");
        };
        assert!(why.contains(file) && why.contains(expected), "{why}");
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_not_trusted() {
    // Some authority, only not that of the server.
    let file = format!("{FILES}/localhost.pem");
    let trust = [
        ("SSL_CERT_FILE", file.as_str()),
        ("SSL_CERT_DIR", "/nonexistent"),
    ];
    if again_with(
        "tls::a_certificate_of_an_unknown_authority_is_not_trusted",
        &trust,
    ) {
        return;
    }
    let Err(ModelError::Unreachable { why, .. }) = ask(&start()).await else {
        panic!("the certificate is signed by nobody we know");
    };
    assert!(why.contains("certificate"), "{why}");
}
