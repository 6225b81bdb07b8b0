//! Losses for graphs with too many pairs, and devices.

use crate::common::{HAS_TORCH, Workspace, karate, text};

#[test]
fn every_loss_trains_and_is_recorded() {
    let workspace = Workspace::new();
    let mut losses = Vec::new();
    for loss in ["exact", "sampled", "reweighted", "subgraph"] {
        let more = if loss == "subgraph" { "--subgraph-nodes 20" } else { "" };
        workspace.stdout(&format!("train {} --loss {loss} {more} --epochs 20 --output {loss}", karate()));
        assert_eq!(workspace.json(&format!("{loss}/run.json"))["config"]["train"]["loss"], loss);
        let history = workspace.read(&format!("{loss}/history.csv"));
        let of = |row: usize| -> f64 {
            history.lines().nth(row).unwrap().split(',').nth(1).unwrap().parse().unwrap()
        };
        assert!(of(20) < of(1), "{loss} does not fall: {history}");
        losses.push(of(1));
    }
    // The losses of the first epoch differ slightly with their samples.
    assert!(losses.iter().all(|loss| (loss / losses[0] - 1.0).abs() < 0.5), "{losses:?}");
    assert!(losses[1..].iter().all(|loss| *loss != losses[0]), "{losses:?}");
}

#[test]
fn gravity_models_train_with_every_loss_but_subgraph() {
    let workspace = Workspace::new();
    let train = format!("train {} --directed --model gravity-vgae --epochs 20", karate());
    for flags in ["--loss exact", "--loss sampled", "--loss reweighted --negatives-per-edge 3"] {
        workspace.stdout(&format!("{train} {flags} --output run --force"));
        let loss = flags.split(' ').nth(1).unwrap();
        assert_eq!(workspace.json("run/run.json")["config"]["train"]["loss"], loss);
        let history = workspace.read("run/history.csv");
        let of = |row: usize| -> f64 {
            history.lines().nth(row).unwrap().split(',').nth(1).unwrap().parse().unwrap()
        };
        assert!(of(20) < of(1), "{flags} does not fall: {history}");
    }
    workspace.stdout(&format!("{train} --output auto"));
    assert_eq!(workspace.json("auto/run.json")["config"]["train"]["loss"], "exact");
    assert_eq!(
        workspace.failure(&format!("{train} --loss subgraph --output run"), 2),
        "error: gravity-vgae trains on all nodes: --loss subgraph is for inner products; expected auto, exact, \
         sampled or reweighted\n"
    );
}

#[test]
fn auto_loss_depends_on_graph_size() {
    let workspace = Workspace::new();
    let path_of =
        |num_nodes: u32| (1..num_nodes).map(|node| format!("{},{node}\n", node - 1)).collect::<String>();
    workspace.write("small.csv", path_of(2_000)).write("large.csv", path_of(20_001));
    let stderr = |data: &str| {
        let arguments = format!("train {data}.csv --epochs 1 --output {data}");
        text(workspace.vgae(&arguments).assert().success().get_output().stderr.clone())
    };
    assert!(stderr("small").contains("loss: exact, all pairs of nodes, in blocks of 128 rows\n"));
    assert!(stderr("large").contains("loss: reweighted, an estimate of the exact loss"));
    for (data, loss) in [("small", "exact"), ("large", "reweighted")] {
        let record = workspace.json(&format!("{data}/run.json"));
        assert_eq!(record["config"]["train"]["loss"], loss);
        assert_ne!(record["config"]["train"]["device"], "auto");
    }
}

/// Beyond 50,000 nodes the walks of a stack are short.
#[test]
fn a_stack_trains_on_a_large_graph_and_is_equal_at_any_thread_count() {
    let workspace = Workspace::new();
    let n = 50_100;
    let rows = (0..n).map(|node| format!("{node},{}\n{node},{}\n", (node + 1) % n, (node * 7 + 1) % n));
    workspace.write("ring.csv", rows.collect::<String>());
    workspace
        .write("pairs.csv", (0..500).map(|node| format!("{node},{}\n", node * 11 % n)).collect::<String>());
    let scores = |threads: usize| {
        let train = "train ring.csv --model best --epochs 1 --no-report --force --output run";
        workspace.stdout(&format!("--threads {threads} {train}"));
        workspace.stdout(&format!("--threads {threads} score run --pairs pairs.csv"))
    };
    let (one, two) = (scores(1), scores(2));
    assert_eq!(one.lines().count(), 501);
    assert!(one == two, "the scores depend on the number of threads");
    let links = workspace.json("run/metrics.json");
    assert!(links.to_string().contains("roc_auc"), "{links}");
}

#[test]
fn training_is_equal_at_any_thread_count() {
    let workspace = Workspace::new();
    let ring: String = (0..3_000)
        .map(|node| format!("{node},{}\n{node},{}\n", (node + 1) % 3_000, (node * 7) % 3_000))
        .collect();
    workspace.write("ring.csv", ring);
    for loss in ["exact", "reweighted", "subgraph"] {
        let embeddings = |threads: usize| {
            let run = format!("{loss}-{threads}");
            workspace.stdout(&format!(
                "--threads {threads} train ring.csv --loss {loss} --dropout 0.1 --epochs 4 --output {run}"
            ));
            workspace.read(&format!("{run}/embeddings.csv"))
        };
        assert!(embeddings(1) == embeddings(3), "{loss} depends on the number of threads");
    }
}

#[test]
fn inapplicable_flags_and_devices_are_refused() {
    let workspace = Workspace::new();
    for (flags, problem) in [
        ("--subgraph-nodes 100", "--subgraph-nodes has no effect: vgae with --loss auto looks at all nodes"),
        (
            "--loss subgraph --negatives-per-edge 3",
            "--negatives-per-edge has no effect: vgae with --loss subgraph",
        ),
        ("--loss subgraph --subgraph-nodes 1", "--subgraph-nodes is 1; expected at least 2"),
        (
            "--negatives-per-edge 3",
            "--negatives-per-edge has no effect: vgae with --loss auto looks at all pairs of 34 nodes; add --loss \
             reweighted, or leave it out",
        ),
        ("--model gnae --bias", "--bias has no effect: gnae has biases already"),
        ("--model best --bias", "--bias has no effect"),
        ("--threads 1000", "1000 is not in 0..=512"),
        ("--loss reweighted --decoder hadamard-mlp", "--decoder hadamard-mlp needs --loss sampled"),
        ("--model tuned-gae --loss exact", "--decoder residual-mlp needs --loss sampled"),
        ("--layer-norm --model gnae", "--layer-norm has no effect: gnae has no layers to normalise between"),
        (
            "--layer-norm --model tuned-gae",
            "--layer-norm has no effect: tuned-gae always normalises its layers and averages their embeddings",
        ),
        ("--average-layers", "--average-layers has no effect: vgae takes what its last layer gives"),
        (
            "--decoder-layers 3",
            "--decoder-layers has no effect: vgae with --decoder inner-product has none to count",
        ),
        ("--model tuned-gae --decoder-layers 1", "--decoder-layers is 1; expected 2 to 16"),
        ("--model best --device cuda", "--device has no effect"),
        ("--device gpu", "expected auto, cpu, cuda, cuda:NUMBER or mps"),
    ] {
        let error = workspace.failure(&format!("train {} {flags} --output run", karate()), 2);
        assert!(error.contains(problem), "{flags}: {error}");
        assert!(!workspace.exists("run"));
    }
    let (code, problem) = match HAS_TORCH {
        true => (2, "--device cuda:99: no such GPU"),
        false => (1, "the device cuda:99 needs the Cargo feature `torch`"),
    };
    let error = workspace.failure(&format!("train {} --device cuda:99 --output run", karate()), code);
    assert!(error.contains(problem), "{error}");
    assert!(!workspace.exists("run"));
}
