//! `vgae embed`: the embeddings as CSV, as a NumPy array, and in the formats of other programs.

use std::fs;

use crate::common::{Workspace, karate};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

/// Checks the header of an NPY 1.0 file, and returns its shape and numbers.
fn array(bytes: &[u8]) -> ([usize; 2], Vec<f32>) {
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!(start % 64, 0);
    let header = std::str::from_utf8(&bytes[10..start]).unwrap();
    let shape = header
        .strip_prefix("{'descr': '<f4', 'fortran_order': False, 'shape': (")
        .and_then(|rest| rest.strip_suffix('\n')?.trim_end_matches(' ').strip_suffix("), }"))
        .unwrap_or_else(|| panic!("{header:?}"));
    let shape: Vec<usize> = shape.split(", ").map(|size| size.parse().unwrap()).collect();
    let numbers = bytes[start..].chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
    assert_eq!(bytes.len() - start, 4 * shape[0] * shape[1]);
    ([shape[0], shape[1]], numbers.collect())
}

#[test]
fn npy_matches_csv() {
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} -o run --epochs 3", karate()));
    for (flags, num_columns) in [("", 16), ("--log-variance", 32)] {
        let csv = workspace.stdout(&format!("embed run {flags}"));
        workspace.stdout(&format!("embed run {flags} -o z.npy --force"));
        let (shape, numbers) = array(&fs::read(workspace.path("z.npy")).unwrap());
        assert_eq!(shape, [34, num_columns]);
        let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
        let expected: Vec<f32> =
            rows.iter().flat_map(|row| row[1..].iter().map(|text| text.parse().unwrap())).collect();
        assert_eq!(numbers, expected);
        let ids: Vec<&str> = rows.iter().map(|row| row[0]).collect();
        assert_eq!(workspace.read("z.ids.csv"), format!("node\n{}\n", ids.join("\n")));
    }
}

#[test]
fn npy_overwrites_neither_file() {
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} -o run --epochs 1", karate()));
    fs::write(workspace.path("z.ids.csv"), "mine").unwrap();
    let error = workspace.failure("embed run -o z.npy", 1);
    assert!(error.contains("z.ids.csv"), "{error}");
    assert!(!workspace.exists("z.npy"));
    assert_eq!(workspace.read("z.ids.csv"), "mine");
}

/// Returns the rows of `vgae embed` with these flags, without the header.
fn csv_rows(workspace: &Workspace, flags: &str) -> Vec<Vec<String>> {
    let csv = workspace.stdout(&format!("embed run {flags}"));
    csv.lines().skip(1).map(|line| line.split(',').map(str::to_string).collect()).collect()
}

#[test]
fn parquet_matches_csv() {
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} -o run --epochs 3", karate()));
    for flags in ["", "--log-variance"] {
        workspace.stdout(&format!("embed run {flags} -o z.PARQUET --force"));
        let reader = SerializedFileReader::new(fs::File::open(workspace.path("z.PARQUET")).unwrap()).unwrap();
        let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap()).collect();
        let names: Vec<&str> = rows[0].get_column_iter().map(|(name, _)| name.as_str()).collect();
        let csv = workspace.stdout(&format!("embed run {flags}"));
        assert_eq!(names.join(","), csv.lines().next().unwrap());
        let text = |field: &Field| match field {
            Field::Str(id) => id.clone(),
            Field::Float(number) => format!("{number:?}"),
            other => panic!("{other:?}"),
        };
        let found: Vec<Vec<String>> =
            rows.iter().map(|row| row.get_column_iter().map(|(_, field)| text(field)).collect()).collect();
        assert_eq!(found, csv_rows(&workspace, flags));
    }
}

#[test]
fn word2vec_format() {
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} -o run --epochs 3", karate()));
    let rows = csv_rows(&workspace, "");
    let expected: String = rows.iter().map(|row| format!("{}\n", row.join(" "))).collect();
    for (name, flags) in [("z.w2v", ""), ("z.vec", ""), ("z.txt", "--format word2vec")] {
        workspace.stdout(&format!("embed run -o {name} {flags}"));
        assert_eq!(workspace.read(name), format!("34 16\n{expected}"));
    }
    assert_eq!(workspace.stdout("embed run --format word2vec"), format!("34 16\n{expected}"));
}

#[test]
fn projector_format() {
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} -o run --epochs 3", karate()));
    workspace.stdout("embed run -o z.tsv");
    let rows = csv_rows(&workspace, "");
    let vectors: String = rows.iter().map(|row| format!("{}\n", row[1..].join("\t"))).collect();
    assert_eq!(workspace.read("z.tsv"), vectors);
    let nodes = workspace.read("run/nodes.csv").replace(',', "\t");
    assert!(nodes.starts_with("node\tlabel\n"));
    assert_eq!(workspace.read("z.metadata.tsv"), nodes);

    // Without labels the metadata has a single column, and then no header.
    workspace.stdout(&format!("train {}/edges.csv -o run --epochs 3 --force", karate()));
    workspace.stdout("embed run -o z.tsv --force");
    let ids: String = csv_rows(&workspace, "").iter().map(|row| format!("{}\n", row[0])).collect();
    assert_eq!(workspace.read("z.metadata.tsv"), ids);
}

#[test]
fn unwritable_ids_are_refused() {
    let workspace = Workspace::new();
    workspace.write("names.csv", "source,target\nNew York,Oslo\nOslo,Rome\n");
    workspace.stdout("train names.csv -o run --epochs 1 --val-fraction 0 --test-fraction 0");
    let error = workspace.failure("embed run -o z.w2v", 2);
    let expected = "error: node \"New York\" has white space in its id, which separates the fields of \
                    the word2vec format; hint: write CSV, NPY, Parquet or the projector's files\n";
    assert_eq!(error, expected);
    assert!(!workspace.exists("z.w2v"));
    workspace.stdout("embed run -o z.tsv");
    assert_eq!(workspace.read("z.metadata.tsv"), "New York\nOslo\nRome\n");
    workspace.write("tabs.csv", "source,target\n\"a\tb\",c\nc,d\n");
    workspace.stdout("train tabs.csv -o run --epochs 1 --val-fraction 0 --test-fraction 0 --force");
    let error = workspace.failure("embed run -o y.tsv", 2);
    assert!(error.contains("the id or label \"a\\tb\" has a tab or a line break"), "{error}");
    assert!(!workspace.exists("y.tsv") && !workspace.exists("y.metadata.tsv"));
}

#[test]
fn two_file_formats_need_a_name() {
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} -o run --epochs 1", karate()));
    for format in ["npy", "projector"] {
        let error = workspace.failure(&format!("embed run --format {format}"), 2);
        assert_eq!(error, "error: --format npy and projector write two files; use -o FILE\n");
    }
    fs::write(workspace.path("z.metadata.tsv"), "mine").unwrap();
    let error = workspace.failure("embed run -o z.tsv", 1);
    assert!(error.contains("z.metadata.tsv already exists"), "{error}");
    assert!(!workspace.exists("z.tsv"));
    assert_eq!(workspace.read("z.metadata.tsv"), "mine");
    workspace.stdout("embed run -o z.csv --format parquet");
    assert!(fs::read(workspace.path("z.csv")).unwrap().starts_with(b"PAR1"));
}

#[test]
fn embed_log_variance() {
    let workspace = Workspace::new();
    workspace.train_karate("--latent 3");
    let embeddings = workspace.stdout("embed run --log-variance");
    let header = "node,mean_0,mean_1,mean_2,log_variance_0,log_variance_1,log_variance_2";
    assert_eq!(embeddings.lines().next().unwrap(), header);
    assert!(embeddings.lines().all(|line| line.split(',').count() == 7));
    workspace.stdout(&format!("train {} --model gae --output gae --epochs 2 -q", karate()));
    let error = workspace.failure("embed gae --log-variance", 2);
    assert_eq!(error, "error: --log-variance needs a Gaussian latent; this run is a gae\n");
}
