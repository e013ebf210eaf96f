//! Mutual exclusion for classes that Python may call from several threads.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;

/// A mutex that is waited for without keeping other Python threads waiting.
pub(crate) trait Held<T> {
    /// The value, held until the guard goes.
    fn held(&self, py: Python<'_>) -> MutexGuard<'_, T>;
}

impl<T> Held<T> for Mutex<T> {
    fn held(&self, py: Python<'_>) -> MutexGuard<'_, T> {
        self.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}
