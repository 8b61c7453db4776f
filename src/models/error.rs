//! What can go wrong with a call, by what the caller or the user can do about it.
//!
//! `Display` and `Debug` hold no text that a provider sent in answer to the user's text, so an
//! error may be logged as it is.

use std::time::Duration;

use crate::domain::{CallOutcome, FimTemplate, KeyPlace};

/// What a call was waiting for when its time was up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Waiting {
    /// The first text.
    FirstToken,
    /// Text after some had come.
    NextToken,
    /// The answer to a probe.
    Probe,
}

impl std::fmt::Display for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::FirstToken => "a first token",
            Self::NextToken => "the next token",
            Self::Probe => "an answer",
        })
    }
}

/// Why a model gave no completion.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ModelError {
    /// The provider asked us to slow down; the same request may succeed later.
    #[error("the model is rate limited{}", after(*.retry_after))]
    RateLimited {
        /// How long the provider wants us to wait, if it says so.
        retry_after: Option<Duration>,
    },
    /// Nothing came in time.
    #[error("no {waiting} within {limit:?}")]
    TimedOut {
        /// What was waited for.
        waiting: Waiting,
        /// The time it had.
        limit: Duration,
    },
    /// Nobody is there: no name, no connection, no trusted certificate.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the network said.
        why: String,
    },
    /// The server is there and still loads its model.
    #[error("the server is still loading its model")]
    Loading,
    /// It answered with an HTTP error.
    #[error("the model answered with status {status}{}", slug(.kind.as_deref()))]
    Status {
        /// The HTTP status.
        status: u16,
        /// The provider's name for the error, such as `invalid_request_error`.
        kind: Option<String>,
        /// What the provider says; only from a probe, which holds no text of the user.
        message: Option<String>,
    },
    /// It reported an error inside a stream that had begun well.
    #[error("the model reported an error in its stream{}", slug(.kind.as_deref()))]
    InStream {
        /// The provider's name for the error.
        kind: Option<String>,
        /// Whether text had come before it.
        after_text: bool,
    },
    /// The connection broke after the answer had begun.
    #[error("the connection broke in the middle of an answer")]
    Interrupted {
        /// Whether text had come before.
        after_text: bool,
    },
    /// It answered with something that is no answer.
    #[error("the answer cannot be read: {why}")]
    Garbled {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The model needs a key and there is none.
    #[error("there is no key in {place}")]
    NoKey {
        /// Where it should be.
        place: KeyPlace,
    },
    /// The system has no CA certificates, so no TLS connection can be checked.
    #[error("no CA certificates were found on this system")]
    NoCertificates,
    /// The configuration names a FIM family that has no template.
    #[error("there is no FIM template for {family:?}")]
    UnknownFamily {
        /// The name in the configuration.
        family: String,
    },
    /// The configuration holds something that can never work.
    #[error("{why}")]
    Unusable {
        /// What it is.
        why: String,
    },
}

impl ModelError {
    /// Returns whether asking the next model of the route makes sense.
    ///
    /// Not after text had come: that text is paid for, and the time that a keystroke is worth is
    /// gone.
    #[must_use]
    pub const fn is_worth_a_fallback(&self) -> bool {
        match self {
            Self::TimedOut { waiting, .. } => !matches!(waiting, Waiting::NextToken),
            Self::InStream { after_text, .. } | Self::Interrupted { after_text } => !*after_text,
            Self::RateLimited { .. }
            | Self::Unreachable { .. }
            | Self::Loading
            | Self::Status { .. }
            | Self::Garbled { .. }
            | Self::NoKey { .. }
            | Self::NoCertificates
            | Self::UnknownFamily { .. }
            | Self::Unusable { .. } => true,
        }
    }

    /// Returns how long to wait before the same model may be asked once more, where that makes
    /// sense: it was refused at the door, which costs nothing, and may well be let in. What broke
    /// inside its stream is paid for already. A longer wait than a second is none that a person at
    /// a keyboard has.
    #[must_use]
    pub fn retry_in(&self) -> Option<Duration> {
        const SOON: Duration = Duration::from_millis(100);
        const LONGEST: Duration = Duration::from_secs(1);
        match self {
            Self::RateLimited { retry_after } => retry_after.filter(|wait| *wait <= LONGEST),
            Self::Status { status, .. } => matches!(status, 408 | 409 | 500..).then_some(SOON),
            Self::InStream { .. }
            | Self::Interrupted { .. }
            | Self::TimedOut { .. }
            | Self::Unreachable { .. }
            | Self::Loading
            | Self::Garbled { .. }
            | Self::NoKey { .. }
            | Self::NoCertificates
            | Self::UnknownFamily { .. }
            | Self::Unusable { .. } => None,
        }
    }

    /// Returns whether a request may have reached the provider, so that it may cost something.
    #[must_use]
    pub const fn was_sent(&self) -> bool {
        match self {
            Self::RateLimited { .. }
            | Self::TimedOut { .. }
            | Self::Status { .. }
            | Self::InStream { .. }
            | Self::Interrupted { .. }
            | Self::Garbled { .. } => true,
            Self::Unreachable { .. }
            | Self::Loading
            | Self::NoKey { .. }
            | Self::NoCertificates
            | Self::UnknownFamily { .. }
            | Self::Unusable { .. } => false,
        }
    }

    /// Returns how the ledger calls it.
    #[must_use]
    pub const fn outcome(&self) -> CallOutcome {
        match self {
            Self::RateLimited { .. } => CallOutcome::RateLimited,
            Self::TimedOut { .. } => CallOutcome::TimedOut,
            Self::Unreachable { .. } | Self::Loading | Self::NoCertificates => {
                CallOutcome::Unreachable
            }
            Self::Status { .. }
            | Self::InStream { .. }
            | Self::NoKey { .. }
            | Self::UnknownFamily { .. }
            | Self::Unusable { .. } => CallOutcome::Refused,
            Self::Garbled { .. } | Self::Interrupted { .. } => CallOutcome::Garbled,
        }
    }

    /// Returns the HTTP status, where one was an error.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::RateLimited { .. } => Some(429),
            Self::Loading => Some(503),
            Self::Status { status, .. } => Some(*status),
            Self::TimedOut { .. }
            | Self::Unreachable { .. }
            | Self::InStream { .. }
            | Self::Interrupted { .. }
            | Self::Garbled { .. }
            | Self::NoKey { .. }
            | Self::NoCertificates
            | Self::UnknownFamily { .. }
            | Self::Unusable { .. } => None,
        }
    }

    /// Returns what the user can do about it, as one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::RateLimited { .. } => {
                "Wait, or raise the limit of the key at the provider.".to_owned()
            }
            Self::TimedOut { .. } => {
                "Raise the timeouts of this model, or use a smaller or nearer one.".to_owned()
            }
            Self::Unreachable { .. } => {
                "Start the server, or correct `base_url` and the proxy settings.".to_owned()
            }
            Self::Loading => "Wait until the server has loaded its model.".to_owned(),
            Self::Status { status, .. } => status_hint(*status).to_owned(),
            Self::InStream { .. } | Self::Interrupted { .. } => {
                "Look at the server's own log; if it repeats, use another model.".to_owned()
            }
            Self::Garbled { .. } => {
                "Check that `base_url` and `protocol` belong to the same server.".to_owned()
            }
            Self::NoKey { place } => place.hint(),
            Self::NoCertificates => {
                "Install the package ca-certificates, or let SSL_CERT_FILE name a bundle."
                    .to_owned()
            }
            Self::UnknownFamily { .. } => format!(
                "Set `fim` to one of {}.",
                FimTemplate::families().collect::<Vec<_>>().join(", ")
            ),
            Self::Unusable { .. } => "Correct the model in the configuration.".to_owned(),
        }
    }
}

const fn status_hint(status: u16) -> &'static str {
    match status {
        300..=399 => "Put the address that it redirects to into `base_url`; none is followed.",
        400 | 422 => {
            "Check `model` and `max_output_tokens`; a server that refuses a suffix needs `fim`."
        }
        401 | 403 => "Check the key and what it may be used for.",
        402 => "The account at the provider has no money left.",
        404 | 405 => "Check `base_url` (the host's root, without /v1), `protocol` and `model`.",
        413 => "Lower `context_tokens` of this model.",
        500..=599 => "The server has a fault of its own; try again later.",
        _ => "Look at the server's own log.",
    }
}

fn after(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(", retry after {wait:?}"))
}

fn slug(kind: Option<&str>) -> String {
    kind.map_or_else(String::new, |kind| format!(" ({kind})"))
}
