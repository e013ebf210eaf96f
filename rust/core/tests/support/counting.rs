//! An allocator that counts, for tests of what a call allocates and keeps.

// Every test file compiles this for itself and uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static MADE_BY_ALL: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static MADE: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Allocations that this thread has made.
pub fn made() -> u64 {
    MADE.get()
}

/// Allocations that all other threads have made.
pub fn made_elsewhere() -> u64 {
    MADE_BY_ALL.load(Relaxed) - made()
}

/// Bytes that this thread has taken and not given back.
pub fn held() -> usize {
    HELD.get()
}

// SAFETY: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MADE_BY_ALL.fetch_add(1, Relaxed);
        MADE.with(|made| made.set(made.get() + 1));
        HELD.with(|held| held.set(held.get().wrapping_add(layout.size())));
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        HELD.with(|held| held.set(held.get().wrapping_sub(layout.size())));
        // SAFETY: the caller's promises are passed on unchanged.
        unsafe { System.dealloc(memory, layout) }
    }
}
