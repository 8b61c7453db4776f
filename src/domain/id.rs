//! Identities. Each is a UUIDv7, so rows sort by time and writing one twice changes nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::{NoContext, Uuid};

use super::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a fresh identity whose leading bits are `now`.
            #[must_use]
            pub fn new(now: Timestamp) -> Self {
                let seconds = now.unix_micros().max(0) as u64 / 1_000_000;
                let nanos = (now.unix_micros().max(0) % 1_000_000) as u32 * 1_000;
                Self(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos)))
            }

            /// Wraps an identity that came from a store.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// Returns the identity for a store.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// One suggestion, from its making to its last outcome. The editor gives it back on accept.
    CompletionId
);
id!(
    /// One decision of the router; a fallback is a decision of its own with this one as parent.
    DecisionId
);
id!(
    /// One call of a model over the network.
    CallId
);
id!(
    /// One suggestion in one document from its first offer until it no longer fits.
    EpisodeId
);
id!(
    /// Consecutive requests in one document without a pause of two seconds or a jump.
    BurstId
);
id!(
    /// A ledger row that nothing else refers to.
    RowId
);
