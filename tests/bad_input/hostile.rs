//! Files that declare or unpack to far more than they hold, read by a process that may have little memory: each ends in an
//! error that names the file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::file::metadata::ParquetMetaDataWriter;
use parquet::file::reader::{FileReader, SerializedFileReader};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::common::{Place, text};

/// The address space of the process, libtorch and the stacks of threads in it.
const MAX_MEMORY_KIB: u64 = 1_500_000;

/// What `vgae` must say with little memory, and end with the exit code `code`.
fn says(place: &Place, arguments: &str, code: i32, message: &str) {
    assert_eq!(vgae(place, arguments), (Some(code), format!("error: {message}\n")), "{arguments}");
    assert!(!place.exists("run"), "{arguments}");
}

/// The exit code, none of a process that was killed, and the stderr of `vgae` with little memory.
fn vgae(place: &Place, arguments: &str) -> (Option<i32>, String) {
    let script = format!("ulimit -v {MAX_MEMORY_KIB} && exec \"$0\" {arguments} --quiet --threads 2");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_vgae")]).current_dir(place.path(""));
    let output = command.output().unwrap();
    (output.status.code(), text(output.stderr))
}

fn train(place: &Place, data: &str, message: &str) {
    says(place, &format!("train {data} --output run"), 1, message);
}

/// Writes a gzip stream of `head`, of `part` so often that it takes `num_bytes` or more, and of `tail`.
fn bomb(place: &Place, name: &str, head: &str, part: &str, num_bytes: usize, tail: &str) {
    let file = BufWriter::new(File::create(place.path(name)).unwrap());
    let mut encoder = GzEncoder::new(file, Compression::fast());
    let chunk = part.repeat((1 << 16) / part.len());
    encoder.write_all(head.as_bytes()).unwrap();
    (0..num_bytes.div_ceil(chunk.len())).for_each(|_| encoder.write_all(chunk.as_bytes()).unwrap());
    encoder.write_all(tail.as_bytes()).unwrap();
    encoder.finish().unwrap().flush().unwrap();
    let packed = std::fs::metadata(place.path(name)).unwrap().len();
    assert!(packed < num_bytes as u64 / 50, "{packed}");
}

#[test]
fn text_that_unpacks_without_end() {
    let place = Place::new();
    let line = "expected a row of text";
    for (part, name) in [("x", "id.csv.gz"), ("\0", "zeros.csv.gz"), ("a,", "fields.csv.gz")] {
        bomb(&place, name, "a,b\n", part, 300_000_000, "");
        train(&place, name, &format!("{name}:2: the line has more than 67108864 bytes; {line}"));
    }
    bomb(&place, "blank.csv.gz", "", "\n", 300_000_000, "");
    train(&place, "blank.csv.gz", "blank.csv.gz: is empty; expected rows of source,target");
    bomb(&place, "late.csv.gz", "source,target\n", "#\n", 300_000_000, "");
    train(&place, "late.csv.gz", "late.csv.gz: has a header and no rows; expected rows of source,target");
    place.write("edges.csv", "a,b\nb,c\n");
    says(
        &place,
        "train edges.csv --features id.csv.gz --output run",
        1,
        &format!("id.csv.gz:2: the line has more than 67108864 bytes; {line}"),
    );
}

#[test]
fn one_row_over_and_over() {
    let place = Place::new();
    bomb(&place, "same.txt.gz", "", "a b\n", 120_000_000, "");
    let (code, stderr) = vgae(&place, "train same.txt.gz --output run");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.starts_with("error: same.txt.gz: unpacks to more than "), "{stderr}");
    assert!(
        stderr.contains("the same ones over and over; expected at most 16 rows for each byte"),
        "{stderr}"
    );
}

#[test]
fn graphml_without_end() {
    let place = Place::new();
    let open = "<graphml><graph edgedefault=\"undirected\">\n";
    let long = "an element or a text has more than 67108864 bytes";
    bomb(
        &place,
        "id.graphml.gz",
        &format!("{open}<edge source=\""),
        "x",
        200_000_000,
        "\" target=\"b\"/></graph></graphml>",
    );
    train(&place, "id.graphml.gz", &format!("id.graphml.gz:2: {long}"));
    bomb(&place, "text.graphml.gz", open, "x", 200_000_000, "</graph></graphml>");
    train(&place, "text.graphml.gz", &format!("text.graphml.gz:2: {long}"));
    bomb(&place, "deep.graphml.gz", open, "<a>", 100_000_000, "");
    let deep = "elements are nested 1000 deep; expected a graph without graphs in it";
    train(&place, "deep.graphml.gz", &format!("deep.graphml.gz:2: {deep}"));
    let entities: String =
        (1..30).map(|at| format!("<!ENTITY l{at} \"&l{};&l{};\">", at - 1, at - 1)).collect();
    let edge = "<edge source=\"&l29;\" target=\"b\"/></graph></graphml>";
    place.write("laughs.graphml", format!("<!DOCTYPE g [<!ENTITY l0 \"lol\">{entities}]>\n{open}{edge}"));
    train(
        &place,
        "laughs.graphml",
        "laughs.graphml:3: the XML is damaged: at 1..4: unrecognized entity `l29`",
    );
}

/// The name, type and shape of an array, its first bytes, and how many zeros follow.
type Array<'a> = (&'a str, &'a str, &'a str, &'a [u8], usize);

/// Writes a matrix in the format COO.
fn npz(place: &Place, name: &str, arrays: &[Array]) {
    let mut writer = ZipWriter::new(File::create(place.path(name)).unwrap());
    let format: Array = ("format", "|S3", "", b"coo", 0);
    for &(name, kind, shape, bytes, num_zeros) in [format].iter().chain(arrays) {
        writer.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}\n");
        writer.write_all(b"\x93NUMPY\x01\x00").unwrap();
        writer.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
        writer.write_all(header.as_bytes()).unwrap();
        writer.write_all(bytes).unwrap();
        io::copy(&mut io::Read::take(io::repeat(0), num_zeros as u64), &mut writer).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn arrays_that_declare_or_unpack_to_too_much() {
    let place = Place::new();
    let rows = [1_000_000_000_000u64.to_le_bytes(); 2].concat();
    npz(&place, "rows.npz", &[("shape", "<i8", "2,", &rows, 0)]);
    train(&place, "rows.npz", "rows.npz: has 1000000000000 rows; expected fewer than 2^32 - 1");
    let shape: Array = ("shape", "|u1", "2,", &[9, 9], 0);
    npz(&place, "short.npz", &[shape, ("row", "<i8", "1000000000000,", &[], 8)]);
    train(&place, "short.npz", "short.npz: the array row ends in the middle; expected a whole array");
    npz(&place, "bomb.npz", &[shape, ("row", "|u1", "200000000,", &[], 200_000_000)]);
    let (code, stderr) = vgae(&place, "train bomb.npz --output run");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.starts_with("error: bomb.npz: the array row unpacks to more than 16777217 rows out of "),
        "{stderr}"
    );
}

#[test]
fn parquet_that_declares_too_much() {
    let place = Place::new();
    let plain = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/parquet/plain.parquet");
    let bytes = bytes::Bytes::from(std::fs::read(plain).unwrap());
    let metadata = SerializedFileReader::new(bytes.clone()).unwrap().metadata().clone();
    // 10^12 rows, by its metadata.
    let group = metadata.row_group(0).clone().into_builder().set_num_rows(1_000_000_000_000).build().unwrap();
    let declared = metadata.into_builder().set_row_groups(vec![group]).build();
    let mut file = bytes[..bytes.len() - 8].to_vec();
    let mut footer = Vec::new();
    ParquetMetaDataWriter::new(&mut footer, &declared).finish().unwrap();
    file.extend(footer);
    place.write("rows.parquet", file);
    let ends = "rows.parquet: the column \"source\" ends after 6 rows; the file says it has more";
    train(&place, "rows.parquet", ends);
    // A page of 2^31 - 1 bytes, by its header.
    let mut file = bytes.to_vec();
    let header = b"\x15\x00\x15\xfe\xff\xff\xff\x0f\x15\xfe\xff\xff\xff\x0f\x2c\x15\x0c\x15\x00\x15\x06\x15\x06\x00\x00";
    file[4..4 + header.len()].copy_from_slice(header);
    place.write("page.parquet", file);
    train(&place, "page.parquet", "page.parquet: the column \"source\" is damaged: EOF: Invalid page header");
}

#[test]
fn records_and_settings_without_end() {
    let place = Place::new();
    place.write("r/run.json", format!("{{\"format\": \"{}\"}}", "x".repeat(70_000_000)));
    let large = "r/run.json: has more than 67108864 bytes; expected what `vgae train` wrote";
    says(&place, "embed r", 1, large);
    for (nested, message) in [
        ("[".repeat(5_000_000), "invalid type: sequence, expected a string at line 1 column 1"),
        ("{\"a\":".repeat(5_000_000), "EOF while parsing a value at line 1 column 25000000"),
    ] {
        place.write("r/run.json", nested);
        says(&place, "embed r", 1, &format!("r/run.json: is not a run record: {message}"));
    }
    place.write("edges.csv", "a,b\nb,c\n");
    place.write("c.toml", "#".repeat(2_000_000));
    let large = "c.toml: has more than 1048576 bytes; expected a file of settings";
    says(&place, "train edges.csv --output run --config c.toml", 2, large);
    place.write("c.toml", format!("a = {}", "[".repeat(1_000_000)));
    let found = format!("a = {}…", "[".repeat(76));
    let deep = format!("c.toml:1: cannot recurse further; max recursion depth met; found \"{found}\"");
    says(&place, "train edges.csv --output run --config c.toml", 2, &deep);
}

#[test]
fn tensors_that_declare_too_much() {
    let place = Place::new();
    let whole = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/corpus/run-directory/vgae");
    for file in ["run.json", "nodes.csv", "weights.safetensors"] {
        place.write(&format!("r/{file}"), std::fs::read(format!("{whole}/{file}")).unwrap());
    }
    for part in ["train", "validation", "validation_negatives", "test", "test_negatives"] {
        place.write(
            &format!("r/split/{part}.csv"),
            std::fs::read(format!("{whole}/split/{part}.csv")).unwrap(),
        );
    }
    let header = r#"{"dense":{"dtype":"F32","shape":[1000000000000,2],"data_offsets":[0,8000000000000]}}"#;
    let of = |length: u64| [&length.to_le_bytes(), header.as_bytes(), &[0; 8]].concat();
    place.write("r/features.safetensors", of(header.len() as u64));
    let tensors = "its tensors have 8 bytes; its header declares 8000000000000";
    let foreign = "r/features.safetensors: is not a safetensors file";
    says(&place, "embed r", 1, &format!("{foreign}: {tensors}"));
    place.write("r/features.safetensors", of(1 << 40));
    says(
        &place,
        "embed r",
        1,
        &format!("{foreign}: its header has 1099511627776 bytes, but the file has 100"),
    );
}
