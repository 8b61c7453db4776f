//! Who is signed in: everybody who may start this program. Clients ask before they ask anything
//! else, and do nothing for a user without a name.

use serde_json::Value;
use tower_lsp_server::jsonrpc::Result;

use super::super::server::Mantle;
use super::wire::{AccountStatus, OK, Version};

impl Mantle {
    pub async fn check_status(&self, _: Value) -> Result<AccountStatus> {
        self.follow_as_copilot()?;
        Ok(self.signed_in("OK"))
    }

    pub async fn version(&self, _: Value) -> Result<Version> {
        Ok(Version {
            version: env!("CARGO_PKG_VERSION"),
        })
    }

    pub async fn set_editor_info(&self, _: Value) -> Result<&'static str> {
        self.follow_as_copilot()?;
        Ok(OK)
    }

    pub async fn sign_in(&self, _: Value) -> Result<AccountStatus> {
        Ok(self.signed_in("AlreadySignedIn"))
    }

    pub async fn sign_in_confirm(&self, _: Value) -> Result<AccountStatus> {
        Ok(self.signed_in("OK"))
    }

    /// There is nothing to sign out of: the next `checkStatus` is OK again.
    pub async fn sign_out(&self, _: Value) -> Result<AccountStatus> {
        Ok(AccountStatus {
            status: "NotSignedIn",
            user: None,
        })
    }

    /// Takes a notification that says nothing we act on.
    pub async fn unheard(&self, _: Value) {}

    fn signed_in(&self, status: &'static str) -> AccountStatus {
        AccountStatus {
            status,
            user: Some(self.user_name()),
        }
    }
}
