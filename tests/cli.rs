//! The program as its users meet it: every verb, on small graphs.

mod common;

use std::fs;

use common::{Place, karate, ring, rows, text};

#[test]
fn train_writes_a_whole_run_directory() {
    let place = Place::new();
    let stdout = place.stdout(&format!("train {} --output out/run --epochs 30 --json", karate()));
    let metrics: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(metrics, place.json("out/run/metrics.json"));
    for part in ["validation", "test"] {
        for name in ["roc_auc", "average_precision"] {
            assert!((0.0..=1.0).contains(&metrics[part][name].as_f64().unwrap()));
        }
    }

    let record = place.json("out/run/run.json");
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

    let history = place.read("out/run/history.csv");
    assert_eq!(history.lines().count(), 31);
    assert!(history.starts_with("epoch,loss,reconstruction,kl,validation_roc_auc,"));
    let embeddings = place.read("out/run/embeddings.csv");
    assert_eq!(embeddings.lines().count(), 35);
    assert!(embeddings.starts_with("node,mean_0,") && embeddings.contains("mean_15"));
    assert_eq!(place.read("out/run/split/train.csv").lines().count(), 1 + 68);
    assert_eq!(place.read("out/run/split/test_negatives.csv").lines().count(), 1 + 7);
    assert!(place.read("out/run/nodes.csv").starts_with("node,label\n1,Mr. Hi\n"));
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_default_directory_is_named_after_data_model_and_seed() {
    let place = Place::new();
    place.stdout(&format!("train {} --model gae --seed 7 --epochs 2", karate()));
    assert!(place.exists("results/karate-gae-7/run.json"));
}

#[test]
fn stdout_is_the_metrics_and_stderr_the_rest() {
    let place = Place::new();
    let assert = place.vgae(&format!("train {} --output run --epochs 5", karate())).assert().success();
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
        place.vgae(&format!("train {} --output quiet --epochs 5 --quiet", karate())).assert().success();
    assert_eq!(text(quiet.get_output().stderr.clone()), "");
}

#[test]
fn equal_seeds_give_equal_bits_whatever_the_number_of_threads() {
    let place = Place::new();
    // 600 nodes are several blocks of the loss and several tasks of the sparse products.
    place.write("ring.csv", rows(&ring(600), ","));
    for (name, more) in [("a", "--threads 1"), ("b", "--threads 1"), ("c", "--threads 3"), ("d", "--seed 1")]
    {
        place.stdout(&format!("train ring.csv --output {name} --epochs 15 --dropout 0.1 --quiet {more}"));
    }
    for file in ["embeddings.csv", "metrics.json", "split/test_negatives.csv"] {
        assert_eq!(place.read(&format!("a/{file}")), place.read(&format!("b/{file}")), "{file}");
        assert_eq!(place.read(&format!("a/{file}")), place.read(&format!("c/{file}")), "{file}");
        assert_ne!(place.read(&format!("a/{file}")), place.read(&format!("d/{file}")), "{file}");
    }
    assert_eq!(
        fs::read(place.path("a/weights.safetensors")).unwrap(),
        fs::read(place.path("c/weights.safetensors")).unwrap()
    );
}

#[test]
fn training_learns_what_can_be_learnt() {
    let place = Place::new();
    // Two cliques of 20: every absent pair joins the cliques, every held-out edge lies within one.
    let clique = |name: char| {
        let pairs = (0..20).flat_map(|u| (u + 1..20).map(move |v| (u, v)));
        pairs.map(move |(u, v)| (format!("{name}{u}"), format!("{name}{v}"))).collect::<Vec<_>>()
    };
    place.write("cliques.csv", rows(&[clique('a'), clique('b')].concat(), ","));
    for model in ["gae", "vgae"] {
        place.stdout(&format!("train cliques.csv --model {model} --output {model} --epochs 100 -q"));
        let metrics = place.json(&format!("{model}/metrics.json"));
        assert!(metrics["test"]["roc_auc"].as_f64().unwrap() > 0.99, "{model}: {metrics}");
    }
}

#[test]
fn every_verb_works_on_a_run_that_was_moved_and_whose_input_is_gone() {
    let place = Place::new();
    place.write("data/edges.csv", rows(&ring(40), ","));
    let features: String = (0..40).map(|at| format!("a{at},{},{}\n", at % 2, at)).collect();
    place.write("data/features.csv", features);
    place.stdout("train data --output run --epochs 10 --quiet");
    fs::rename(place.path("run"), place.path("elsewhere")).unwrap();
    fs::remove_dir_all(place.path("data")).unwrap();

    let metrics: serde_json::Value =
        serde_json::from_str(&place.stdout("evaluate elsewhere --json")).unwrap();
    assert_eq!(metrics, place.json("elsewhere/metrics.json"));
    assert_eq!(place.stdout("embed elsewhere"), place.read("elsewhere/embeddings.csv"));
    assert_eq!(place.stdout("predict elsewhere --top 3").lines().count(), 4);
    place.write("pairs.csv", "a0,a1\n");
    assert_eq!(place.stdout("score elsewhere --pairs pairs.csv").lines().count(), 2);
}

#[test]
fn evaluate_takes_pairs_of_ones_own() {
    let place = Place::new();
    place.train_karate("");
    let split = |name: &str| place.path("run/split").join(name).display().to_string();
    let own = format!(
        "evaluate run --json --pairs {} --negatives {}",
        split("test.csv"),
        split("test_negatives.csv")
    );
    let metrics: serde_json::Value = serde_json::from_str(&place.stdout(&own)).unwrap();
    assert_eq!(metrics["pairs"], place.json("run/metrics.json")["test"]);

    let seen = format!("evaluate run --pairs {} --negatives {}", split("train.csv"), split("test.csv"));
    let assert = place.vgae(&seen).assert().success();
    let stderr = text(assert.get_output().stderr.clone());
    assert!(stderr.contains("note: 68 of the 68 pairs were trained on: no held-out figure"), "{stderr}");
    assert!(stderr.contains("note: 7 of the 7 negatives are edges of the graph"), "{stderr}");
    place.failure("evaluate run --pairs x.csv", 2);
}

#[test]
fn score_streams_in_the_order_of_the_input() {
    let place = Place::new();
    place.train_karate("");
    let scores = text(
        place
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
    let embeddings = place.read("run/embeddings.csv");
    let mean = |id: &str| -> Vec<f64> {
        let line = embeddings.lines().find(|line| line.starts_with(&format!("{id},"))).unwrap();
        line.split(',').skip(1).map(|text| f64::from(text.parse::<f32>().unwrap())).collect()
    };
    let product: f64 = mean("34").iter().zip(mean("1")).map(|(a, b)| a * b).sum();
    assert!((product - number(rows[1][3])).abs() < 1e-9);

    // A whitespace file whose header names other columns first.
    place
        .write("pairs.tsv", "weight\tsource\ttarget\n0.5\t1\t2\n")
        .stdout("score run --pairs pairs.tsv -o out.csv");
    assert!(place.read("out.csv").lines().nth(1).unwrap().starts_with("1,2,"));
}

#[test]
fn unknown_nodes_are_named_or_skipped() {
    let place = Place::new();
    place.train_karate("").write("pairs.csv", "source,target\n1,2\n1,Zachary\n3,4\n");
    let error = place.failure("score run --pairs pairs.csv -o out.csv", 1);
    assert_eq!(
        error,
        "error: pairs.csv:3: the graph has no node Zachary; `vgae score` leaves such pairs out with --skip-unknown\n"
    );
    assert!(!place.exists("out.csv"), "a failed verb leaves no file");
    let assert = place.vgae("score run --pairs pairs.csv --skip-unknown").assert().success();
    assert_eq!(text(assert.get_output().stdout.clone()).lines().count(), 3);
    assert_eq!(text(assert.get_output().stderr.clone()), "note: pairs left out for an unknown node: 1\n");
}

#[test]
fn predict_leaves_out_every_known_edge() {
    let place = Place::new();
    place.train_karate("");
    let predicted = place.stdout("predict run --top 1000 --quiet");
    // 34 · 33 / 2 pairs, 78 of them edges, and a header.
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
fn predict_gives_the_best_links_of_each_node_that_is_asked_for() {
    let place = Place::new();
    place.train_karate("").write("nodes.csv", "node\n34\n1\n");
    let all = place.stdout("predict run --top 1000 --quiet");
    // The other end and the logit of each pair of `node`, best first.
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
        let rows = place.stdout(&format!("predict run --quiet {arguments}"));
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
        place.failure("predict run --node 99", 2),
        "error: --node 99: the run has no node of this id\n"
    );
    place.write("unknown.csv", "1\n99\n");
    assert!(place.failure("predict run --nodes unknown.csv", 1).contains("unknown.csv:2: "));
    assert!(place.failure("predict run --node 1 --all-nodes", 2).contains("cannot be used with"));
    // Node 1 has 16 of 33 neighbours.
    let assert = place.vgae("predict run --node 1 --top 100").assert().success();
    let note = "note: nodes that have fewer than 100 pairs that are no edges: 1\n";
    assert_eq!(text(assert.get_output().stderr.clone()), note);
    assert_eq!(text(assert.get_output().stdout.clone()).lines().count(), 1 + 33 - 16);
}

#[test]
fn embed_gives_the_variance_of_a_vgae_and_says_that_a_gae_has_none() {
    let place = Place::new();
    place.train_karate("--latent 3");
    let embeddings = place.stdout("embed run --log-variance");
    let header = "node,mean_0,mean_1,mean_2,log_variance_0,log_variance_1,log_variance_2";
    assert_eq!(embeddings.lines().next().unwrap(), header);
    assert!(embeddings.lines().all(|line| line.split(',').count() == 7));
    place.stdout(&format!("train {} --model gae --output gae --epochs 2 -q", karate()));
    let error = place.failure("embed gae --log-variance", 2);
    assert_eq!(error, "error: --log-variance needs a Gaussian latent; this run is a gae\n");
}

#[test]
fn nothing_is_overwritten_without_force() {
    let place = Place::new();
    place.train_karate("");
    let before = place.read("run/run.json");
    let again = format!("train {} --output run --epochs 3", karate());
    let error = place.failure(&again, 1);
    assert_eq!(error, "error: run already exists; choose another --output or pass --force to replace it\n");
    assert_eq!(place.read("run/run.json"), before);
    place.write("run/notes.txt", "mine");
    place.stdout(&format!("{again} --force"));
    assert_eq!(place.json("run/run.json")["config"]["train"]["epochs"], 3);
    assert_eq!(place.read("run/notes.txt"), "mine");

    place.write("out.csv", "mine");
    let error = place.failure("embed run -o out.csv", 1);
    assert_eq!(
        error,
        "error: out.csv already exists; choose another --output or pass --force to replace it\n"
    );
    place.stdout("embed run -o out.csv --force");
    assert!(place.read("out.csv").starts_with("node,"));

    // A directory that is no run is left alone even then.
    place.write("home/letter.txt", "dear");
    let error = place.failure(&format!("train {} --output home --force", karate()), 1);
    assert_eq!(error, "error: home: exists and is not a run directory; choose another --output\n");
    assert_eq!(place.read("home/letter.txt"), "dear");
}

#[test]
fn a_replacement_that_fails_or_is_killed_leaves_the_old_run() {
    let place = Place::new();
    place.train_karate("");
    let before = (place.stdout("embed run"), place.read("run/run.json"));
    let train = format!("train {} --output run --force --quiet", karate());
    place.failure(&format!("{train} --learning-rate 1e30"), 1);
    assert_eq!((place.stdout("embed run"), place.read("run/run.json")), before);

    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_vgae"))
        .current_dir(place.path(""))
        .args(format!("{train} --epochs 1000000").split_ascii_whitespace())
        .spawn()
        .unwrap();
    while !place.exists("run/.replacement/split/test_negatives.csv") {
        assert!(child.try_wait().unwrap().is_none(), "training goes on until it is killed");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!((place.stdout("embed run"), place.read("run/run.json")), before);

    place.stdout(&format!("{train} --epochs 3"));
    assert_eq!(place.json("run/run.json")["config"]["train"]["epochs"], 3);
    assert!(!place.exists("run/.replacement"));
}

#[test]
fn a_model_that_says_nothing_is_called_collapsed() {
    let place = Place::new();
    place.write("ring.csv", rows(&ring(40), ","));
    place.write("zeros.csv", (0..40).map(|at| format!("a{at},0\n")).collect::<String>());
    let assert = place.vgae("train ring.csv --features zeros.csv --epochs 3 --output run").assert().success();
    assert!(
        text(assert.get_output().stderr.clone()).contains("note: the model collapsed: 100 % of the nodes")
    );
}

#[test]
fn ids_that_begin_like_comments_come_back() {
    let place = Place::new();
    let edges: String = ring(40).iter().map(|(u, v)| format!("\"#{u}\",\"%{v}\"\n")).collect();
    place.write("tags.csv", edges).stdout("train tags.csv --epochs 2 --output run -q");
    assert_eq!(place.json("run/run.json")["counts"]["num_edges"], 80);
    place.stdout("predict run --top 20 -o best.csv");
    assert_eq!(place.stdout("score run --pairs best.csv"), place.read("best.csv"));
    assert_eq!(place.stdout("score run --pairs run/split/test.csv").lines().count(), 1 + 8);
    // Unquoted, they are comments, which is said.
    place.write("bare.csv", "a,b\n#c,d\n");
    let stderr = text(place.vgae("train bare.csv --output no").assert().code(1).get_output().stderr.clone());
    let note = "note: lines taken for comments as they begin with #: 1; quote ids that begin so\n";
    assert!(stderr.starts_with(note), "{stderr}");
}

#[test]
fn a_failed_training_leaves_no_directory() {
    let place = Place::new();
    let error = place.failure(&format!("train {} --output run --learning-rate 1e30 --quiet", karate()), 1);
    assert!(error.contains("hint: lower --learning-rate"), "{error}");
    assert!(!place.exists("run"));
}

#[test]
fn an_unfinished_run_is_not_taken_for_a_run() {
    let place = Place::new();
    place.train_karate("");
    let record = place.read("run/run.json").replace("\"complete\"", "\"training\"");
    place.write("run/run.json", record);
    let error = place.failure("embed run", 1);
    assert!(error.contains("says that training is not finished"), "{error}");
    let error = place.failure(&format!("train {} --output run", karate()), 1);
    assert!(
        error.contains("run already exists (an unfinished run; continue it with `vgae train --resume`)"),
        "{error}"
    );
}

#[test]
fn a_split_can_be_reused_and_is_checked() {
    let place = Place::new();
    place.train_karate("--seed 3");
    for more in ["--split run --output again", "--split run/split --output once-more"] {
        place.stdout(&format!("train {} --epochs 2 --seed 9 -q {more}", karate()));
    }
    for list in ["train", "validation", "validation_negatives", "test", "test_negatives"] {
        let file = format!("split/{list}.csv");
        assert_eq!(place.read(&format!("again/{file}")), place.read(&format!("run/{file}")));
        assert_eq!(place.read(&format!("once-more/{file}")), place.read(&format!("run/{file}")));
    }
    assert_eq!(place.json("again/run.json")["split_from"], "run");

    let first_test_edge = place.read("run/split/test.csv").lines().nth(1).unwrap().to_string();
    let leak = place.read("run/split/train.csv") + &first_test_edge + "\n";
    place.write("run/split/train.csv", leak);
    let error = place.failure(&format!("train {} --split run --output leaky", karate()), 1);
    assert!(error.contains(&format!("{first_test_edge} is in both train and test")), "{error}");
    assert!(!place.exists("leaky"));
}

#[test]
fn nothing_may_be_held_out() {
    let place = Place::new();
    place.train_karate("--val-fraction 0 --test-fraction 0 --json");
    assert_eq!(place.read("run/metrics.json"), "{\n  \"validation\": null,\n  \"test\": null\n}\n");
    assert_eq!(place.read("run/split/train.csv").lines().count(), 1 + 78);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let place = Place::new();
    place.write("ring.csv", rows(&ring(3000), ",")).stdout("train ring.csv --output run --epochs 1 -q");
    let command = format!("{} embed run | head -n 1; echo ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_vgae"));
    let output = std::process::Command::new("bash")
        .current_dir(place.path(""))
        .args(["-c", &command])
        .output()
        .unwrap();
    let stdout = text(output.stdout);
    assert_eq!(stdout.lines().last().unwrap(), "0");
    assert!(stdout.starts_with("node,"));
    assert_eq!(text(output.stderr), "");
}

#[test]
fn weights_enter_training_and_the_run_directory() {
    let place = Place::new();
    let weighted: String =
        ring(40).iter().enumerate().map(|(at, (u, v))| format!("{u},{v},{}\n", at + 1)).collect();
    place.write("edges.csv", &weighted);
    place.write("headed.csv", format!("source,target,weight\n{weighted}"));
    place.stdout("train edges.csv --output plain --epochs 3 -q");
    place.stdout("train edges.csv --weights 3 --output third --epochs 3 -q");
    place.stdout("train headed.csv --output headed --epochs 3 -q");
    assert_eq!(place.read("third/embeddings.csv"), place.read("headed/embeddings.csv"));
    assert_ne!(place.read("third/embeddings.csv"), place.read("plain/embeddings.csv"));
    assert_eq!(place.stdout("embed third"), place.read("third/embeddings.csv"));
    assert!(place.read("third/split/test.csv").starts_with("source,target,weight\n"));
}

#[test]
fn node_ids_may_be_any_strings() {
    let place = Place::new();
    let odd = ["a,b", "say \"hi\"", "naïve café", "=cmd()", "日本", "with blank", "-", "0"];
    let mut edges = String::from("source,target\n");
    for at in 0..odd.len() {
        for step in [1, 2, 3] {
            let quote = |id: &str| format!("\"{}\"", id.replace('"', "\"\""));
            edges += &format!("{},{}\n", quote(odd[at]), quote(odd[(at + step) % odd.len()]));
        }
    }
    place.write("odd.csv", edges);
    place.stdout("train odd.csv --output run --epochs 2 -q --val-fraction 0.1 --test-fraction 0.05");
    let embeddings = place.stdout("embed run");
    let mut reader = csv::Reader::from_reader(embeddings.as_bytes());
    let ids: Vec<String> = reader.records().map(|row| row.unwrap()[0].to_string()).collect();
    let mut sorted = ids.clone();
    sorted.sort();
    let mut expected: Vec<String> = odd.iter().map(|id| id.to_string()).collect();
    expected.sort();
    assert_eq!(sorted, expected);
    assert_eq!(place.stdout("predict run --top 100 -q").lines().count(), 1 + 28 - 24);
}

#[test]
fn no_flags_are_the_defaults() {
    use clap::{Args, FromArgMatches};
    let command = vgae::config::Config::augment_args(clap::Command::new("vgae"));
    let matches = command.try_get_matches_from(["vgae"]).unwrap();
    let parsed = vgae::config::Config::from_arg_matches(&matches).unwrap();
    assert_eq!(parsed, vgae::config::Config::default());
    let json = serde_json::to_string(&parsed).unwrap();
    assert_eq!(serde_json::from_str::<vgae::config::Config>(&json).unwrap(), parsed);
}

#[test]
fn completions_and_the_manual_know_every_verb() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.stdout(&format!("completions {shell}"));
        for word in ["train", "predict", "negatives-per-edge"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert!(place.failure("completions tcl", 2).contains("possible values: bash"));
    let manual = place.stdout("man");
    assert!(manual.contains(".TH vgae 1") && manual.contains("vgae\\-reconstruct"), "{manual}");
    let of_train = place.stdout("man train");
    assert!(of_train.contains(".TH vgae\\-train 1") || of_train.contains(".TH vgae-train 1"), "{of_train}");
    assert!(of_train.contains("\\-\\-kl\\-weight"));
    let error = place.failure("man fly", 2);
    assert!(error.contains("fly is no verb; expected one of train, evaluate"), "{error}");
}
