//! What the broker has delivered and the worker has not taken yet.
//!
//! The consuming task fills it and never waits for the worker, so that it can settle at any time. It stays small all the same:
//! the broker hands out no more than the prefetch, and a new session begins with an empty inbox.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::delivery::{Delivery, DeliveryTag};

#[derive(Debug, Default)]
pub(super) struct Inbox {
    contents: Mutex<Contents>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Contents {
    session: u64,
    waiting: VecDeque<Delivery>,
    /// Delivered in this session and not settled, waiting or taken.
    unsettled: HashSet<u64>,
    closed: bool,
}

impl Inbox {
    /// Forgets everything of the last session: the broker has it back.
    pub(super) fn begin(&self, session: u64) {
        *self.lock() = Contents {
            session,
            ..Contents::default()
        };
    }

    pub(super) fn put(&self, delivery: Delivery) {
        let mut contents = self.lock();
        contents.unsettled.insert(delivery.tag.number);
        contents.waiting.push_back(delivery);
        drop(contents);
        self.changed.notify_waiters();
    }

    /// The next delivery; `None` when it is closed. Cancel safe.
    pub(super) async fn take(&self) -> Option<Delivery> {
        loop {
            // Interest is registered before the look, so that nothing that is put in between is slept through.
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut contents = self.lock();
                if contents.closed {
                    return None;
                }
                if let Some(delivery) = contents.waiting.pop_front() {
                    return Some(delivery);
                }
            }
            changed.await;
        }
    }

    /// Those of the tags that are of this session and not settled yet: a broker closes a channel that acknowledges twice.
    pub(super) fn settle(&self, tags: &[DeliveryTag]) -> Vec<u64> {
        let mut contents = self.lock();
        let session = contents.session;
        tags.iter()
            .filter(|tag| tag.session == session)
            .map(|tag| tag.number)
            .filter(|number| contents.unsettled.remove(number))
            .collect()
    }

    /// Whether so many are taken and not settled, and none waits.
    pub(super) fn is_exhausted(&self, prefetch: usize) -> bool {
        let contents = self.lock();
        contents.waiting.is_empty() && contents.unsettled.len() >= prefetch
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().expect("nobody panics with the lock")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn delivery(session: u64, number: u64) -> Delivery {
        Delivery {
            id: Uuid::nil(),
            events: 1,
            body: Vec::new(),
            redelivered: false,
            replayed: false,
            given_up: None,
            tag: DeliveryTag { session, number },
        }
    }

    #[tokio::test]
    async fn a_tag_is_settled_once_and_in_its_session_only() {
        let inbox = Inbox::default();
        inbox.begin(1);
        inbox.put(delivery(1, 7));
        let tag = inbox.take().await.unwrap().tag;
        assert_eq!(inbox.settle(&[tag, tag]), [7]);
        assert!(inbox.settle(&[tag]).is_empty());

        inbox.put(delivery(1, 8));
        inbox.begin(2);
        inbox.put(delivery(2, 8));
        assert!(
            inbox
                .settle(&[DeliveryTag {
                    session: 1,
                    number: 8
                }])
                .is_empty()
        );
        assert_eq!(inbox.take().await.unwrap().tag.session, 2);
    }

    #[tokio::test]
    async fn it_is_exhausted_when_everything_is_taken_and_nothing_settled() {
        let inbox = Inbox::default();
        inbox.begin(1);
        inbox.put(delivery(1, 1));
        assert!(!inbox.is_exhausted(1), "one waits");
        let taken = inbox.take().await.unwrap();
        assert!(inbox.is_exhausted(1));
        inbox.settle(&[taken.tag]);
        assert!(!inbox.is_exhausted(1));
    }
}
