//! Every command on small graphs.

use std::fs;

use crate::common::{VGAE, Workspace, karate, ring, rows, text};

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
    for said in ["34 nodes, 78 edges, no features", "epoch 5/5", "run directory: run"] {
        assert!(stderr.contains(said), "{stderr}");
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
fn moved_run_without_input_works() {
    let workspace = Workspace::new();
    workspace.write("data/edges.csv", rows(&ring(40), ","));
    let features: String = (0..40).map(|at| format!("a{at},{},{}\n", at % 2, at)).collect();
    workspace.write("data/features.csv", features);
    workspace.stdout("train data --output run --epochs 10 --quiet");
    fs::rename(workspace.path("run"), workspace.path("elsewhere")).unwrap();
    fs::remove_dir_all(workspace.path("data")).unwrap();

    let metrics: serde_json::Value =
        serde_json::from_str(&workspace.stdout("evaluate elsewhere --json")).unwrap();
    assert_eq!(metrics, workspace.json("elsewhere/metrics.json"));
    assert_eq!(workspace.stdout("embed elsewhere"), workspace.read("elsewhere/embeddings.csv"));
    assert_eq!(workspace.stdout("predict elsewhere --top 3").lines().count(), 4);
    workspace.write("pairs.csv", "a0,a1\n");
    assert_eq!(workspace.stdout("score elsewhere --pairs pairs.csv").lines().count(), 2);
}

#[test]
fn evaluate_own_pairs() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let split = |name: &str| workspace.path("run/split").join(name).display().to_string();
    let own = format!(
        "evaluate run --json --pairs {} --negatives {}",
        split("test.csv"),
        split("test_negatives.csv")
    );
    let metrics: serde_json::Value = serde_json::from_str(&workspace.stdout(&own)).unwrap();
    assert_eq!(metrics["pairs"], workspace.json("run/metrics.json")["test"]);

    let seen = format!("evaluate run --pairs {} --negatives {}", split("train.csv"), split("test.csv"));
    let assert = workspace.vgae(&seen).assert().success();
    let stderr = text(assert.get_output().stderr.clone());
    assert!(
        stderr.contains("note: 68 of the 68 pairs were trained on, so this is not a held-out metric"),
        "{stderr}"
    );
    assert!(stderr.contains("note: 7 of the 7 negatives are edges of the graph"), "{stderr}");
    workspace.failure("evaluate run --pairs x.csv", 2);
}

#[test]
fn score_keeps_input_order() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let scores = text(
        workspace
            .vgae("score run --pairs -")
            .write_stdin("source,target\n34,1\n1,34\n2 , 3\n")
            .assert()
            .success()
            .get_output()
            .stdout
            .clone(),
    );
    let rows: Vec<Vec<&str>> = scores.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["source", "target", "probability", "logit"]);
    assert_eq!([&rows[1][..2], &rows[2][..2], &rows[3][..2]], [["34", "1"], ["1", "34"], ["2", "3"]]);
    assert_eq!(rows[1][2..], rows[2][2..]);
    let number = |text: &str| text.parse::<f64>().unwrap();
    for row in &rows[1..] {
        assert!((1.0 / (1.0 + (-number(row[3])).exp()) - number(row[2])).abs() < 1e-12);
    }
    // The logit is the inner product of the embeddings.
    let embeddings = workspace.read("run/embeddings.csv");
    let mean = |id: &str| -> Vec<f64> {
        let line = embeddings.lines().find(|line| line.starts_with(&format!("{id},"))).unwrap();
        line.split(',').skip(1).map(|text| f64::from(text.parse::<f32>().unwrap())).collect()
    };
    let product: f64 = mean("34").iter().zip(mean("1")).map(|(a, b)| a * b).sum();
    assert!((product - number(rows[1][3])).abs() < 1e-9);

    // A file with white space whose header names another column first.
    workspace
        .write("pairs.tsv", "weight\tsource\ttarget\n0.5\t1\t2\n")
        .stdout("score run --pairs pairs.tsv -o out.csv");
    assert!(workspace.read("out.csv").lines().nth(1).unwrap().starts_with("1,2,"));
}

#[test]
fn unknown_nodes_are_named_or_skipped() {
    let workspace = Workspace::new();
    workspace.train_karate("").write("pairs.csv", "source,target\n1,2\n1,Zachary\n3,4\n");
    let error = workspace.failure("score run --pairs pairs.csv -o out.csv", 1);
    assert_eq!(
        error,
        "error: pairs.csv:3: the graph has no node Zachary; `vgae score` leaves such pairs out with --skip-unknown\n"
    );
    assert!(!workspace.exists("out.csv"), "a failed verb leaves no file");
    let assert = workspace.vgae("score run --pairs pairs.csv --skip-unknown").assert().success();
    assert_eq!(text(assert.get_output().stdout.clone()).lines().count(), 3);
    assert_eq!(text(assert.get_output().stderr.clone()), "note: skipped pairs with an unknown node: 1\n");
}

#[test]
fn predict_excludes_known_edges() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let predicted = workspace.stdout("predict run --top 1000 --quiet");
    // 34 · 33 / 2 pairs minus 78 edges, and a header.
    assert_eq!(predicted.lines().count(), 1 + 561 - 78);
    let edges = fs::read_to_string(format!("{}/edges.csv", karate())).unwrap();
    let mut last = f64::INFINITY;
    for line in predicted.lines().skip(1) {
        let row: Vec<&str> = line.split(',').collect();
        for (u, v) in [(row[0], row[1]), (row[1], row[0])] {
            assert!(!edges.lines().any(|edge| edge == format!("{u},{v}")), "{line}");
        }
        let logit = row[3].parse().unwrap();
        assert!(logit <= last);
        last = logit;
    }
}

#[test]
fn predict_for_chosen_nodes() {
    let workspace = Workspace::new();
    workspace.train_karate("").write("nodes.csv", "node\n34\n1\n");
    let all = workspace.stdout("predict run --top 1000 --quiet");
    // Returns the other end and the logit of each pair of `node`, best first.
    let of_node = |node: &str| -> Vec<(String, String)> {
        let rows = all.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        let other = |row: Vec<&str>| match (row[0] == node, row[1] == node) {
            (true, _) => Some((row[1].to_string(), row[3].to_string())),
            (_, true) => Some((row[0].to_string(), row[3].to_string())),
            _ => None,
        };
        rows.filter_map(other).collect()
    };
    let predicted = |arguments: &str| -> Vec<(String, String, String)> {
        let rows = workspace.stdout(&format!("predict run --quiet {arguments}"));
        let rows = rows.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
        rows.map(|row| (row[0].into(), row[1].into(), row[3].into())).collect()
    };
    let best = |node: &str, top: usize| -> Vec<(String, String, String)> {
        let best = of_node(node).into_iter().take(top);
        best.map(|(other, logit)| (node.to_string(), other, logit)).collect()
    };
    assert_eq!(predicted("--node 1 --top 3"), best("1", 3));
    assert_eq!(predicted("--node 1 --node 34 --top 2"), [best("1", 2), best("34", 2)].concat());
    assert_eq!(predicted("--nodes nodes.csv --top 2"), [best("34", 2), best("1", 2)].concat());
    let everyone = predicted("--all-nodes --top 1");
    assert_eq!(everyone.len(), 34);
    assert!(everyone.iter().all(|row| best(&row.0, 1) == [row.clone()]));

    assert_eq!(
        workspace.failure("predict run --node 99", 2),
        "error: --node 99: the run has no node with this id\n"
    );
    workspace.write("unknown.csv", "1\n99\n");
    assert!(workspace.failure("predict run --nodes unknown.csv", 1).contains("unknown.csv:2: "));
    assert!(workspace.failure("predict run --node 1 --all-nodes", 2).contains("cannot be used with"));
    // Node 1 has 16 neighbours among 33 nodes.
    let assert = workspace.vgae("predict run --node 1 --top 100").assert().success();
    let note = "note: nodes with fewer than 100 pairs that are not edges: 1\n";
    assert_eq!(text(assert.get_output().stderr.clone()), note);
    assert_eq!(text(assert.get_output().stdout.clone()).lines().count(), 1 + 33 - 16);
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

#[test]
fn overwriting_needs_force() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let before = workspace.read("run/run.json");
    let again = format!("train {} --output run --epochs 3", karate());
    let error = workspace.failure(&again, 1);
    assert_eq!(error, "error: run already exists; choose another --output or pass --force to replace it\n");
    assert_eq!(workspace.read("run/run.json"), before);
    workspace.write("run/notes.txt", "mine");
    workspace.stdout(&format!("{again} --force"));
    assert_eq!(workspace.json("run/run.json")["config"]["train"]["epochs"], 3);
    assert_eq!(workspace.read("run/notes.txt"), "mine");

    workspace.write("out.csv", "mine");
    let error = workspace.failure("embed run -o out.csv", 1);
    assert_eq!(
        error,
        "error: out.csv already exists; choose another --output or pass --force to replace it\n"
    );
    workspace.stdout("embed run -o out.csv --force");
    assert!(workspace.read("out.csv").starts_with("node,"));

    // --force does not replace a directory other than a run.
    workspace.write("home/letter.txt", "dear");
    let error = workspace.failure(&format!("train {} --output home --force", karate()), 1);
    assert_eq!(error, "error: home exists and is not a run directory; choose another --output\n");
    assert_eq!(workspace.read("home/letter.txt"), "dear");
}

#[test]
fn failed_replacement_keeps_old_run() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let before = (workspace.stdout("embed run"), workspace.read("run/run.json"));
    let train = format!("train {} --output run --force --quiet", karate());
    workspace.failure(&format!("{train} --learning-rate 1e30"), 1);
    assert_eq!((workspace.stdout("embed run"), workspace.read("run/run.json")), before);

    let mut child = std::process::Command::new(VGAE)
        .current_dir(workspace.path(""))
        .args(format!("{train} --epochs 1000000").split_ascii_whitespace())
        .spawn()
        .unwrap();
    while !workspace.exists("run/.replacement/split/test_negatives.csv") {
        assert!(child.try_wait().unwrap().is_none(), "training goes on until it is killed");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((workspace.stdout("embed run"), workspace.read("run/run.json")), before);

    workspace.stdout(&format!("{train} --epochs 3"));
    assert_eq!(workspace.json("run/run.json")["config"]["train"]["epochs"], 3);
    assert!(!workspace.exists("run/.replacement"));
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
fn failed_training_leaves_no_directory() {
    let workspace = Workspace::new();
    let error =
        workspace.failure(&format!("train {} --output run --learning-rate 1e30 --quiet", karate()), 1);
    assert!(error.contains("hint: lower --learning-rate"), "{error}");
    assert!(!workspace.exists("run"));
}

#[test]
fn unfinished_run_is_refused() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let record = workspace.read("run/run.json").replace("\"complete\"", "\"training\"");
    workspace.write("run/run.json", record);
    let error = workspace.failure("embed run", 1);
    assert!(error.contains("the training of this run did not end"), "{error}");
    let error = workspace.failure(&format!("train {} --output run", karate()), 1);
    assert!(
        error.contains("run already exists (an unfinished run); `vgae train --resume run` resumes it"),
        "{error}"
    );
}

#[test]
fn split_is_reused_and_checked() {
    let workspace = Workspace::new();
    workspace.train_karate("--seed 3");
    for more in ["--split run --output again", "--split run/split --output once-more"] {
        workspace.stdout(&format!("train {} --epochs 2 --seed 9 -q {more}", karate()));
    }
    for list in ["train", "validation", "validation_negatives", "test", "test_negatives"] {
        let file = format!("split/{list}.csv");
        assert_eq!(workspace.read(&format!("again/{file}")), workspace.read(&format!("run/{file}")));
        assert_eq!(workspace.read(&format!("once-more/{file}")), workspace.read(&format!("run/{file}")));
    }
    assert_eq!(workspace.json("again/run.json")["split_from"], "run");

    let first_test_edge = workspace.read("run/split/test.csv").lines().nth(1).unwrap().to_string();
    let leak = workspace.read("run/split/train.csv") + &first_test_edge + "\n";
    workspace.write("run/split/train.csv", leak);
    let error = workspace.failure(&format!("train {} --split run --output leaky", karate()), 1);
    assert!(error.contains(&format!("{first_test_edge} is in both train and test")), "{error}");
    assert!(!workspace.exists("leaky"));
}

#[test]
fn holding_out_nothing() {
    let workspace = Workspace::new();
    workspace.train_karate("--val-fraction 0 --test-fraction 0 --json");
    assert_eq!(workspace.read("run/metrics.json"), "{\n  \"validation\": null,\n  \"test\": null\n}\n");
    assert_eq!(workspace.read("run/split/train.csv").lines().count(), 1 + 78);
}

#[test]
fn closed_pipe_is_no_error() {
    let workspace = Workspace::new();
    workspace.write("ring.csv", rows(&ring(3000), ",")).stdout("train ring.csv --output run --epochs 1 -q");
    let command = format!("{} embed run | head -n 1; echo ${{PIPESTATUS[0]}}", VGAE);
    let output = std::process::Command::new("bash")
        .current_dir(workspace.path(""))
        .args(["-c", &command])
        .output()
        .unwrap();
    let stdout = text(output.stdout);
    assert_eq!(stdout.lines().last().unwrap(), "0");
    assert!(stdout.starts_with("node,"));
    assert_eq!(text(output.stderr), "");
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

#[test]
fn completions_and_man_pages() {
    let workspace = Workspace::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = workspace.stdout(&format!("completions {shell}"));
        for word in ["train", "predict", "negatives-per-edge"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert!(workspace.failure("completions tcl", 2).contains("possible values: bash"));
    let manual = workspace.stdout("man");
    assert!(manual.contains(".TH vgae 1") && manual.contains("vgae\\-reconstruct"), "{manual}");
    let of_train = workspace.stdout("man train");
    assert!(of_train.contains(".TH vgae\\-train 1") || of_train.contains(".TH vgae-train 1"), "{of_train}");
    assert!(of_train.contains("\\-\\-kl\\-weight"));
    let error = workspace.failure("man fly", 2);
    assert!(error.contains("unknown verb fly; expected one of train, evaluate"), "{error}");
}

#[test]
fn the_old_spelling_of_a_renamed_flag_is_an_error_that_names_the_new_one() {
    let workspace = Workspace::new();
    let renamed = [
        ("score run --pairs pairs.csv --columns", "--columns", "--keep-columns"),
        ("score --columns", "--columns", "--keep-columns"),
        ("--threads 1 evaluate run --calibration --json", "--calibration", "--reliability"),
        ("benchmark a --models gae --with gae:--seed", "--with", "--model-args"),
        ("benchmark a --models gae --with=gae:--seed", "--with", "--model-args"),
        ("train edges.csv --weights 3", "--weights", "--weight-column"),
    ];
    for (arguments, old, new) in renamed {
        let error = workspace.failure(arguments, 2);
        assert_eq!(error, format!("error: {old} was renamed; use {new} instead\n"), "{arguments}");
    }
    let flags = format!("benchmark {} --models gae -- --weights 3", karate());
    let expected =
        "error: the `vgae train` flags for gae: --weights was renamed; use --weight-column instead\n";
    assert_eq!(workspace.failure(&flags, 2), expected);
    // Another verb has never had such a flag.
    assert!(workspace.failure("predict run --columns", 2).contains("unexpected argument '--columns'"));
}
