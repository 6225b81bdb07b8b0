//! Reads a file in blocks of whole lines and hashes it on the way. `flate2` unpacks gzip; the blocks are made
//! by hand because `BufRead::lines` allocates every line and cannot hand whole blocks to several threads.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};
use crate::graph::InputFile;
use crate::progress::Progress;
use crate::read::not_text::{MAX_BEGINNING_BYTES, check_beginning};
use crate::read::raw::{Fingerprint, RawFile};

/// The maximum length of a line, or of a part of other text, in bytes. Positions within a block are u32, and
/// a megabyte of gzip can unpack to a line of a gigabyte.
pub(super) const MAX_LINE_BYTES: usize = 1 << 26;

/// The byte order mark of UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The number of bytes by which a format is recognised.
const RECOGNISED_BYTES: u64 = 1 << 16;

/// The sizes of reads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// The maximum number of bytes per system call.
    pub(super) read_bytes: usize,
    /// The number of bytes of a block, which extends to the end of its last line.
    pub(super) block_bytes: usize,
    /// The number of blocks in a batch.
    pub(super) num_blocks: usize,
}

impl Sizes {
    /// The default. A batch has a block for each of many threads. The parsed batch takes about five times the
    /// memory of its text, and larger batches are no faster.
    pub(super) const USUAL: Sizes = Sizes { read_bytes: 1 << 18, block_bytes: 1 << 19, num_blocks: 32 };
}

/// A file or stdin, read from beginning to end.
pub(super) struct Source {
    bytes: Box<dyn Read + Send>,
    fingerprint: Fingerprint,
    path: PathBuf,
    sizes: Sizes,
    /// The beginning of a line whose end has not been read yet.
    partial_line: Vec<u8>,
    num_lines: u64,
    is_at_end: bool,
    /// The error after the lines already returned.
    error: Option<Error>,
}

/// Some whole lines of a file.
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// The number of lines before.
    pub(super) num_lines_before: u64,
}

impl Source {
    /// Opens `path`, or stdin for `-`, and recognises gzip by its first bytes. Counts the bytes of the file
    /// in `progress`.
    pub(super) fn open(path: &Path, sizes: Sizes, progress: &Progress) -> Result<Self> {
        let mut file = RawFile::open(path, progress)?;
        let fingerprint = file.fingerprint();
        let mut start = Vec::new();
        // One read of a pipe may return a single byte.
        let read = file.by_ref().take(MAX_BEGINNING_BYTES).read_to_end(&mut start);
        read.map_err(|error| Error::io("read", path, error))?;
        check_beginning(&start).map_err(|problem| Error::Input { path: path.to_path_buf(), problem })?;
        let is_gzip = start.starts_with(&[0x1f, 0x8b]);
        let whole = io::Cursor::new(start).chain(file);
        let bytes: Box<dyn Read + Send> = match is_gzip {
            true => Box::new(MultiGzDecoder::new(BufReader::with_capacity(sizes.read_bytes, whole))),
            false => Box::new(whole),
        };
        Ok(Source {
            bytes,
            fingerprint,
            path: path.to_path_buf(),
            sizes,
            partial_line: Vec::new(),
            num_lines: 0,
            is_at_end: false,
            error: None,
        })
    }

    /// Returns the next block of at least one line and `num_bytes`, or `None` at the end of the file.
    pub(super) fn next_lines(&mut self, num_bytes: usize) -> Result<Option<Block>> {
        match self.read(num_bytes.max(1)) {
            Some(block) => Ok(Some(block)),
            None => self.take_error().map(|()| None),
        }
    }

    /// Returns the next blocks. There are none at the end of the file, and after an error, which
    /// [`Source::take_error`] returns.
    pub(super) fn next_batch(&mut self) -> Vec<Block> {
        let Sizes { block_bytes, num_blocks, .. } = self.sizes;
        std::iter::from_fn(|| self.read(block_bytes)).take(num_blocks).collect()
    }

    /// Returns the error that stopped reading.
    pub(super) fn take_error(&mut self) -> Result<()> {
        self.error.take().map_or(Ok(()), Err)
    }

    /// Returns the first unpacked bytes, up to 64 KiB, and `true` if they are the whole file. They will be read
    /// again. Call it before anything is read.
    pub(super) fn beginning(&mut self) -> (Vec<u8>, bool) {
        let (beginning, error) = self.take(RECOGNISED_BYTES);
        let is_whole = error.is_none() && (beginning.len() as u64) < RECOGNISED_BYTES;
        self.put_back(beginning.clone(), error);
        (beginning, is_whole)
    }

    /// Returns the unpacked bytes, for formats that are not read by lines, without a byte order mark of UTF-8. Call
    /// it once, before anything is read.
    pub(super) fn bytes(&mut self) -> &mut (dyn Read + Send) {
        let (mark, error) = self.take(BYTE_ORDER_MARK.len() as u64);
        self.put_back(if mark == BYTE_ORDER_MARK { Vec::new() } else { mark }, error);
        &mut *self.bytes
    }

    /// Takes up to `num_bytes` of the unpacked bytes, and the error that ended them.
    fn take(&mut self, num_bytes: u64) -> (Vec<u8>, Option<io::Error>) {
        let mut bytes = Vec::new();
        let outcome = self.bytes.by_ref().take(num_bytes).read_to_end(&mut bytes);
        (bytes, outcome.err())
    }

    /// Puts back bytes, and the error after them, to be read next.
    fn put_back(&mut self, bytes: Vec<u8>, error: Option<io::Error>) {
        let rest = std::mem::replace(&mut self.bytes, Box::new(io::empty()));
        self.bytes = Box::new(io::Cursor::new(bytes).chain(FailingRead(error)).chain(rest));
    }

    /// Returns the fingerprint of the bytes read so far, which stays up to date.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint.clone()
    }

    /// Returns the description of the input file, after it was read to its end.
    pub(super) fn finish(self) -> InputFile {
        self.fingerprint.input_file(&self.path)
    }

    /// Returns the path of the file, `-` for stdin.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Builds an error at a line.
    pub(super) fn error_at(&self, line: u64, problem: String) -> Error {
        Error::Row { path: self.path.clone(), line, problem }
    }

    /// Builds an error about the file as a whole.
    pub(super) fn file_error(&self, problem: String) -> Error {
        Error::Input { path: self.path.clone(), problem }
    }

    /// Reads a block of whole lines of at least `num_bytes`, or fewer at the end of the file.
    fn read(&mut self, num_bytes: usize) -> Option<Block> {
        if self.is_at_end {
            return None;
        }
        let mut bytes = std::mem::take(&mut self.partial_line);
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
            self.partial_line.extend_from_slice(&bytes[num_whole..]);
        }
        bytes.truncate(num_whole);
        let num_lines_before = self.num_lines;
        self.num_lines += count_lines(&bytes);
        if num_lines_before == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.drain(..BYTE_ORDER_MARK.len());
        }
        (!bytes.is_empty()).then_some(Block { bytes, num_lines_before })
    }

    /// Appends the bytes of one read; nothing at the end of the file.
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
                let problem = "the gzip stream is cut off, or other bytes follow it; expected a complete \
                               stream and nothing after it";
                row(problem.into())
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                row(format!("the gzip stream is damaged: {error}"))
            }
            _ => Error::io("read", &self.path, error),
        }
    }
}

/// A reader without bytes that fails once if it has an error.
struct FailingRead(Option<io::Error>);

impl Read for FailingRead {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// A reader that counts lines in text that is not read by lines, and limits the length of one part of it.
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

    /// Marks the beginning of a part of the text.
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
            let problem = format!("an element or its text has more than {MAX_LINE_BYTES} bytes");
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
