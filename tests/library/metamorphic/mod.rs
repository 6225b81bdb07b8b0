//! What must not change when the input changes in a way that means nothing, and what must change with it.

mod files;
mod nodes;
mod sums;
