//! Every metric of the store.
