//! Files that violate their format.

use std::fs;
use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

use super::*;

/// Matrix Market files and their errors; a leading P stands for the banner of a pattern matrix.
const MATRICES: [(&str, &str); 12] = [
    (
        "",
        "is empty; expected %%MatrixMarket matrix coordinate, then real, integer or pattern, then general or symmetric",
    ),
    ("1,2\n", "1: found \"1,2\"; expected %%MatrixMarket"),
    (
        "%%MatrixMarket matrix array real general\n2 2\n",
        "1: found \"%%MatrixMarket matrix array real general\"; expected",
    ),
    ("%%MatrixMarket matrix coordinate complex general\n", "1: found complex values; expected"),
    ("%%MatrixMarket matrix coordinate real skew-symmetric\n", "1: found a skew-symmetric matrix; expected"),
    ("P", "ends before its size line; expected the numbers of rows, columns and entries"),
    ("P2 2\n", "2: expected the numbers of rows, columns and entries, found \"2 2\""),
    ("P2 3 1\n1 2\n", "2: the matrix is 2×3; expected as many columns as rows"),
    ("P3 3 2\n1 2\n", "has 1 entries; expected 2, as its size line says"),
    ("P3 3 1\n1 4\n", "3: the index is \"4\"; expected a whole number from 1 to 3"),
    ("P3 3 1\n1 2 1\n", "3: expected a row and a column, found 3 fields"),
    ("P3 3 0\n", "has no entries; expected at least one edge"),
];

#[test]
fn bad_matrix_market_is_refused() {
    for (text, expected) in MATRICES {
        let text = match text.strip_prefix('P') {
            Some(rest) => format!("%%MatrixMarket matrix coordinate pattern general\n{rest}"),
            None => text.to_string(),
        };
        let found = error("m.mtx", &text, &default());
        assert!(found.starts_with(expected), "{text:?}: {found}");
    }
    for (value, expected) in
        [("0", "3: the weight is 0; expected a number above 0"), ("x", "3: the weight is \"x\"")]
    {
        let text = format!("%%MatrixMarket matrix coordinate real general\n3 3 1\n1 2 {value}\n");
        let found = error("m.mtx", &text, &default());
        assert!(found.starts_with(expected), "{found}");
    }
    let huge = "%%MatrixMarket matrix coordinate pattern general\n4000000000 4000000000 1\n1 2\n";
    let found = error("m.mtx", huge, &default());
    assert_eq!(found, "has 4000000000 rows for 1 entries; expected fewer rows");
}

const GRAPHML: [(&str, &str); 13] = [
    ("", "1: the file has no <graph>; expected one"),
    ("a,b\n", "2: the file has no <graph>"),
    ("<html></html>", "1: found <html>; expected <graphml>"),
    ("<graphml>\n<graph edgedefault='undirected'>\n<node id='a'/>", "3: the file is cut off"),
    ("<graphml>\n<graph edgedefault='undirected'>\n</graphml>", "3: the XML is damaged: "),
    ("<graphml>\n<graph edgedefault='undirected'>\n<node id='a", "3: the XML is damaged: "),
    ("<graphml><graph></graph></graphml>", "1: edgedefault is missing; expected directed or undirected"),
    ("G<edge source='a'/>E", "1: the target of the edge is empty; expected a node id"),
    ("G<node id='a'><graph edgedefault='directed'/></node>E", "1: found a second or nested <graph>"),
    ("G<hyperedge/>E", "1: found a <hyperedge>; expected edges between two nodes"),
    (
        "G<edge source='a' target='b' directed='true'/>E",
        "1: the edge has directed=\"true\"; expected every edge to follow",
    ),
    ("G<node id='a'/>E", "has no edges; expected at least one"),
    ("G<edge source='a' target='a'/>E", "has no edges (self-loops do not count); expected"),
];

#[test]
fn bad_graphml_is_refused() {
    let of = |body: &str| {
        let body = body.strip_prefix('G').and_then(|rest| rest.strip_suffix('E'));
        body.map(|body| format!("<graphml><graph edgedefault='undirected'>{body}</graph></graphml>"))
    };
    for (text, expected) in GRAPHML {
        let found = error("g.graphml", of(text).unwrap_or(text.into()), &default());
        assert!(found.starts_with(expected), "{text:?}: {found}");
    }
    let edge = |key: &str, data: &str| {
        format!(
            "<graphml><key id='k' for='edge' attr.name='weight'>{key}</key><graph edgedefault='undirected'>\n\
                 <edge source='a' target='b'/><edge source='b' target='c'>{data}</edge></graph></graphml>"
        )
    };
    let workspace = Workspace::new();
    let weighted = edge("<default>2</default>", "<data key='k'><![CDATA[3]]></data>");
    let graph = read(&workspace, "g.graphml", weighted, &default()).unwrap();
    assert_eq!(graph.edges.weights(), Some([2.0, 3.0].as_slice()));
    assert_eq!(read(&workspace, "g.graphml", edge("", ""), &default()).unwrap().edges.weights(), None);
    for (data, expected) in [
        (
            "<data key='k'>3</data>",
            "the edge a – b has no weight, but other edges have; expected a weight for every edge",
        ),
        ("<data key='k'>-3</data>", "2: the weight is -3; expected a number above 0"),
        ("<data key='k'>much</data>", "2: the weight is \"much\"; expected a finite number"),
    ] {
        assert_eq!(error("g.graphml", edge("", data), &default()), expected);
    }
    let latin =
        b"<graphml><graph edgedefault='undirected'><edge source='a' target='\xe9'/></graph></graphml>";
    let found = error("g.graphml", latin, &default());
    assert!(found.starts_with("1: the XML is damaged: "), "{found}");
    let found = error("g.graphml.gz", &gzip(edge("", "").as_bytes())[..60], &default());
    assert!(found.contains("the gzip stream is cut off"), "{found}");
}

/// The name, type, shape and bytes of an array.
type Array<'a> = (&'a str, &'a str, &'a str, &'a [u8]);

/// Returns a zip file of arrays.
fn npz(arrays: &[Array]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, kind, shape, bytes) in arrays {
        writer.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}\n");
        writer.write_all(b"\x93NUMPY\x01\x00").unwrap();
        writer.write_all(&(header.len() as u16).to_le_bytes()).unwrap();
        writer.write_all(header.as_bytes()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn bad_npz_is_refused() {
    let good: [Array; 5] = [
        ("format", "|S3", "", b"csr"),
        ("shape", "|u1", "2,", &[2, 2]),
        ("indptr", "|u1", "3,", &[0, 1, 2]),
        ("indices", "|u1", "2,", &[1, 0]),
        ("data", "|b1", "2,", &[1, 1]),
    ];
    let graph = read(&Workspace::new(), "m.npz", npz(&good), &default()).unwrap();
    assert_eq!(edges(&graph), [("0".into(), "1".into(), None)]);
    let cases: [(usize, Array, &str); 13] = [
        (0, ("format", "|S3", "", b"bsr"), "is a matrix in \"bsr\" format; expected csr, csc or coo"),
        (0, ("other", "|S3", "", b"csr"), "the array format cannot be read: "),
        (1, ("shape", "|u1", "2,", &[2, 3]), "is a 2×3 matrix; expected as many columns as rows"),
        (1, ("shape", "|u1", "1,", &[2]), "has a shape that is not two whole numbers"),
        (2, ("indptr", "|u1", "2,", &[0, 2]), "the array indptr has 2 elements; expected 3"),
        (
            2,
            ("indptr", "|u1", "3,", &[0, 2, 1]),
            "the array indptr has 1 at index 2; expected ascending numbers from 0",
        ),
        (
            2,
            ("indptr", "|u1", "3,", &[0, 1, 3]),
            "the array indices has 2 elements; expected 3, one for each entry",
        ),
        (
            2,
            ("indptr", "|u1", "3,", &[0, 0, 0]),
            "the array indices has 2 elements; expected 0, one for each entry",
        ),
        (
            3,
            ("indices", "|u1", "2,", &[1, 2]),
            "the array indices has 2 at index 1; expected a number below 2",
        ),
        (3, ("indices", "<i2", "2,", &[1, 0, 0]), "the array indices is cut off; expected a complete array"),
        (3, ("indices", "|u1", "2,", &[1, 0, 0]), "the array indices has bytes after its last element"),
        (
            4,
            ("data", "<c8", "2,", &[0; 16]),
            "the array data is of type \"<c8\"; expected bool, or little-endian",
        ),
        (
            4,
            ("data", "|b1", "2,", &[1, 0]),
            "the array data has an entry at row 1, column 0 (from 0) that is not an edge",
        ),
    ];
    for (at, array, expected) in cases {
        let mut arrays = good;
        arrays[at] = array;
        let found = error("m.npz", npz(&arrays), &default());
        assert!(found.starts_with(expected), "{found}");
    }
    let found = error("m.npz", "a,b\n", &default());
    assert!(found.starts_with("is not an .npz file ("), "{found}");
}

#[test]
fn bad_parquet_is_refused() {
    let found =
        |name: &str| read::data(&fixture(name), &default(), &Progress::default()).unwrap_err().to_string();
    let brotli = "the column \"source\" is compressed with brotli, which vgae does not read; expected snappy, zstd, gzip";
    assert!(found("brotli.parquet").contains(brotli), "{}", found("brotli.parquet"));
    assert!(found("null.parquet").ends_with("the column \"source\" has a null in row 2; expected a value"));
    let fractions = "the column \"source\" is of type DOUBLE; expected strings or whole numbers as node ids; hint: pandas \
                     turns whole numbers into fractions if some values are missing";
    assert!(found("fractions.parquet").ends_with(fractions), "{}", found("fractions.parquet"));
    let header = "has no rows; expected the source and target of each edge";
    assert!(found("header.parquet").ends_with(header), "{}", found("header.parquet"));
    let whole = fs::read(fixture("snappy.parquet")).unwrap();
    for bytes in [b"a,b\n".as_slice(), &whole[..200], &[]] {
        let found = error("e.parquet", bytes, &default());
        assert!(found.starts_with("is not a complete Parquet file: "), "{found}");
    }
}

/// Any damage is reported as an error or goes undetected; it never panics.
#[test]
fn damaged_files_never_panic() {
    let names = [
        "snappy.parquet",
        "zstd.pq",
        "symmetric.mtx",
        "general.mtx",
        "csr.npz",
        "csc.npz",
        "coo.npz",
        "undirected.graphml",
        "undirected.gexf",
        "directed.gml",
        "directed.net",
        "directed.json",
    ];
    let workspace = Workspace::new();
    for name in names {
        let whole = fs::read(fixture(name)).unwrap();
        for at in 0..whole.len() {
            let _ = read(&workspace, name, &whole[..at], &default());
            for change in [0x01, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                let _ = read(&workspace, name, &bytes, &default());
            }
        }
    }
}
