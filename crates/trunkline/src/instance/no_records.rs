//! Without a store the last calls are known, until the process ends.

use super::Plan;

/// Would keep records of all calls.
pub(super) struct Records;

/// Nothing can go wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordsError {}

impl Records {
    pub(super) fn open(_: &Plan) -> Result<Self, RecordsError> {
        Ok(Self)
    }

    pub(super) fn keep_for(&self, _: &line::Switchboard) {}

    #[cfg(feature = "exchange")]
    pub(super) fn keeper(&self) -> Option<std::sync::Arc<dyn exchange::RecordKeeper>> {
        None
    }

    #[cfg(feature = "exchange")]
    pub(super) fn stays(&self, _: Option<&super::Answering>) -> Result<(), RecordsError> {
        Ok(())
    }

    #[cfg(feature = "exchange")]
    pub(super) fn change(&self, _: &super::Answering) {}

    #[cfg(feature = "web")]
    pub(super) fn waiting(&self) -> Option<u64> {
        None
    }

    pub(super) async fn close(&self) {}
}

#[cfg(feature = "configuration")]
impl super::Instance {
    pub(crate) fn on_record(
        &self,
        _: &crate::calls::Wanted,
    ) -> Option<tokio::sync::mpsc::Receiver<Result<crate::calls::Call, String>>> {
        None
    }
}
