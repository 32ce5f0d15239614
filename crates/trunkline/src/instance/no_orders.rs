//! A build without configurations takes no orders; it is told to end by a signal.

use std::convert::Infallible;
use std::sync::Arc;

use super::Instance;

/// Where orders would come from.
#[derive(Default)]
pub(crate) struct Orders;

/// What SIGHUP means.
pub(super) enum HungUp {
    /// The end: the terminal has gone.
    End,
}

impl Orders {
    pub(super) fn serve(&mut self, _: &Arc<Instance>) {}

    pub(super) async fn next(&mut self) -> Infallible {
        std::future::pending().await
    }

    pub(super) async fn obey(&self, order: Infallible, _: &Arc<Instance>) {
        match order {}
    }

    pub(super) async fn hang_up(&self, _: &Arc<Instance>) -> HungUp {
        HungUp::End
    }
}
