//! Files that declare or unpack to far more than they contain, read with little memory: each gives an error
//! that names the file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::file::metadata::ParquetMetaDataWriter;
use parquet::file::reader::{FileReader, SerializedFileReader};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::common::{HAS_TORCH, VGAE, Workspace, repository, text};

/// The limit of the address space, which includes the stacks of threads and libtorch, if it is built in.
const MAX_MEMORY_KIB: u64 = if HAS_TORCH { 1_600_000 } else { 1_000_000 };

/// Asserts that `vgae` with little memory prints this error and exits with `code`.
fn says(workspace: &Workspace, arguments: &str, code: i32, message: &str) {
    assert_eq!(vgae(workspace, arguments), (Some(code), format!("error: {message}\n")), "{arguments}");
    assert!(!workspace.exists("run"), "{arguments}");
}

/// Runs `vgae` with little memory; returns its exit code (`None` if it was killed) and stderr.
fn vgae(workspace: &Workspace, arguments: &str) -> (Option<i32>, String) {
    let script = format!("ulimit -v {MAX_MEMORY_KIB} && exec \"$0\" {arguments} --quiet --threads 2");
    let mut command = Command::new("sh");
    command.args(["-c", &script, VGAE]).current_dir(workspace.path(""));
    let output = command.output().unwrap();
    (output.status.code(), text(output.stderr))
}

fn train(workspace: &Workspace, data: &str, message: &str) {
    says(workspace, &format!("train {data} --output run"), 1, message);
}

/// Writes a gzip stream of `head`, then `part` repeated to `num_bytes` or more, then `tail`.
fn bomb(workspace: &Workspace, name: &str, head: &str, part: &str, num_bytes: usize, tail: &str) {
    let file = BufWriter::new(File::create(workspace.path(name)).unwrap());
    let mut encoder = GzEncoder::new(file, Compression::fast());
    let chunk = part.repeat((1 << 16) / part.len());
    encoder.write_all(head.as_bytes()).unwrap();
    (0..num_bytes.div_ceil(chunk.len())).for_each(|_| encoder.write_all(chunk.as_bytes()).unwrap());
    encoder.write_all(tail.as_bytes()).unwrap();
    encoder.finish().unwrap().flush().unwrap();
    let packed = std::fs::metadata(workspace.path(name)).unwrap().len();
    assert!(packed < num_bytes as u64 / 50, "{packed}");
}

#[test]
fn text_gzip_bombs() {
    let workspace = Workspace::new();
    let line = "expected a row of text";
    for (part, name) in [("x", "id.csv.gz"), ("\0", "zeros.csv.gz"), ("a,", "fields.csv.gz")] {
        bomb(&workspace, name, "a,b\n", part, 300_000_000, "");
        train(&workspace, name, &format!("{name}:2: the line has more than 67108864 bytes; {line}"));
    }
    bomb(&workspace, "blank.csv.gz", "", "\n", 300_000_000, "");
    train(&workspace, "blank.csv.gz", "blank.csv.gz: is empty; expected rows of source,target");
    bomb(&workspace, "late.csv.gz", "source,target\n", "#\n", 300_000_000, "");
    train(&workspace, "late.csv.gz", "late.csv.gz: has a header and no rows; expected rows of source,target");
    workspace.write("edges.csv", "a,b\nb,c\n");
    says(
        &workspace,
        "train edges.csv --features id.csv.gz --output run",
        1,
        &format!("id.csv.gz:2: the line has more than 67108864 bytes; {line}"),
    );
}

#[test]
fn repeated_row_gzip_bomb() {
    let workspace = Workspace::new();
    bomb(&workspace, "same.txt.gz", "", "a b\n", 120_000_000, "");
    let (code, stderr) = vgae(&workspace, "train same.txt.gz --output run");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.starts_with("error: same.txt.gz: unpacks to more than "), "{stderr}");
    assert!(stderr.contains("so most rows are repeated; expected at most 16 rows per byte"), "{stderr}");
}

#[test]
fn graphml_bombs() {
    let workspace = Workspace::new();
    let open = "<graphml><graph edgedefault=\"undirected\">\n";
    let long = "an element or its text has more than 67108864 bytes";
    bomb(
        &workspace,
        "id.graphml.gz",
        &format!("{open}<edge source=\""),
        "x",
        200_000_000,
        "\" target=\"b\"/></graph></graphml>",
    );
    train(&workspace, "id.graphml.gz", &format!("id.graphml.gz:2: {long}"));
    bomb(&workspace, "text.graphml.gz", open, "x", 200_000_000, "</graph></graphml>");
    train(&workspace, "text.graphml.gz", &format!("text.graphml.gz:2: {long}"));
    bomb(&workspace, "deep.graphml.gz", open, "<a>", 100_000_000, "");
    let deep = "elements are nested 1000 deep; expected a graph without nested graphs";
    train(&workspace, "deep.graphml.gz", &format!("deep.graphml.gz:2: {deep}"));
    let entities: String =
        (1..30).map(|at| format!("<!ENTITY l{at} \"&l{};&l{};\">", at - 1, at - 1)).collect();
    let edge = "<edge source=\"&l29;\" target=\"b\"/></graph></graphml>";
    workspace.write("laughs.graphml", format!("<!DOCTYPE g [<!ENTITY l0 \"lol\">{entities}]>\n{open}{edge}"));
    train(
        &workspace,
        "laughs.graphml",
        "laughs.graphml:3: the XML is damaged: at 1..4: unrecognized entity `l29`",
    );
}

/// The name, type and shape of an array, its first bytes, and the number of zeros that follow.
type Array<'a> = (&'a str, &'a str, &'a str, &'a [u8], usize);

/// Writes a matrix in COO format.
fn npz(workspace: &Workspace, name: &str, arrays: &[Array]) {
    let mut writer = ZipWriter::new(File::create(workspace.path(name)).unwrap());
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
fn oversized_npz() {
    let workspace = Workspace::new();
    let rows = [1_000_000_000_000u64.to_le_bytes(); 2].concat();
    npz(&workspace, "rows.npz", &[("shape", "<i8", "2,", &rows, 0)]);
    train(&workspace, "rows.npz", "rows.npz: has 1000000000000 rows; expected fewer than 2^32 - 1");
    let shape: Array = ("shape", "|u1", "2,", &[9, 9], 0);
    npz(&workspace, "short.npz", &[shape, ("row", "<i8", "1000000000000,", &[], 8)]);
    train(&workspace, "short.npz", "short.npz: the array row is cut off; expected a complete array");
    npz(&workspace, "bomb.npz", &[shape, ("row", "|u1", "200000000,", &[], 200_000_000)]);
    let (code, stderr) = vgae(&workspace, "train bomb.npz --output run");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.starts_with("error: bomb.npz: the array row unpacks to more than 16777217 rows from "),
        "{stderr}"
    );
}

#[test]
fn oversized_parquet() {
    let workspace = Workspace::new();
    let plain = repository("crates/vgae-cli/tests/fuzz/corpus/parquet/plain.parquet");
    let bytes = bytes::Bytes::from(std::fs::read(plain).unwrap());
    let metadata = SerializedFileReader::new(bytes.clone()).unwrap().metadata().clone();
    // The metadata declares 10^12 rows.
    let group = metadata.row_group(0).clone().into_builder().set_num_rows(1_000_000_000_000).build().unwrap();
    let declared = metadata.into_builder().set_row_groups(vec![group]).build();
    let mut file = bytes[..bytes.len() - 8].to_vec();
    let mut footer = Vec::new();
    ParquetMetaDataWriter::new(&mut footer, &declared).finish().unwrap();
    file.extend(footer);
    workspace.write("rows.parquet", file);
    let ends = "rows.parquet: the column \"source\" ends after 6 rows; the file says it has more";
    train(&workspace, "rows.parquet", ends);
    // The header declares a page of 2^31 - 1 bytes.
    let mut file = bytes.to_vec();
    let header = b"\x15\x00\x15\xfe\xff\xff\xff\x0f\x15\xfe\xff\xff\xff\x0f\x2c\x15\x0c\x15\x00\x15\x06\x15\x06\x00\x00";
    file[4..4 + header.len()].copy_from_slice(header);
    workspace.write("page.parquet", file);
    train(
        &workspace,
        "page.parquet",
        "page.parquet: the column \"source\" is damaged: EOF: Invalid page header",
    );
}

#[test]
fn oversized_records_and_settings() {
    let workspace = Workspace::new();
    workspace.write("r/run.json", format!("{{\"format\": \"{}\"}}", "x".repeat(70_000_000)));
    let large = "r/run.json: has more than 67108864 bytes; expected what `vgae train` wrote";
    says(&workspace, "embed r", 1, large);
    for (nested, message) in [
        ("[".repeat(5_000_000), "invalid type: sequence, expected a string at line 1 column 1"),
        ("{\"a\":".repeat(5_000_000), "EOF while parsing a value at line 1 column 25000000"),
    ] {
        workspace.write("r/run.json", nested);
        says(&workspace, "embed r", 1, &format!("r/run.json: is not a run record: {message}"));
    }
    workspace.write("edges.csv", "a,b\nb,c\n");
    workspace.write("c.toml", "#".repeat(2_000_000));
    let large = "c.toml: has more than 1048576 bytes; expected a file of settings";
    says(&workspace, "train edges.csv --output run --config c.toml", 2, large);
    workspace.write("c.toml", format!("a = {}", "[".repeat(1_000_000)));
    let found = format!("a = {}…", "[".repeat(76));
    let deep = format!("c.toml:1: cannot recurse further; max recursion depth met; found \"{found}\"");
    says(&workspace, "train edges.csv --output run --config c.toml", 2, &deep);
}

#[test]
fn oversized_tensors() {
    let workspace = Workspace::new();
    let whole = repository("crates/vgae-cli/tests/fuzz/corpus/run-directory/vgae");
    for file in ["run.json", "nodes.csv", "weights.safetensors"] {
        workspace.write(&format!("r/{file}"), std::fs::read(whole.join(file)).unwrap());
    }
    for part in ["train", "validation", "validation_negatives", "test", "test_negatives"] {
        workspace.write(
            &format!("r/split/{part}.csv"),
            std::fs::read(whole.join(format!("split/{part}.csv"))).unwrap(),
        );
    }
    let header = r#"{"dense":{"dtype":"F32","shape":[1000000000000,2],"data_offsets":[0,8000000000000]}}"#;
    let of = |length: u64| [&length.to_le_bytes(), header.as_bytes(), &[0; 8]].concat();
    workspace.write("r/features.safetensors", of(header.len() as u64));
    let tensors = "its tensors have 8 bytes; its header declares 8000000000000";
    let foreign = "r/features.safetensors: is not a safetensors file";
    says(&workspace, "embed r", 1, &format!("{foreign}: {tensors}"));
    workspace.write("r/features.safetensors", of(1 << 40));
    says(
        &workspace,
        "embed r",
        1,
        &format!("{foreign}: its header has 1099511627776 bytes, but the file has 100"),
    );
}
