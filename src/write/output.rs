//! Where data goes: stdout, or a file that appears whole or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::write::Existing;
use crate::write::screen::Screen;

/// Where a verb's data goes: stdout for `-`, else a file that appears under its name only when it is whole. What is there
/// and is no file, such as a pipe or `/dev/null`, is written to as it is; a link stays one.
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
/// assert!(create("note.txt").is_err(), "it is there, and stays");
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
    File(BufWriter<tempfile::NamedTempFile>, Listed),
    Device(BufWriter<File>),
}

/// The temporary files of this process that have not got their names yet.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A temporary file's entry in [`UNFINISHED`], for as long as it lives.
struct Listed(PathBuf);

/// How the names of files that are not whole yet begin.
pub(crate) const PARTIAL: &str = ".vgae-";

/// Bytes that are written at a time.
const BUFFER: usize = 1 << 16;

impl Output {
    /// Opens `path`: for a file, a temporary one beside it.
    ///
    /// # Errors
    /// [`Error::Config`] for a name that ends in `.gz`, [`Error::Exists`] if the file is there and may not be replaced, [`Error::Io`] if its directory cannot be
    /// written to.
    pub fn create(path: &Path, existing: Existing) -> Result<Output> {
        if path == Path::new("-") {
            let sink = Sink::Stdout(BufWriter::with_capacity(BUFFER, Screen::stdout()));
            return Ok(Output { path: path.to_path_buf(), sink });
        }
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz")) {
            let problem = format!("{}: no output is gzipped; expected a name without .gz", path.display());
            return Err(Error::Config(problem));
        }
        let error = |source: io::Error| Error::io("write", path, source);
        // Renaming a file to the name of a device would take the device away from all programs.
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
        // The mode that a file usually gets; the process's umask still applies.
        let file = tempfile::Builder::new()
            .prefix(PARTIAL)
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .map_err(|source| Error::io("write", &path, source))?;
        let listed = Listed::new(file.path());
        Ok(Output { path, sink: Sink::File(BufWriter::with_capacity(BUFFER, file), listed) })
    }

    /// Removes the temporary files of every output of this process that is not finished: for a process that is about to be
    /// ended by a signal, where nothing is dropped. What still writes to them fails to finish.
    pub fn discard_unfinished() {
        for path in unfinished().drain(..) {
            // One that got its name in between is not there any more, and whole.
            let _ = fs::remove_file(path);
        }
    }

    /// Writes what there is, and waits until a file's bytes are where a power cut leaves them.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        match &self.sink {
            Sink::File(writer, _) => writer.get_ref().as_file().sync_all(),
            Sink::Stdout(_) | Sink::Device(_) => Ok(()),
        }
    }

    /// Writes the rest and gives the file its name.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(self) -> Result<()> {
        let error = |source: io::Error| Error::io("write", &self.path, source);
        match self.sink {
            Sink::Stdout(mut writer) => writer.flush().map_err(error),
            Sink::Device(mut writer) => writer.flush().map_err(error),
            Sink::File(writer, _listed) => {
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

impl Listed {
    fn new(path: &Path) -> Self {
        unfinished().push(path.to_path_buf());
        Listed(path.to_path_buf())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    // A list of paths is never half-changed.
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
