//! Stub.

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::Graph;
use crate::read::source::Source;

pub(super) fn read_pajek(source: Source, _config: &ReadConfig) -> Result<Graph> {
    Err(source.file_error("not written yet".into()))
}
