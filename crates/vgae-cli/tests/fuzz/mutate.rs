//! Damages bytes, lines, words, and the contents of gzip and zip files.

use std::io::{Cursor, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// The size limit of an input.
const MAX_BYTES: usize = 1 << 16;

/// Values that readers often mishandle.
const TOKENS: [&[u8]; 50] = [
    b"",
    b" ",
    b"0",
    b"-0",
    b"1",
    b"-1",
    b"2",
    b"255",
    b"256",
    b"65536",
    b"2147483647",
    b"2147483648",
    b"4294967295",
    b"4294967296",
    b"9223372036854775807",
    b"9223372036854775808",
    b"18446744073709551615",
    b"18446744073709551616",
    b"1000000000000",
    b"1e308",
    b"1e309",
    b"-1e308",
    b"1e-320",
    b"3.5e38",
    b"NaN",
    b"nan",
    b"inf",
    b"-Infinity",
    b"0x10",
    b"1_000",
    b"+1",
    b".",
    b"1.",
    b"99999999999999999999999999999999999999",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xf0\x9f\x98\x80",
    b"\xc2\xa0",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\0",
    b"\"",
    b"\"\"",
    b"\"a\"b",
    b"#",
    b"%",
    b"null",
    b"node",
];

/// Values that replace lengths and offsets.
const LENGTHS: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 40,
    i64::MAX as u64,
    u64::MAX,
];

/// Damages `bytes`, in part by inserting pieces of `other`. Compressed files are mostly damaged within.
pub fn mutate(rng: &mut ChaCha8Rng, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let is_within = rng.random_bool(0.75);
    if is_within && bytes.starts_with(&[0x1f, 0x8b]) {
        let (own, other) = (unzipped(bytes), unzipped(other));
        return gzipped(&damaged(rng, own, &other));
    }
    if is_within && bytes.starts_with(b"PK") {
        return repacked(rng, bytes).unwrap_or_else(|| damaged(rng, bytes.to_vec(), other));
    }
    damaged(rng, bytes.to_vec(), other)
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns the contents of a gzip stream, or the bytes themselves if it is damaged.
fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    match MultiGzDecoder::new(bytes).take(MAX_BYTES as u64).read_to_end(&mut content) {
        Ok(_) => content,
        Err(_) => bytes.to_vec(),
    }
}

/// Damages, duplicates or removes a member of a zip file; returns `None` if it is not a valid one.
fn repacked(rng: &mut ChaCha8Rng, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut members = Vec::new();
    for at in 0..archive.len() {
        let mut member = archive.by_index(at).ok()?;
        let mut content = Vec::new();
        member.by_ref().take(MAX_BYTES as u64).read_to_end(&mut content).ok()?;
        members.push((member.name().ok()?.into_owned(), content));
    }
    if members.is_empty() {
        return None;
    }
    let (at, from) = (rng.random_range(0..members.len()), rng.random_range(0..members.len()));
    match rng.random_range(0..20) {
        0 => drop(members.remove(at)),
        1 => members[at].1 = members[from].1.clone(),
        _ => {
            let other = members[from].1.clone();
            members[at].1 = damaged(rng, members[at].1.clone(), &other);
        }
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(name, SimpleFileOptions::default()).ok()?;
        writer.write_all(&content).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}

fn damaged(rng: &mut ChaCha8Rng, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    // Mostly a single change, so that the reader also gets past it.
    let count = if rng.random_bool(0.6) { 1 } else { rng.random_range(2..8) };
    for _ in 0..count {
        damage(rng, &mut bytes, other);
        bytes.truncate(MAX_BYTES);
    }
    bytes
}

fn damage(rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    let (start, end) = span(rng, bytes.len(), 32);
    match rng.random_range(0..18) {
        0 | 1 if !bytes.is_empty() => {
            let at = start.min(bytes.len() - 1);
            bytes[at] ^= 1 << rng.random_range(0..8);
        }
        2 if !bytes.is_empty() => {
            let at = start.min(bytes.len() - 1);
            bytes[at] = rng.random();
        }
        3 => drop(bytes.drain(start..end)),
        4 => {
            let some: Vec<u8> = (0..rng.random_range(1..9)).map(|_| rng.random()).collect();
            drop(bytes.splice(start..start, some));
        }
        5 => {
            let copy = bytes[start..end].to_vec();
            let at = rng.random_range(0..=bytes.len());
            drop(bytes.splice(at..at, copy));
        }
        6 => bytes.truncate(start),
        7 => {
            let times = rng.random_range(2..200);
            let copy = bytes[start..end].repeat(times);
            drop(bytes.splice(start..start, copy));
        }
        8 => {
            let token = TOKENS[rng.random_range(0..TOKENS.len())];
            drop(bytes.splice(start..start, token.iter().copied()));
        }
        9..=11 => {
            let word = word(bytes, start);
            let token = TOKENS[rng.random_range(0..TOKENS.len())];
            drop(bytes.splice(word, token.iter().copied()));
        }
        12 => {
            let line = line(bytes, start);
            drop(bytes.drain(line));
        }
        13 => {
            let copy = bytes[line(bytes, start)].to_vec();
            let at = line(bytes, rng.random_range(0..=bytes.len())).start;
            drop(bytes.splice(at..at, copy));
        }
        14 => {
            let number = LENGTHS[rng.random_range(0..LENGTHS.len())].to_le_bytes();
            let width = [1, 2, 4, 8][rng.random_range(0..4)];
            let end = (start + width).min(bytes.len());
            drop(bytes.splice(start..end, number[..width].iter().copied()));
        }
        15 => {
            let (first, last) = span(rng, other.len(), other.len());
            drop(bytes.splice(start..end, other[first..last].iter().copied()));
        }
        16 => {
            let from = rng.random_range(0..=other.len());
            bytes.truncate(start);
            bytes.extend_from_slice(&other[from..]);
        }
        _ => {
            let separator = [",", "\t", ";", " ", "\n", "\"", "<", ">", "[", "]", "{", "}", "=", ":"];
            let separator = separator[rng.random_range(0..separator.len())];
            drop(bytes.splice(start..start, separator.bytes()));
        }
    }
}

/// Returns a range of up to `longest` of `length` bytes.
fn span(rng: &mut ChaCha8Rng, length: usize, longest: usize) -> (usize, usize) {
    let start = rng.random_range(0..=length);
    (start, (start + rng.random_range(0..=longest)).min(length))
}

/// Returns the range of the word around the byte at `at`.
fn word(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.+-".contains(byte);
    let start = bytes[..at].iter().rposition(|byte| !is_inner(byte)).map_or(0, |before| before + 1);
    let end = bytes[at..].iter().position(|byte| !is_inner(byte)).map_or(bytes.len(), |length| at + length);
    start..end
}

/// Returns the range of the line around the byte at `at`, including its line break.
fn line(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |before| before + 1);
    let end =
        bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |length| at + length + 1);
    start..end
}
