//! The bytes of a file in blocks of whole lines, hashed on their way.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};
use crate::graph::InputFile;
use crate::progress::Progress;
use crate::read::fingerprint::{BytesRead, Fingerprint, Hashing};
use crate::read::magic::{MAX_BEGINNING_BYTES, check_beginning};
use crate::read::raw::open_raw;

/// The maximum length of a line, or of a part of other text. Positions within a block are u32, and a megabyte of gzip can
/// hold a line of a gigabyte.
pub(super) const MAX_LINE_BYTES: usize = 1 << 26;

/// The sizes of reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// The maximum number of bytes per system call.
    pub(super) read_bytes: usize,
    /// The number of bytes of a block, which extends to the end of its last line.
    pub(super) block_bytes: usize,
    /// The blocks of a batch.
    pub(super) num_blocks: usize,
}

impl Sizes {
    /// A batch has a block for each of many threads. What is made of it on the way takes about five times its memory,
    /// and larger ones are no faster.
    pub(super) const USUAL: Sizes = Sizes { read_bytes: 1 << 18, block_bytes: 1 << 19, num_blocks: 32 };
}

/// A file, or stdin, that is read from its beginning to its end.
pub(super) struct Source {
    bytes: Box<dyn Read + Send>,
    fingerprint: Arc<Mutex<Fingerprint>>,
    path: PathBuf,
    sizes: Sizes,
    /// The beginning of a line whose end was not read yet.
    begun: Vec<u8>,
    num_lines: u64,
    is_at_end: bool,
    /// The error after the lines already returned.
    error: Option<Error>,
}

/// Whole lines of a file.
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// The number of lines before.
    pub(super) num_lines_before: u64,
}

impl Source {
    /// Opens `path`, or stdin for `-`; a gzip stream is recognised by its first bytes. `watch` sees the bytes of the file.
    pub(super) fn open(path: &Path, sizes: Sizes, watch: &Progress) -> Result<Self> {
        let fingerprint = Arc::new(Mutex::new(Fingerprint::default()));
        let mut hashed = Hashing::new(open_raw(path, watch)?, fingerprint.clone());
        let mut start = Vec::new();
        // A pipe may give a single byte.
        let read = hashed.by_ref().take(MAX_BEGINNING_BYTES).read_to_end(&mut start);
        read.map_err(|error| Error::io("read", path, error))?;
        check_beginning(&start).map_err(|problem| Error::Input { path: path.to_path_buf(), problem })?;
        let is_gzip = start.starts_with(&[0x1f, 0x8b]);
        let whole = io::Cursor::new(start).chain(hashed);
        let bytes: Box<dyn Read + Send> = match is_gzip {
            true => Box::new(MultiGzDecoder::new(BufReader::with_capacity(sizes.read_bytes, whole))),
            false => Box::new(whole),
        };
        Ok(Source {
            bytes,
            fingerprint,
            path: path.to_path_buf(),
            sizes,
            begun: Vec::new(),
            num_lines: 0,
            is_at_end: false,
            error: None,
        })
    }

    /// At least one line and `num_bytes`, and what came with them; none at the end of the file.
    pub(super) fn next_lines(&mut self, num_bytes: usize) -> Result<Option<Block>> {
        match self.read(num_bytes.max(1)) {
            Some(block) => Ok(Some(block)),
            None => self.take_error().map(|()| None),
        }
    }

    /// The next blocks; none at the end of the file, or where [`Source::take_error`] has something to say.
    pub(super) fn next_batch(&mut self) -> Vec<Block> {
        let Sizes { block_bytes, num_blocks, .. } = self.sizes;
        std::iter::from_fn(|| self.read(block_bytes)).take(num_blocks).collect()
    }

    /// Returns the error that stopped reading.
    pub(super) fn take_error(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    /// The bytes, unzipped, for reading them otherwise than by lines.
    pub(super) fn bytes(&mut self) -> &mut (dyn Read + Send) {
        &mut *self.bytes
    }

    /// Returns a counter of the bytes read so far, which stays up to date.
    pub(super) fn bytes_read(&self) -> BytesRead {
        BytesRead::of(self.fingerprint.clone())
    }

    /// Returns the description of the input file, after it was read to its end.
    pub(super) fn finish(self) -> InputFile {
        let fingerprint = self.fingerprint.lock().unwrap_or_else(PoisonError::into_inner);
        fingerprint.input(&self.path)
    }

    /// An error at a line.
    pub(super) fn error_at(&self, line: u64, problem: String) -> Error {
        Error::Row { path: self.path.clone(), line, problem }
    }

    /// An error of the file as a whole.
    pub(super) fn file_error(&self, problem: String) -> Error {
        Error::Input { path: self.path.clone(), problem }
    }

    /// A block of whole lines that has `num_bytes` or more, where the file has.
    fn read(&mut self, num_bytes: usize) -> Option<Block> {
        if self.is_at_end {
            return None;
        }
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.reserve(num_bytes + self.sizes.read_bytes);
        let mut num_whole = 0;
        while bytes.len() < num_bytes || num_whole == 0 {
            let start = bytes.len();
            match self.read_more(&mut bytes) {
                Ok(()) if bytes.len() > start => {
                    let last = memchr::memrchr(b'\n', &bytes[start..]);
                    num_whole = last.map_or(num_whole, |at| start + at + 1);
                }
                Ok(()) => {
                    self.is_at_end = true;
                    num_whole = bytes.len();
                    break;
                }
                Err(error) => {
                    self.is_at_end = true;
                    let num_lines = self.num_lines + count_lines(&bytes[..num_whole]);
                    self.error = Some(self.read_error(error, num_lines + 1));
                    break;
                }
            }
            if bytes.len() - num_whole > MAX_LINE_BYTES {
                self.is_at_end = true;
                let line = self.num_lines + count_lines(&bytes[..num_whole]) + 1;
                let problem =
                    format!("the line has more than {MAX_LINE_BYTES} bytes; expected a row of text");
                self.error = Some(self.error_at(line, problem));
                break;
            }
        }
        if !self.is_at_end {
            self.begun.extend_from_slice(&bytes[num_whole..]);
        }
        bytes.truncate(num_whole);
        let num_lines_before = self.num_lines;
        self.num_lines += count_lines(&bytes);
        if num_lines_before == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        (!bytes.is_empty()).then_some(Block { bytes, num_lines_before })
    }

    /// Appends what one read gives, nothing at the end.
    fn read_more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let start = bytes.len();
        bytes.resize(start + self.sizes.read_bytes, 0);
        let length = loop {
            match self.bytes.read(&mut bytes[start..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                length => break length,
            }
        };
        bytes.truncate(start + *length.as_ref().unwrap_or(&0));
        length.map(|_| ())
    }

    /// Returns the problem at the line where reading failed.
    pub(super) fn read_error(&self, error: io::Error, line: u64) -> Error {
        let row = |problem| self.error_at(line, problem);
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                row("the gzip stream ends in the middle, or other bytes follow its end; expected a whole one and nothing else".into())
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                row(format!("the gzip stream is damaged: {error}"))
            }
            _ => Error::io("read", &self.path, error),
        }
    }
}

/// All bytes of `path`, or of stdin for `-`, as they stand.
pub(super) fn read_whole(path: &Path, watch: &Progress) -> Result<(Vec<u8>, InputFile)> {
    let mut bytes = Vec::new();
    open_raw(path, watch)?.read_to_end(&mut bytes).map_err(|error| Error::io("read", path, error))?;
    let mut fingerprint = Fingerprint::default();
    fingerprint.add(&bytes);
    let input = fingerprint.input(path);
    Ok((bytes, input))
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Counts the lines that pass through, of text that is not read by lines, and refuses to read a part without end.
pub(super) struct Lines<R> {
    inner: R,
    num_ended: u64,
    /// The bytes of the current part.
    part_bytes: usize,
}

impl<R> Lines<R> {
    pub(super) fn new(inner: R) -> Self {
        Lines { inner, num_ended: 0, part_bytes: 0 }
    }

    /// Says that a part of the text begins here.
    pub(super) fn begin_part(&mut self) {
        self.part_bytes = 0;
    }

    /// Returns the line of the next byte, from 1.
    pub(super) fn number(&self) -> u64 {
        self.num_ended + 1
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.num_ended += count_lines(&buffer[..length]);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Lines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.part_bytes > MAX_LINE_BYTES {
            let problem = format!("an element or a text has more than {MAX_LINE_BYTES} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // The consumed bytes are buffered already, so that this reads nothing.
        if let Ok(bytes) = self.inner.fill_buf() {
            self.num_ended += count_lines(&bytes[..amount]);
        }
        self.part_bytes += amount;
        self.inner.consume(amount);
    }
}
