//! The bytes of a file, or of stdin, as they stand.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Result};
use crate::progress::Progress;

/// The bytes of `path`, or of stdin for `-`, which `watch` counts.
pub(super) fn open_raw(path: &Path, watch: &Progress) -> Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        watch.begin_counted("reading stdin", "bytes", None);
        return Ok(Box::new(Counting { inner: io::stdin(), watch: watch.clone() }));
    }
    if path.is_dir() {
        let problem = "is a directory; expected a file".to_string();
        return Err(Error::Input { path: path.to_path_buf(), problem });
    }
    let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
    // A pipe has no size.
    let num_bytes = file.metadata().ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len());
    let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
    watch.begin_counted(format!("reading {name}"), "bytes", num_bytes);
    Ok(Box::new(Counting { inner: file, watch: watch.clone() }))
}

/// Counts the bytes that pass through, for whoever watches.
struct Counting<R> {
    inner: R,
    watch: Progress,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.watch.add(length as u64);
        Ok(length)
    }
}
