//! How much memory the readers ask for.

// An allocator is unsafe to write; there is no other way to see what the readers ask for.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The most that all targets together may hold; beyond it an allocation fails, which ends the process.
const MAX_BYTES: usize = 4 << 30;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counted.
struct Counted;

#[global_allocator]
static COUNTED: Counted = Counted;

fn add(num_bytes: usize) {
    let held = HELD.fetch_add(num_bytes, Relaxed) + num_bytes;
    PEAK.fetch_max(held, Relaxed);
}

// Each call goes to the system's allocator as it came, so that what that promises holds.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        if HELD.load(Relaxed) > MAX_BYTES {
            return std::ptr::null_mut();
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        if HELD.load(Relaxed) > MAX_BYTES {
            return std::ptr::null_mut();
        }
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        add(new_size);
        HELD.fetch_sub(layout.size(), Relaxed);
        if HELD.load(Relaxed) > MAX_BYTES {
            return std::ptr::null_mut();
        }
        unsafe { System.realloc(old, layout, new_size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(old, layout) }
    }
}

/// Begins to measure anew; returns what is held.
pub fn begin() -> usize {
    let held = HELD.load(Relaxed);
    PEAK.store(held, Relaxed);
    held
}

/// The most that was held since, beyond what was `held` then; of all threads, other targets' among them.
pub fn grown(held: usize) -> usize {
    PEAK.load(Relaxed).saturating_sub(held)
}
