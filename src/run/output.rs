//! Where data goes: stdout, or a file that appears whole or not at all.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::run::Existing;

/// Where a verb's data goes: stdout for `-`, else a file that appears under its name only when it is whole.
pub struct Output {
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    Stdout(BufWriter<io::Stdout>),
    File(BufWriter<tempfile::NamedTempFile>),
}

impl Output {
    /// Opens `path`: for a file, a temporary one beside it.
    ///
    /// # Errors
    /// [`Error::Exists`] if the file is there and may not be replaced, [`Error::Io`] if its directory cannot be
    /// written to.
    pub fn create(path: &Path, existing: Existing) -> Result<Output> {
        if path == Path::new("-") {
            let sink = Sink::Stdout(BufWriter::with_capacity(1 << 16, io::stdout()));
            return Ok(Output { path: path.to_path_buf(), sink });
        }
        if existing == Existing::Keep && path.exists() {
            return Err(Error::Exists { path: path.to_path_buf(), what: "" });
        }
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The mode that a file usually gets; the process's umask still applies.
        let file = tempfile::Builder::new()
            .prefix(".vgae-")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(|source| Error::io("write", path, source))?;
        Ok(Output { path: path.to_path_buf(), sink: Sink::File(BufWriter::with_capacity(1 << 16, file)) })
    }

    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(self) -> Result<()> {
        let error = |source: io::Error| Error::io("write", &self.path, source);
        match self.sink {
            Sink::Stdout(mut writer) => writer.flush().map_err(error),
            Sink::File(writer) => {
                let file = writer.into_inner().map_err(|failed| error(failed.into_error()))?;
                file.persist(&self.path).map_err(|failed| error(failed.error))?;
                Ok(())
            }
        }
    }

    /// The path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Stdout(writer) => writer.write(bytes),
            Sink::File(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Stdout(writer) => writer.flush(),
            Sink::File(writer) => writer.flush(),
        }
    }
}
