use ndarray::array;

use super::*;

#[test]
fn features_are_read_in_the_form_they_were_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x");
    let wide = Array2::from_shape_fn((3, 40_000), |(row, column)| (row + column) as f32);
    let sparse = array![[0.0, 0.0, 2.5], [0.0, -1.0, 0.0]];
    for features in [Features::from(wide), Features::from(sparse)] {
        write_features(&path, &features).unwrap();
        assert_eq!(read_features(&path, (features.rows(), features.cols())).unwrap(), features);
    }
}

#[test]
fn each_inconsistency_has_its_own_message() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x");
    let dense = r#"{"dense":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}"#;
    let says = |header: String, values: [f32; 2], expected: &str| {
        let values = values.map(f32::to_le_bytes).concat();
        let length = (header.len() as u64).to_le_bytes();
        std::fs::write(&path, [&length, header.as_bytes(), &values].concat()).unwrap();
        let error = read_features(&path, (2, 1)).unwrap_err().to_string();
        assert!(error.starts_with(path.to_str().unwrap()) && error.contains(expected), "{error}");
    };
    let whole = format!("{dense}}}");
    says(whole.clone(), [1.0, f32::NAN], "dense[1, 0] is not finite");
    says(whole.replace("[2,1]", "[1,2]"), [1.0; 2], "dense is [1, 2]; run.json expects [2, 1]");
    says(whole.replace("[2,1]", "[2]"), [1.0; 2], "dense is [2]; expected a matrix");
    says(whole.replace("F32", "I32"), [1.0; 2], "dense holds I32; expected F32");
    says(whole.replace("8]", "9]"), [1.0; 2], "is not a safetensors file: ");
    says(whole.replace("[2,1]", "[4,1]").replace("8]", "16]"), [1.0; 2], "its header declares 16");
    says(whole.replace("dense", "other"), [1.0; 2], "indptr is missing");
    let both = format!(r#"{dense},"values":{{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}}}"#);
    says(both, [1.0; 2], "holds both dense and values; expected X in one form");
    std::fs::write(&path, [0xff; 16]).unwrap();
    assert!(read_features(&path, (2, 1)).unwrap_err().to_string().contains("is not a safetensors file"));
}
