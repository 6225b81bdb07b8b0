//! `vgae datasets` and `vgae --version`.

use crate::common::{HAS_TORCH, Workspace, repository, text};

#[test]
fn known_datasets_are_listed() {
    let workspace = Workspace::new();
    for file in ["edges.csv", "features.csv", "labels.csv"] {
        workspace.write(&format!("datasets/citeseer/{file}"), "");
    }
    // A data set with a missing file counts as absent.
    workspace.write("datasets/cora/cora.cites", "").write("datasets/fetch.py", "");
    assert_eq!(
        workspace.stdout("datasets"),
        "name        nodes   edges  features  classes  present\n\
         karate         34      78         0        2  no: git checkout datasets/karate  # in vgae's source directory\n\
         cora         2708    5278      1433        7  no: python3 datasets/fetch.py cora\n\
         citeseer     3327    4552      3703        6  yes: datasets/citeseer\n\
         pubmed      19717   44324       500        3  no: python3 datasets/fetch.py pubmed\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&workspace.stdout("datasets --json --directory other")).unwrap();
    assert_eq!(json["directory"], "other");
    let cora = &json["datasets"][1];
    assert_eq!(
        (&cora["name"], &cora["num_nodes"], &cora["is_present"]),
        (&"cora".into(), &2708.into(), &false.into())
    );
    assert_eq!((cora["path"].as_str(), cora["num_features"].as_u64()), (Some("other/cora"), Some(1433)));
    assert_eq!(cora["command"], "python3 datasets/fetch.py cora  # in vgae's source directory");
    let here: serde_json::Value = serde_json::from_str(
        &workspace.stdout(&format!("datasets --json --directory {}/datasets", crate::REPOSITORY)),
    )
    .unwrap();
    assert_eq!(here["datasets"][0]["is_present"], true);
    assert_eq!(here["datasets"][0]["command"], serde_json::Value::Null);
}

/// The script reads the same index, but the table in the README is written by hand.
#[test]
fn readme_matches_dataset_index() {
    let workspace = Workspace::new();
    let json: serde_json::Value = serde_json::from_str(&workspace.stdout("datasets --json")).unwrap();
    let table = std::fs::read_to_string(repository("datasets/README.md")).unwrap();
    for dataset in json["datasets"].as_array().unwrap() {
        let name = dataset["name"].as_str().unwrap();
        let row = table.lines().find(|line| line.starts_with(&format!("| {name} "))).unwrap();
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for (cell, count) in [(2, "num_nodes"), (3, "num_edges"), (4, "num_features"), (5, "num_classes")] {
            let written = cells[cell].replace('–', "0");
            assert_eq!(written, dataset[count].to_string(), "{name}: {count}");
        }
    }
}

#[test]
fn long_version_names_devices() {
    let workspace = Workspace::new();
    let long = workspace.stdout("--version");
    let lines: Vec<&str> = long.lines().collect();
    assert_eq!(lines[0], concat!("vgae ", env!("CARGO_PKG_VERSION")));
    let libtorch = if HAS_TORCH { "libtorch 2." } else { "without libtorch" };
    assert!(lines[1].starts_with(libtorch), "{long}");
    let starts = ["cpu: ", "cuda: ", "mps: "];
    assert!(
        lines.len() == 5 && lines[2..].iter().zip(starts).all(|(line, start)| line.starts_with(start)),
        "{long}"
    );
    let short = workspace.vgae("-V").assert().success();
    let short = text(short.get_output().stdout.clone());
    assert_eq!(short, format!("{} ({})\n", lines[0], lines[1]));
}
