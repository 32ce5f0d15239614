//! Calls of this process's lines to this process's exchange.

use std::sync::{Arc, Weak};

use at::result::Cause;
use carrier::Call;
use exchange::Origin;
use line::Answering;

use super::{Instance, lock};

/// Lets the lines of an instance call its exchange, whenever it has one.
pub(super) fn join(instance: &Arc<Instance>) {
    instance.board.set_exchange(Arc::new(Inward(Arc::downgrade(instance))));
}

struct Inward(Weak<Instance>);

impl std::fmt::Debug for Inward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inward")
    }
}

impl Answering for Inward {
    fn take(&self, call: Call, from: &str, called: &str) -> Result<(), Cause> {
        let instance = self.0.upgrade().ok_or(Cause::ShuttingDown)?;
        let exchange = lock(&instance.exchange).clone().ok_or(Cause::NoSuchCarrier)?;
        let origin = Origin::line(from, called);
        tokio::spawn(async move { exchange.take_call(call, origin).await });
        Ok(())
    }
}
