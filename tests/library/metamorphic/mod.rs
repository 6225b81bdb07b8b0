//! Metamorphic tests: changes of the input that must not change the output, and changes that must.

mod files;
mod nodes;
mod sums;
