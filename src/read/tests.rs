//! The result of reading must not depend on the sizes of blocks or on the number of threads.

use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;

use super::source::Sizes;
use super::*;
use crate::config::NodeColumns;
use crate::graph::{Graph, NodeIds};

/// Blocks of a few bytes, so that each row is in a block of its own.
const TINY: Sizes = Sizes { read_bytes: 3, block_bytes: 1, num_blocks: 4 };

fn write(bytes: &[u8]) -> tempfile::TempPath {
    let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Returns everything that a user sees of a graph, or the error.
fn visible_parts(graph: Result<Graph>) -> std::result::Result<impl PartialEq + std::fmt::Debug, String> {
    let Graph { nodes, edges, notes, inputs, .. } = graph.map_err(|error| error.to_string())?;
    let ids: Vec<String> = nodes.iter().map(str::to_string).collect();
    Ok((ids, edges, notes, inputs[0].sha256.clone(), inputs[0].num_bytes))
}

fn read_edges_in(path: &Path, sizes: Sizes) -> Result<Graph> {
    edges::read_edges(RowReader::with_sizes(path, sizes, &Progress::default())?, &ReadConfig::default(), "")
}

fn read_features_in(
    path: &Path,
    sizes: Sizes,
) -> std::result::Result<impl PartialEq + std::fmt::Debug, String> {
    let reader =
        RowReader::with_sizes(path, sizes, &Progress::default()).map_err(|error| error.to_string())?;
    let table = features::read_features(reader).map_err(|error| error.to_string())?;
    let ids: Vec<String> = table.nodes.iter().map(str::to_string).collect();
    Ok((ids, table.matrix, table.is_complete, table.input.sha256))
}

/// Returns (line, fields) of each row up to the first error, and the error.
fn read_rows_in(path: &Path, sizes: Sizes) -> (Vec<(u64, Vec<String>)>, Option<String>) {
    let mut reader = RowReader::with_sizes(path, sizes, &Progress::default()).unwrap();
    let mut rows = Vec::new();
    loop {
        match reader.advance() {
            Ok(false) => return (rows, None),
            Ok(true) => rows.push((reader.line_number(), reader.fields().map(str::to_string).collect())),
            Err(error) => return (rows, Some(error.to_string())),
        }
    }
}

fn sizes() -> impl Strategy<Value = Sizes> {
    (1usize..40, 1usize..60, 1usize..5).prop_map(|(read_bytes, block_bytes, num_blocks)| Sizes {
        read_bytes,
        block_bytes,
        num_blocks,
    })
}

/// Generates text from weighted `lines`, with `\n` or `\r\n` after each and optionally none after the last.
fn text(lines: &'static [(u32, &'static [u8])]) -> impl Strategy<Value = Vec<u8>> {
    let line = prop::strategy::Union::new_weighted(
        lines.iter().map(|&(weight, line)| (weight, Just(line).boxed())).collect(),
    );
    (prop::collection::vec((line, any::<bool>()), 0..40), any::<bool>(), any::<bool>()).prop_map(
        |(lines, has_mark, has_end)| {
            let mut bytes = if has_mark { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
            for (line, is_long_end) in lines {
                bytes.extend(line);
                bytes.extend(if is_long_end { b"\r\n".as_slice() } else { b"\n" });
            }
            if !has_end && bytes.ends_with(b"\n") {
                bytes.pop();
            }
            bytes
        },
    )
}

const EDGE_LINES: &[(u32, &[u8])] = &[
    (20, b"a,b"),
    (20, b"b,caf\xc3\xa9"),
    (20, b"node 7, a "),
    (20, b"\"x,y\",\"say \"\"hi\"\"\""),
    (10, b" \"q\" ,\"\"\"\""),
    (10, b"d\"e,f"),
    (10, b"g,h,,"),
    (10, b""),
    (5, b"   "),
    (10, b"# a \"comment\" \xff,"),
    (5, b"% another"),
    (1, b"alone"),
    (1, b",b"),
    (1, b"a,\"b"),
    (1, b"a,\xe9"),
    (1, b"a,b,c,d"),
];

const FEATURE_LINES: &[(u32, &[u8])] = &[
    (4, b"id,x,y,z,w"),
    (9, b"a,1,2,3,4"),
    (9, b"b,0.5,-1e-3,0,7"),
    (9, b"c,0,0,0,-0.0"),
    (9, b"d,0,0,2,0"),
    (9, b"\"e\"\"e\",0,0,0,1"),
    (9, b"f,1,1,1,1"),
    (5, b"# comment"),
    (5, b""),
    (1, b"g,1,2,3"),
    (1, b"h,1,2,x,4"),
    (1, b",1,2,3,4"),
];

proptest! {
    #[test]
    fn edges_do_not_depend_on_the_blocks(text in text(EDGE_LINES), sizes in sizes()) {
        let path = write(&text);
        let found = read_edges_in(&path, sizes);
        // A reader of one row at a time must number the ids in the same order.
        if let Ok(graph) = &found {
            let mut reader = RowReader::open(&path, &Progress::default()).unwrap();
            let mut nodes = NodeIds::default();
            while reader.advance().unwrap() {
                (0..2).for_each(|at| { nodes.intern(reader.field(at)); });
            }
            prop_assert!(nodes.iter().eq(graph.nodes.iter()));
            prop_assert!(nodes.iter().enumerate().all(|(at, id)| graph.nodes.index(id) == Some(at as u32)));
        }
        prop_assert_eq!(visible_parts(found), visible_parts(read_edges_in(&path, Sizes::USUAL)));
        prop_assert_eq!(read_rows_in(&path, sizes), read_rows_in(&path, Sizes::USUAL));
    }

    #[test]
    fn features_do_not_depend_on_the_blocks(text in text(FEATURE_LINES), sizes in sizes()) {
        let path = write(&text);
        prop_assert_eq!(read_features_in(&path, sizes), read_features_in(&path, Sizes::USUAL));
    }

    #[test]
    fn ids_are_numbered_as_if_interned_one_at_a_time(
        texts in prop::collection::vec(prop::collection::vec("[ab]{0,4}", 0..60), 0..6),
        known in prop::collection::vec("[ab]{0,3}", 0..9),
    ) {
        let (mut together, mut alone) = (NodeIds::default(), NodeIds::default());
        for id in &known {
            prop_assert_eq!(together.intern(id), alone.intern(id));
        }
        let mentions: Vec<_> = texts.iter().map(|ids| {
            let (mut text, mut mentions) = (String::new(), together.mentions());
            for id in ids {
                mentions.push(id, text.len() as u32);
                text.push_str(id);
            }
            (text, mentions)
        }).collect();
        let pairs: Vec<_> = mentions.iter().map(|(text, mentions)| (text.as_str(), mentions)).collect();
        let expected: Vec<Vec<u32>> =
            texts.iter().map(|ids| ids.iter().map(|id| alone.intern(id)).collect()).collect();
        prop_assert_eq!(together.intern_all(&pairs), expected);
        prop_assert!(together.iter().eq(alone.iter()));
    }
}

#[test]
fn any_number_of_threads_reads_the_same() {
    let mut text = String::from("source,target,weight\n");
    for row in 0..20_000u64 {
        let (u, v) = (row * row % 4093, row * 31 % 5003);
        writeln!(text, "user {u},\"{v}, Ltd\",{}", row % 7 + 1).unwrap();
    }
    let path = write(text.as_bytes());
    let sizes = Sizes { read_bytes: 1 << 10, block_bytes: 1 << 12, num_blocks: 8 };
    let expected = visible_parts(read_edges_in(&path, Sizes::USUAL));
    assert!(expected.is_ok());
    for num_threads in [1, 2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(num_threads).build().unwrap();
        assert_eq!(visible_parts(pool.install(|| read_edges_in(&path, sizes))), expected, "{num_threads}");
    }
}

#[test]
fn the_first_bad_row_of_a_long_file_is_named_by_its_line() {
    let mut lines: Vec<String> = (0..400_000).map(|row| format!("{row},{}", row + 1)).collect();
    lines[100_000] = "# a comment".into();
    lines[300_000] = "lonely".into();
    lines[399_999] = "\"open,3".into();
    let path = write(lines.join("\n").as_bytes());
    let error = read_edges_in(&path, Sizes::USUAL).unwrap_err().to_string();
    assert!(error.contains(":300001: expected source,target, found 1 column"), "{error}");

    // The error of a node's second row must win over that of a later field that is not a number, although the
    // parser finds the latter first.
    let mut lines: Vec<String> = (0..200_000).map(|row| format!("{row},{},0.5", row + 1)).collect();
    lines[150_001] = "150000,1,2".into();
    lines[150_002] = "x,1,two".into();
    let path = write(lines.join("\n").as_bytes());
    for sizes in [TINY, Sizes::USUAL] {
        let error = read_features_in(&path, sizes).unwrap_err();
        assert!(
            error.ends_with(":150002: node 150000 has a second row; its first is on line 150001"),
            "{error}"
        );
    }
}

#[test]
fn rows_before_a_damaged_part_are_read_first() {
    let rows: String = (0..1000).map(|row| format!("{row},{}\n", row + 1)).collect();
    let whole = gzip(rows.replace("500,501", "500").as_bytes());
    let path = write(&whole[..whole.len() - 9]);
    let error = read_edges_in(&path, TINY).unwrap_err().to_string();
    assert!(error.contains(":501: expected source,target"), "{error}");
    let whole = gzip(rows.as_bytes());
    let path = write(&whole[..whole.len() - 9]);
    let error = read_edges_in(&path, TINY).unwrap_err().to_string();
    assert!(error.contains(": the gzip stream is cut off"), "{error}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn pairs_come_in_order_from_any_blocks() {
    let path = write(b"to,from\n# x\nb,a\n\"c\",b\r\na,c");
    let mut nodes = NodeIds::default();
    for id in ["a", "b", "c"] {
        nodes.intern(id);
    }
    let reader =
        PairReader::open(&path, &NodeColumns::default(), &nodes, Unknown::Refuse, &Progress::default())
            .unwrap();
    assert_eq!(reader.read_all().unwrap(), (vec![(0, 1), (1, 2), (2, 0)], 0));
}
