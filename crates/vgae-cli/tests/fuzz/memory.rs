//! Measures the memory that the readers request.

// Only an allocator sees these requests, and implementing one is unsafe.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The limit for all targets together; beyond it an allocation fails, which ends the process.
const MAX_BYTES: usize = 4 << 30;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, with counters.
struct Counted;

#[global_allocator]
static COUNTED: Counted = Counted;

fn add(num_bytes: usize) {
    let held = HELD.fetch_add(num_bytes, Relaxed) + num_bytes;
    PEAK.fetch_max(held, Relaxed);
}

// Every call is passed on unchanged to the system's allocator, which upholds the contract.
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

/// Starts a new measurement, and returns the bytes allocated at present.
pub fn begin() -> usize {
    let held = HELD.load(Relaxed);
    PEAK.store(held, Relaxed);
    held
}

/// Returns the peak since then beyond `held`, over all threads, including those of other targets.
pub fn grown(held: usize) -> usize {
    PEAK.load(Relaxed).saturating_sub(held)
}
