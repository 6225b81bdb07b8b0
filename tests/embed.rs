//! `vgae embed`: the embeddings as CSV and as an array for numpy.

mod common;

use std::fs;

use common::{Place, karate};

/// The shape and the numbers of a file in NPY format 1.0, and whether its header is what the format says.
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
fn an_array_for_numpy_holds_what_the_csv_holds() {
    let place = Place::new();
    place.stdout(&format!("train {} -o run --epochs 3", karate()));
    for (flags, num_columns) in [("", 16), ("--log-variance", 32)] {
        let csv = place.stdout(&format!("embed run {flags}"));
        place.stdout(&format!("embed run {flags} -o z.npy --force"));
        let (shape, numbers) = array(&fs::read(place.path("z.npy")).unwrap());
        assert_eq!(shape, [34, num_columns]);
        let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
        let expected: Vec<f32> =
            rows.iter().flat_map(|row| row[1..].iter().map(|text| text.parse().unwrap())).collect();
        assert_eq!(numbers, expected);
        let ids: Vec<&str> = rows.iter().map(|row| row[0]).collect();
        assert_eq!(place.read("z.ids.csv"), format!("node\n{}\n", ids.join("\n")));
    }
}

#[test]
fn neither_file_of_an_array_is_overwritten_unasked() {
    let place = Place::new();
    place.stdout(&format!("train {} -o run --epochs 1", karate()));
    fs::write(place.path("z.ids.csv"), "mine").unwrap();
    let error = place.failure("embed run -o z.npy", 1);
    assert!(error.contains("z.ids.csv"), "{error}");
    assert!(!place.exists("z.npy"));
    assert_eq!(place.read("z.ids.csv"), "mine");
}
