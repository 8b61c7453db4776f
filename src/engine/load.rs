//! How busy the servers of a pool are.

use futures::future::join_all;

use super::Engine;
use crate::domain::PriceSource;

/// What one server of a pool said of itself at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerLoad {
    /// Host and port.
    pub host: String,
    /// How many requests it works on, or why that is not known, as a sentence.
    pub running: Result<u32, String>,
}

impl Engine {
    /// Asks each server that is paid for by this pool how many requests it works on now; a server
    /// that several models are on is asked once.
    pub async fn pool_load(&self, pool: &str) -> Vec<ServerLoad> {
        let roster = self.roster();
        let mut arms: Vec<_> = roster
            .arms
            .iter()
            .filter(|arm| matches!(&arm.spec.price, PriceSource::Pool(name) if name == pool))
            .collect();
        arms.sort_by_key(|arm| arm.spec.host());
        arms.dedup_by_key(|arm| arm.spec.host());
        let asked = arms.into_iter().map(|arm| async move {
            let running = match &arm.model {
                Ok(model) => model.load().await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            ServerLoad {
                host: arm.spec.host().to_owned(),
                running,
            }
        });
        join_all(asked).await
    }
}
