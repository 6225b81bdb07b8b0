//! Writes data to stdout, or to a file that appears only when it is complete.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::write::Existing;
use crate::write::screen::Screen;

/// The destination of a command's data: stdout for `-`, else a file that appears under its name only when it
/// is complete. An existing path that is not a regular file, such as a pipe or `/dev/null`, is written to
/// directly. A link stays a link; its target is replaced.
///
/// # Examples
/// ```
/// use std::io::Write;
/// use ndarray::array;
/// use vgae::graph::NodeIds;
/// use vgae::write::{Existing, NumberWriter, Output, write_embeddings, write_npy, write_pairs};
/// use vgae::write::{ScoreColumns, ScoreFormat, ScoreWriter};
/// use vgae::model::score::ScoredPair;
///
/// let directory = tempfile::tempdir().unwrap();
/// let path = |name: &str| directory.path().join(name);
/// let create = |name: &str| Output::create(&path(name), Existing::Keep);
/// let mut output = create("note.txt")?;
/// writeln!(output, "half-written").unwrap();
/// assert!(!output.path().exists());
/// output.finish()?;
/// assert!(create("note.txt").is_err(), "an existing file is kept");
///
/// let mut nodes = NodeIds::default();
/// let pair = (nodes.intern("ann"), nodes.intern("bob"));
/// let z = array![[1f32, 0.5], [0.0, 2.0]];
/// write_pairs(create("pairs.csv")?, &nodes, &[pair])?;
/// write_embeddings(create("z.csv")?, &nodes, &z, None)?;
/// write_npy(create("z.npy")?, create("z.ids.csv")?, &nodes, &z, None)?;
/// let scores = create("scores.jsonl")?;
/// let mut scores = ScoreWriter::new(scores, ScoreFormat::Jsonl, &nodes, ScoreColumns::default())?;
/// scores.write(&[ScoredPair { pair, logit: 0.0 }])?;
/// scores.finish()?;
/// let mut numbers = NumberWriter::new(create("rows.csv")?, ["row", "x"].map(String::from))?;
/// numbers.write("0", [0.5])?;
/// numbers.finish()?;
/// let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
/// assert_eq!(read("z.csv"), "node,mean_0,mean_1\nann,1.0,0.5\nbob,0.0,2.0\n");
/// let scores = read("scores.jsonl");
/// assert_eq!(scores, "{\"source\":\"ann\",\"target\":\"bob\",\"probability\":0.5,\"logit\":0.0}\n");
/// # Ok::<(), vgae::Error>(())
/// ```
pub struct Output {
    path: PathBuf,
    sink: Sink,
}

enum Sink {
    Stdout(BufWriter<Screen<io::Stdout>>),
    File(BufWriter<tempfile::NamedTempFile>, Registration),
    Device(BufWriter<File>),
}

/// The temporary files of this process that do not have their final names yet.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The entry of a temporary file in [`UNFINISHED`], which is removed when this value is dropped.
struct Registration(PathBuf);

/// The prefix of the names of incomplete files.
pub(crate) const PARTIAL: &str = ".vgae-";

/// The size of the write buffer in bytes.
const BUFFER: usize = 1 << 16;

impl Output {
    /// Opens `path`. For a file, opens a temporary file in the same directory.
    ///
    /// # Errors
    /// [`Error::Config`] for a name that ends in `.gz`; [`Error::Exists`] if the file exists and `existing`
    /// keeps it; [`Error::Io`] if its directory cannot be written to.
    pub fn create(path: &Path, existing: Existing) -> Result<Output> {
        if path == Path::new("-") {
            let sink = Sink::Stdout(BufWriter::with_capacity(BUFFER, Screen::stdout()));
            return Ok(Output { path: path.to_path_buf(), sink });
        }
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz")) {
            let problem =
                format!("{}: output is not compressed; expected a name without .gz", path.display());
            return Err(Error::Config(problem));
        }
        let error = |source: io::Error| Error::io("write", path, source);
        // Renaming a file over a device would remove the device.
        let path = match fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(error(io::ErrorKind::IsADirectory.into())),
            Ok(found) if !found.is_file() => {
                let device = File::options().write(true).open(path).map_err(error)?;
                let sink = Sink::Device(BufWriter::with_capacity(BUFFER, device));
                return Ok(Output { path: path.to_path_buf(), sink });
            }
            Ok(_) if existing == Existing::Keep => {
                return Err(Error::Exists { path: path.to_path_buf(), what: "" });
            }
            Ok(_) => fs::canonicalize(path).map_err(error)?,
            Err(_) => path.to_path_buf(),
        };
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The usual mode of a new file; the umask of the process still applies.
        let file = tempfile::Builder::new()
            .prefix(PARTIAL)
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(|source| Error::io("write", &path, source))?;
        let registration = Registration::new(file.path());
        Ok(Output { path, sink: Sink::File(BufWriter::with_capacity(BUFFER, file), registration) })
    }

    /// Removes the temporary files of all unfinished outputs of this process. Call it before a signal ends
    /// the process, when nothing is dropped. An output that is still being written fails in
    /// [`Output::finish`].
    pub fn discard_unfinished() {
        for path in unfinished().drain(..) {
            // An output that was finished in the meantime has no temporary file any more.
            let _ = fs::remove_file(path);
        }
    }

    /// Flushes the output. For a file, also flushes it to disk, so that it survives a power failure.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        match &self.sink {
            Sink::File(writer, _) => writer.get_ref().as_file().sync_all(),
            Sink::Stdout(_) | Sink::Device(_) => Ok(()),
        }
    }

    /// Writes the rest and moves the file to its final name.
    ///
    /// # Errors
    /// [`Error::Io`] if the output cannot be written.
    pub fn finish(self) -> Result<()> {
        let error = |source: io::Error| Error::io("write", &self.path, source);
        match self.sink {
            Sink::Stdout(mut writer) => writer.flush().map_err(error),
            Sink::Device(mut writer) => writer.flush().map_err(error),
            Sink::File(writer, _registration) => {
                let file = writer.into_inner().map_err(|failed| error(failed.into_error()))?;
                file.persist(&self.path).map_err(|failed| error(failed.error))?;
                Ok(())
            }
        }
    }

    /// Returns the path, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Stdout(writer) => writer.write(bytes),
            Sink::File(writer, _) => writer.write(bytes),
            Sink::Device(writer) => writer.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Stdout(writer) => writer.flush(),
            Sink::File(writer, _) => writer.flush(),
            Sink::Device(writer) => writer.flush(),
        }
    }
}

impl Registration {
    fn new(path: &Path) -> Self {
        unfinished().push(path.to_path_buf());
        Registration(path.to_path_buf())
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    // A panic cannot leave a list of paths in an inconsistent state, so poisoning is ignored.
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
