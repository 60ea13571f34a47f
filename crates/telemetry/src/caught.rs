//! A future whose panic is a value, so that one request or one task can fail without its neighbours.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a panic carried. It is never printed: the panic hook has logged the place, and the text may quote what a visitor sent.
pub(crate) type Panic = Box<dyn Any + Send>;

/// Polls `future` once and turns a panic into an error.
///
/// After an error the future must be dropped and not polled again. That is also why it may be called unwind safe: nobody
/// looks at what the panic left half done.
pub(crate) fn poll<F: Future + ?Sized>(
    future: Pin<&mut F>,
    cx: &mut Context<'_>,
) -> Poll<Result<F::Output, Panic>> {
    match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// Runs `future` to its end and turns a panic into an error.
///
/// Boxed, because an `async fn` would hold its argument twice: once as it came, and once pinned.
pub(crate) fn run<F: Future>(future: F) -> impl Future<Output = Result<F::Output, Panic>> {
    let mut future = Box::pin(future);
    std::future::poll_fn(move |cx| poll(future.as_mut(), cx))
}
