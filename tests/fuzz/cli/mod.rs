//! Where the command line's reader of settings stands in the program.

pub mod train;
