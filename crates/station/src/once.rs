//! Units that are asked with a mark: once, though the centre asks again in another call, or after a restart of ours.

use std::future::Future;

use modbus::pdu::{Exception, Pdu};
use telemetry::Mark;
use tokio::sync::Mutex;

use crate::shelf::{Once, Shelf};

/// One after the other: whoever asks the same again waits for the answer that is on its way.
#[derive(Debug, Default)]
pub(crate) struct Turnstile(Mutex<()>);

impl Turnstile {
    /// What `ask` says, or has said to this mark before. A question whose answer died with us is not asked again: it has
    /// the exception of a gateway whose unit gave no answer, which is all that is known.
    pub(crate) async fn pass(
        &self,
        shelf: &Shelf,
        (mark, function): (Mark, u8),
        ask: impl Future<Output = Pdu>,
    ) -> Pdu {
        let _turn = self.0.lock().await;
        let unknown = || Pdu::exception(function, Exception::GatewayTargetFailed);
        match shelf.with(move |shelf| shelf.once(mark)).await {
            Ok(None) => {}
            Ok(Some(Once::Unknown)) => return unknown(),
            Ok(Some(Once::Answered(answer))) => return answer,
            Err(error) => {
                // It may have been done in an earlier call: that it wasn't is more than anybody can say.
                tracing::error!(
                    "whether this was written for the centre already can't be read: {error}"
                );
                return unknown();
            }
        }
        if let Err(error) = shelf.with(move |shelf| shelf.begin_once(mark)).await {
            // Whoever isn't sure to remember doesn't begin.
            tracing::error!("nothing is written for the centre: {error}");
            return Pdu::exception(function, Exception::Busy);
        }
        let answer = ask.await;
        let kept = answer.clone();
        if let Err(error) = shelf.with(move |shelf| shelf.end_once(mark, &kept)).await {
            tracing::error!("what came of a write can't be kept: {error}");
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::shelf::WhenFull;

    #[tokio::test]
    async fn a_unit_is_asked_once_though_the_same_is_wanted_by_two_calls_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("a"), 10, WhenFull::Stop).unwrap();
        let (turnstile, asked) = (Turnstile::default(), AtomicU32::new(0));
        let answer = Pdu::new(&[6, 0, 1, 0, 7]).unwrap();
        let ask = || async {
            asked.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            answer.clone()
        };
        let pass = || turnstile.pass(&shelf, (Mark(9), 6), ask());
        let (first, second) = tokio::join!(pass(), pass());
        assert_eq!((first, second), (answer.clone(), answer.clone()));
        assert_eq!(pass().await, answer);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_store_that_cannot_be_read_leaves_open_what_was_done_and_a_full_one_says_that_nothing_was()
     {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("a"), 10, WhenFull::Stop).unwrap();
        let answer = Pdu::new(&[6, 0, 1, 0, 7]).unwrap();
        let turnstile = Turnstile::default();
        let done = async { answer.clone() };
        assert_eq!(turnstile.pass(&shelf, (Mark(9), 6), done).await, answer);
        let never = || async { panic!("asked") };
        shelf.meddle("ALTER TABLE once RENAME TO gone");
        for mark in [Mark(9), Mark(10)] {
            let told = turnstile.pass(&shelf, (mark, 6), never()).await;
            assert_eq!(told.bytes(), [0x86, 0x0b], "{mark:?}");
        }
        shelf.meddle(
            "ALTER TABLE gone RENAME TO once; CREATE TRIGGER full BEFORE INSERT ON once BEGIN SELECT RAISE(FAIL, 'full'); END",
        );
        assert_eq!(turnstile.pass(&shelf, (Mark(9), 6), never()).await, answer);
        assert_eq!(turnstile.pass(&shelf, (Mark(10), 6), never()).await.bytes(), [0x86, 6]);
        shelf.meddle("DROP TRIGGER full");
        let done = async { answer.clone() };
        assert_eq!(turnstile.pass(&shelf, (Mark(10), 6), done).await, answer, "it was never begun");
    }

    #[tokio::test]
    async fn what_was_begun_before_we_died_is_not_done_again_and_nobody_claims_that_it_was_done() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::open(&folder.path().join("a"), 10, WhenFull::Stop).unwrap();
        shelf.begin_once(Mark(9)).unwrap();
        let never = async { panic!("asked again") };
        let answer = Turnstile::default().pass(&shelf, (Mark(9), 6), never).await;
        assert_eq!(answer.bytes(), [0x86, 0x0b]);
    }
}
