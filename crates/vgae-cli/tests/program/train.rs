//! `vgae train`: its output, its seeds, and the graphs that it reads.

use std::fs;

use crate::common::{Workspace, karate, ring, rows, text};

#[test]
fn train_writes_run_directory() {
    let workspace = Workspace::new();
    let stdout = workspace.stdout(&format!("train {} --output out/run --epochs 30 --json", karate()));
    let metrics: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(metrics, workspace.json("out/run/metrics.json"));
    for part in ["validation", "test"] {
        for name in ["roc_auc", "average_precision"] {
            assert!((0.0..=1.0).contains(&metrics[part][name].as_f64().unwrap()));
        }
    }

    let record = workspace.json("out/run/run.json");
    assert_eq!(record["format_version"], 3);
    assert_eq!(record["status"], "complete");
    assert_eq!(record["config"]["train"]["epochs"], 30);
    assert_eq!(record["config"]["train"]["kl_weight"], "kipf");
    assert_eq!(record["selected_epoch"], 30);
    let counts = &record["counts"];
    assert_eq!((&counts["num_nodes"], &counts["num_edges"]), (&34.into(), &78.into()));
    assert_eq!((&counts["num_components"], &counts["num_isolated_nodes"]), (&1.into(), &0.into()));
    assert_eq!((&counts["num_validation_edges"], &counts["num_test_edges"]), (&3.into(), &7.into()));
    let inputs = record["inputs"].as_array().unwrap();
    assert_eq!(inputs.len(), 2);
    let edges = fs::read(format!("{}/edges.csv", karate())).unwrap();
    assert_eq!(inputs[0]["num_bytes"], edges.len());
    assert_eq!(inputs[0]["sha256"], sha256(&edges));
    assert!(record["peak_memory_bytes"].as_u64().unwrap() > 1 << 20);
    assert!(record["timings"]["train_seconds"].as_f64().unwrap() > 0.0);

    let history = workspace.read("out/run/history.csv");
    assert_eq!(history.lines().count(), 31);
    assert!(history.starts_with("epoch,loss,reconstruction,kl,validation_roc_auc,"));
    let embeddings = workspace.read("out/run/embeddings.csv");
    assert_eq!(embeddings.lines().count(), 35);
    assert!(embeddings.starts_with("node,mean_0,") && embeddings.contains("mean_15"));
    assert_eq!(workspace.read("out/run/split/train.csv").lines().count(), 1 + 68);
    assert_eq!(workspace.read("out/run/split/test_negatives.csv").lines().count(), 1 + 7);
    assert!(workspace.read("out/run/nodes.csv").starts_with("node,label\n1,Mr. Hi\n"));
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn default_output_directory() {
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} --model gae --seed 7 --epochs 2", karate()));
    assert!(workspace.exists("results/karate-gae-7/run.json"));
}

#[test]
fn metrics_to_stdout_rest_to_stderr() {
    let workspace = Workspace::new();
    let assert = workspace.vgae(&format!("train {} --output run --epochs 5", karate())).assert().success();
    let stdout = text(assert.get_output().stdout.clone());
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].starts_with("part") && lines[1].starts_with("validation") && lines[2].starts_with("test")
    );
    let stderr = text(assert.get_output().stderr.clone());
    for part in ["34 nodes, 78 edges, no features", "epoch 5/5", "run directory: run"] {
        assert!(stderr.contains(part), "{stderr}");
    }
    let quiet =
        workspace.vgae(&format!("train {} --output quiet --epochs 5 --quiet", karate())).assert().success();
    assert_eq!(text(quiet.get_output().stderr.clone()), "");
}

#[test]
fn equal_seeds_give_equal_bits() {
    let workspace = Workspace::new();
    // 600 nodes make several blocks of the loss and several tasks of the sparse products.
    workspace.write("ring.csv", rows(&ring(600), ","));
    for (name, more) in [("a", "--threads 1"), ("b", "--threads 1"), ("c", "--threads 3"), ("d", "--seed 1")]
    {
        workspace.stdout(&format!("train ring.csv --output {name} --epochs 15 --dropout 0.1 --quiet {more}"));
    }
    for file in ["embeddings.csv", "metrics.json", "split/test_negatives.csv"] {
        assert_eq!(workspace.read(&format!("a/{file}")), workspace.read(&format!("b/{file}")), "{file}");
        assert_eq!(workspace.read(&format!("a/{file}")), workspace.read(&format!("c/{file}")), "{file}");
        assert_ne!(workspace.read(&format!("a/{file}")), workspace.read(&format!("d/{file}")), "{file}");
    }
    assert_eq!(
        fs::read(workspace.path("a/weights.safetensors")).unwrap(),
        fs::read(workspace.path("c/weights.safetensors")).unwrap()
    );
}

#[test]
fn training_separates_cliques() {
    let workspace = Workspace::new();
    // Two cliques of 20: every absent pair joins the cliques, every held-out edge lies within one.
    let clique = |name: char| {
        let pairs = (0..20).flat_map(|u| (u + 1..20).map(move |v| (u, v)));
        pairs.map(move |(u, v)| (format!("{name}{u}"), format!("{name}{v}"))).collect::<Vec<_>>()
    };
    workspace.write("cliques.csv", rows(&[clique('a'), clique('b')].concat(), ","));
    for model in ["gae", "vgae"] {
        workspace.stdout(&format!("train cliques.csv --model {model} --output {model} --epochs 100 -q"));
        let metrics = workspace.json(&format!("{model}/metrics.json"));
        assert!(metrics["test"]["roc_auc"].as_f64().unwrap() > 0.99, "{model}: {metrics}");
    }
}

#[test]
fn collapsed_model_is_reported() {
    let workspace = Workspace::new();
    workspace.write("ring.csv", rows(&ring(40), ","));
    workspace.write("zeros.csv", (0..40).map(|at| format!("a{at},0\n")).collect::<String>());
    let assert =
        workspace.vgae("train ring.csv --features zeros.csv --epochs 3 --output run").assert().success();
    assert!(
        text(assert.get_output().stderr.clone()).contains("note: the model collapsed: 100 % of the nodes")
    );
}

#[test]
fn failed_training_leaves_no_directory() {
    let workspace = Workspace::new();
    let error =
        workspace.failure(&format!("train {} --output run --learning-rate 1e30 --quiet", karate()), 1);
    assert!(error.contains("hint: lower --learning-rate"), "{error}");
    assert!(!workspace.exists("run"));
}

#[test]
fn holding_out_nothing() {
    let workspace = Workspace::new();
    workspace.train_karate("--val-fraction 0 --test-fraction 0 --json");
    assert_eq!(workspace.read("run/metrics.json"), "{\n  \"validation\": null,\n  \"test\": null\n}\n");
    assert_eq!(workspace.read("run/split/train.csv").lines().count(), 1 + 78);
}

#[test]
fn edge_weights_are_used_and_kept() {
    let workspace = Workspace::new();
    let weighted: String =
        ring(40).iter().enumerate().map(|(at, (u, v))| format!("{u},{v},{}\n", at + 1)).collect();
    workspace.write("edges.csv", &weighted);
    workspace.write("headed.csv", format!("source,target,weight\n{weighted}"));
    workspace.stdout("train edges.csv --output plain --epochs 3 -q");
    workspace.stdout("train edges.csv --weight-column 3 --output third --epochs 3 -q");
    let record = workspace.read("third/run.json");
    assert_eq!(workspace.json("third/run.json")["config"]["read"]["weight_column"], "3");
    // Earlier versions called the setting `weights` in run.json.
    let metrics = workspace.stdout("evaluate third -q");
    workspace.write("third/run.json", record.replace("\"weight_column\"", "\"weights\""));
    assert_eq!(workspace.stdout("evaluate third -q"), metrics);
    workspace.write("third/run.json", record);
    workspace.stdout("train headed.csv --output headed --epochs 3 -q");
    assert_eq!(workspace.read("third/embeddings.csv"), workspace.read("headed/embeddings.csv"));
    assert_ne!(workspace.read("third/embeddings.csv"), workspace.read("plain/embeddings.csv"));
    assert_eq!(workspace.stdout("embed third"), workspace.read("third/embeddings.csv"));
    assert!(workspace.read("third/split/test.csv").starts_with("source,target,weight\n"));
}

#[test]
fn comment_like_ids_round_trip() {
    let workspace = Workspace::new();
    let edges: String = ring(40).iter().map(|(u, v)| format!("\"#{u}\",\"%{v}\"\n")).collect();
    workspace.write("tags.csv", edges).stdout("train tags.csv --epochs 2 --output run -q");
    assert_eq!(workspace.json("run/run.json")["counts"]["num_edges"], 80);
    workspace.stdout("predict run --top 20 -o best.csv");
    assert_eq!(workspace.stdout("score run --pairs best.csv"), workspace.read("best.csv"));
    assert_eq!(workspace.stdout("score run --pairs run/split/test.csv").lines().count(), 1 + 8);
    // Without quotes they are comments, and a note says so.
    workspace.write("bare.csv", "a,b\n#c,d\n");
    let stderr =
        text(workspace.vgae("train bare.csv --output no").assert().code(1).get_output().stderr.clone());
    let note = "note: lines read as comments because they begin with #: 1; put such ids in quotes\n";
    assert!(stderr.starts_with(note), "{stderr}");
}

#[test]
fn arbitrary_node_ids() {
    let workspace = Workspace::new();
    let odd = ["a,b", "say \"hi\"", "naïve café", "=cmd()", "日本", "with blank", "-", "0"];
    let mut edges = String::from("source,target\n");
    for at in 0..odd.len() {
        for step in [1, 2, 3] {
            let quote = |id: &str| format!("\"{}\"", id.replace('"', "\"\""));
            edges += &format!("{},{}\n", quote(odd[at]), quote(odd[(at + step) % odd.len()]));
        }
    }
    workspace.write("odd.csv", edges);
    workspace.stdout("train odd.csv --output run --epochs 2 -q --val-fraction 0.1 --test-fraction 0.05");
    let embeddings = workspace.stdout("embed run");
    let mut reader = csv::Reader::from_reader(embeddings.as_bytes());
    let ids: Vec<String> = reader.records().map(|row| row.unwrap()[0].to_string()).collect();
    let mut sorted = ids.clone();
    sorted.sort();
    let mut expected: Vec<String> = odd.iter().map(|id| id.to_string()).collect();
    expected.sort();
    assert_eq!(sorted, expected);
    assert_eq!(workspace.stdout("predict run --top 100 -q").lines().count(), 1 + 28 - 24);
}
