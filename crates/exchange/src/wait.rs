//! Waiting for one thing or another.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// What came first.
#[derive(Debug)]
pub(crate) enum First<A, B> {
    One(A),
    Other(B),
}

/// Waits for the first of two; the other is dropped. If both are ready, `one` wins.
pub(crate) async fn first<A, B>(
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> First<A, B> {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|cx| {
        if let Poll::Ready(result) = one.as_mut().poll(cx) {
            return Poll::Ready(First::One(result));
        }
        other.as_mut().poll(cx).map(First::Other)
    })
    .await
}

/// Waits for both, at the same time.
pub(crate) async fn both<A>(one: impl Future<Output = A>, other: impl Future<Output = ()>) -> A {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut result, mut done) = (None, false);
    poll_fn(|cx| {
        if result.is_none()
            && let Poll::Ready(ready) = one.as_mut().poll(cx)
        {
            result = Some(ready);
        }
        done = done || other.as_mut().poll(cx).is_ready();
        match (done, result.take()) {
            (true, Some(result)) => Poll::Ready(result),
            (_, waiting) => {
                result = waiting;
                Poll::Pending
            }
        }
    })
    .await
}
