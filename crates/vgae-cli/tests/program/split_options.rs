//! `--fold`, `--keep-connected` and `--negatives-ratio` of `vgae train`, audited and reproduced.

use std::collections::BTreeSet;

use vgae_cli::benchmark::split_sha256;

use crate::common::{Workspace, karate, repository, text};

pub const QUICK: &str = "--model katz --quiet --no-report --force -o run";

/// Returns the pairs of a list of the split of the run `run`.
pub fn pairs(workspace: &Workspace, run: &str, list: &str) -> Vec<String> {
    workspace.read(&format!("{run}/split/{list}.csv")).lines().skip(1).map(String::from).collect()
}

/// The splits of version 0.1.0, as hashes of their five files.
#[test]
fn splits_without_the_options_are_what_they_were() {
    let workspace = Workspace::new();
    let data = |name: &str| repository(&format!("docs/data/{name}")).display().to_string();
    let (follows, loans) = (data("follows.csv"), data("loans.csv"));
    let cases = [
        (karate(), "9be8961d6600492deab747714363e2cb4c0102d39af26d41e19fdc10b3820625"),
        (
            format!("{} --seed 7 --val-fraction 0.2 --test-fraction 0.3", karate()),
            "c8a0cee14e5b658243718e7a2914bd81764852eea749fad75694611b5afa1fff",
        ),
        (format!("{follows} --directed"), "9e934800d48a84c852fd10f926bccde6c6f26577c94d37c822b526c3560c71e4"),
        (
            format!("{follows} --directed --task biased --seed 3"),
            "00ab9a6c65c7b998f9e00ee0becb560eb922ccc01dfe0db8d67f3f7cd97853c8",
        ),
        (
            format!("{follows} --directed --task bidirectional"),
            "786bf0e53dacdbe1a5d04b66136ebeffe82493af74059a9823286368d9160999",
        ),
        (format!("{loans} --bipartite"), "0c5d64ab09909387461a8df39b9fce447b5c631b037825d2e96d49f05ea2cad8"),
    ];
    for (arguments, expected) in cases {
        workspace.stdout(&format!("train {arguments} {QUICK}"));
        let record = vgae::run::read_record(&workspace.path("run")).unwrap();
        assert_eq!(split_sha256(&record), expected, "{arguments}");
    }
}

#[test]
fn folds_are_audited_reproduced_and_cover_the_graph() {
    let workspace = Workspace::new();
    let mut tested = BTreeSet::new();
    for fold in 1..=4 {
        let train = format!("train {} --model katz --no-report --fold {fold}/4 -o run{fold}", karate());
        let assert = workspace.vgae(&train).assert().success();
        let said = text(assert.get_output().stderr.clone());
        assert!(said.contains(&format!("cross-validation: fold {fold} of 4 is the test part\n")), "{said}");
        let audited = workspace.vgae(&format!("audit run{fold} --data {}", karate())).assert().success();
        assert!(text(audited.get_output().stderr.clone()).contains(": clean; "));
        for pair in pairs(&workspace, &format!("run{fold}"), "test") {
            assert!(tested.insert(pair), "tested twice");
        }
        assert_eq!(
            workspace.json(&format!("run{fold}/run.json"))["config"]["split"]["fold"],
            format!("{fold}/4")
        );
    }
    assert_eq!(tested.len(), 78);
    workspace.vgae("reproduce run3 -o again").assert().success();
    assert_eq!(pairs(&workspace, "again", "test"), pairs(&workspace, "run3", "test"));
    // A run that claims to be another fold than it is.
    let record = workspace.read("run3/run.json").replace("\"3/4\"", "\"3/9\"");
    workspace.write("run3/run.json", record);
    let audited = workspace.vgae("audit run3").assert().code(1);
    let rows = text(audited.get_output().stdout.clone());
    let problem = "holds 19 edges; run.json says that it is fold 3/9 of 78 edges";
    assert!(
        rows.contains(&format!("split-settings,run3/split/test.csv,,,,run3/run.json,,{problem}\n")),
        "{rows}"
    );
}

#[test]
fn components_stay_whole() {
    let workspace = Workspace::new();
    let train = format!("train {} {QUICK} --test-fraction 0.3", karate());
    // Without the flag, this seed takes the only edge of a node.
    let seeds: Vec<usize> =
        (0..4).map(|seed| components(&workspace, &format!("{train} --seed {seed}"))).collect();
    assert!(seeds.iter().any(|&count| count > 1), "{seeds:?}");
    for seed in 0..4 {
        assert_eq!(components(&workspace, &format!("{train} --keep-connected --seed {seed}")), 1);
        assert_eq!(pairs(&workspace, "run", "test").len(), 23);
        workspace.vgae("audit run").assert().success();
    }
    // A run that says so, and whose split does not.
    workspace.stdout(&format!("{train} --seed {}", seeds.iter().position(|&count| count > 1).unwrap()));
    let record = workspace.read("run/run.json");
    workspace.write("run/run.json", record.replace("\"keep_connected\": false", "\"keep_connected\": true"));
    let audited = workspace.vgae("audit run").assert().code(1);
    let rows = text(audited.get_output().stdout.clone());
    assert!(rows.contains("split-settings,run/split/train.csv,"), "{rows}");
    assert!(rows.contains(" the whole graph 1; run.json says that they are kept"), "{rows}");
}

/// Trains and returns the number of connected components of the training graph, with the nodes that it leaves alone.
fn components(workspace: &Workspace, train: &str) -> usize {
    workspace.stdout(train);
    let run = vgae::run::Run::open(&workspace.path("run")).unwrap();
    run.split.train.num_components()
}

#[test]
fn negatives_of_a_ratio_are_recorded_and_reused() {
    let workspace = Workspace::new();
    let train = format!("train {} --model katz --no-report", karate());
    let assert = workspace.vgae(&format!("{train} --negatives-ratio 5 -o run")).assert().success();
    let said = text(assert.get_output().stderr.clone());
    assert!(
        said.contains("held out: 3 validation edges, 7 test edges, and 5 non-edges for each\n"),
        "{said}"
    );
    let table = text(assert.get_output().stdout.clone());
    let counts: Vec<Vec<&str>> =
        table.lines().skip(1).map(|line| line.split_whitespace().skip(3).collect()).collect();
    assert_eq!(counts, [["3", "15"], ["7", "35"]]);
    let record = workspace.json("run/run.json");
    assert_eq!(record["config"]["split"]["negatives_ratio"], 5);
    assert_eq!(
        (&record["counts"]["num_validation_negatives"], &record["counts"]["num_test_negatives"]),
        (&15.into(), &35.into())
    );
    // The edges are those of any ratio.
    workspace.stdout(&format!("{train} -o one --quiet"));
    assert_eq!(pairs(&workspace, "one", "test"), pairs(&workspace, "run", "test"));

    let assert = workspace.vgae(&format!("{train} --split run -o second")).assert().success();
    let said = text(assert.get_output().stderr.clone());
    assert!(said.contains(", and 5 non-edges for each\n"), "{said}");
    assert_eq!(text(assert.get_output().stdout.clone()), table);
    assert_eq!(workspace.json("second/run.json")["config"]["split"]["negatives_ratio"], 5);
    for run in ["run", "second"] {
        workspace.vgae(&format!("audit {run}")).assert().success();
        workspace.vgae(&format!("reproduce {run} -o again-{run}")).assert().success();
    }
    let error = workspace.failure(&format!("{train} --split run --negatives-ratio 2 -o third"), 2);
    assert!(error.contains("cannot be used with"), "{error}");

    // A split from elsewhere may have any number.
    let negatives = workspace.read("run/split/test_negatives.csv");
    for list in ["train", "validation", "validation_negatives", "test"] {
        workspace.write(&format!("own/{list}.csv"), workspace.read(&format!("run/split/{list}.csv")));
    }
    workspace.write(
        "own/test_negatives.csv",
        negatives.lines().take(10).map(|line| format!("{line}\n")).collect::<String>(),
    );
    let assert = workspace.vgae(&format!("{train} --split own -o fourth")).assert().success();
    let said = text(assert.get_output().stderr.clone());
    assert!(said.contains("7 test edges, and 15 and 9 non-edges\n"), "{said}");
    workspace.vgae("audit fourth").assert().success();

    // A run that claims another number than it has.
    let record = workspace.read("run/run.json").replace("\"negatives_ratio\": 5", "\"negatives_ratio\": 4");
    workspace.write("run/run.json", record);
    let audited = workspace.vgae("audit run").assert().code(1);
    let rows = text(audited.get_output().stdout.clone());
    let problem = "holds 35 negatives for 7 edges; run.json says 4 for each";
    assert!(
        rows.contains(&format!("split-settings,run/split/test_negatives.csv,,,,run/run.json,,{problem}\n")),
        "{rows}"
    );
}
