//! Without a store its accounts never change.

use std::convert::Infallible;

use super::Instance;

/// Would tell when the store's accounts have changed.
#[derive(Default)]
pub(super) struct Watch;

impl Watch {
    pub(super) async fn changed(&mut self, _: &Instance) -> Infallible {
        std::future::pending().await
    }
}

impl Instance {
    pub(super) async fn take_accounts(&self, look: Infallible) {
        match look {}
    }
}
