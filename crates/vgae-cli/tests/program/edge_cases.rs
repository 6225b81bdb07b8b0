//! Invalid graphs, edge cases and hubs in the program.

use std::fmt::Write;
use std::time::Instant;

use crate::common::{Workspace, edge_cases as cases};

/// Invalid graphs are refused with the file and, if a single line is wrong, the line.
#[test]
fn invalid_graphs_are_refused() {
    let workspace = Workspace::new();
    let expected = [
        (
            "self-loops only",
            "self-loops_only: has no edges (self-loops do not count); expected rows of source,target",
        ),
        ("empty", "empty/edges.csv: is empty; expected rows of source,target"),
        ("header only", "header_only/edges.csv: has a header and no rows; expected rows of source,target"),
        ("weights of 0", "edges.csv:2: the weight is 0; expected a number above 0"),
        ("negative weights", "edges.csv:2: the weight is -1; expected a number above 0"),
        ("weights that are no numbers", "edges.csv:2: the weight is \"NaN\"; expected a finite number"),
        ("infinite weights", "edges.csv:2: the weight is \"inf\"; expected a finite number"),
        ("a weight below the smallest number", "edges.csv:2: the weight is 1e-60; expected at least 1.4e-45"),
    ];
    for (case, (name, message)) in cases::not_graphs().iter().zip(expected) {
        assert_eq!(case.name, name);
        let directory = cases::write(&workspace, case);
        for model in ["vgae", "vgnae", "best", "katz", "gravity-gae --directed"] {
            let error =
                workspace.failure(&format!("train {directory} --model {model} --output run --quiet"), 1);
            assert!(error.contains(message), "{name}, {model}: {error}");
            assert!(!workspace.exists("run"), "{name}, {model}");
        }
    }
}

/// A trained run writes finite numbers only, and another process can read it.
#[test]
fn run_files_hold_finite_numbers() {
    let workspace = Workspace::new();
    for case in cases::all() {
        if !["star", "isolated nodes", "zero features", "one weight of 1e30", "triangles"]
            .contains(&case.name)
        {
            continue;
        }
        let directory = cases::write(&workspace, &case);
        for model in ["vgae", "vae", "gnae"] {
            workspace.stdout(&format!(
                "train {directory} --model {model} --epochs 20 --output run --force --quiet"
            ));
            let predicted = workspace.stdout("predict run --top 5 --quiet");
            let files = ["run/metrics.json", "run/embeddings.csv", "run/history.csv"]
                .map(|file| workspace.read(file));
            for text in files.iter().chain([&predicted]) {
                let lower = text.to_lowercase();
                assert!(!lower.contains("nan") && !lower.contains("inf"), "{}, {model}: {text}", case.name);
            }
            workspace.stdout("audit run --quiet");
        }
    }
}

/// Trains on a star of `VGAE_HUB_LEAVES` leaves (default 50,000), a tenth of which have another neighbour.
#[test]
fn hub_graph_stays_in_memory_bounds() {
    let num_leaves: usize = std::env::var("VGAE_HUB_LEAVES").map_or(50_000, |text| text.parse().unwrap());
    let workspace = Workspace::new();
    let mut text = String::from("source,target\n");
    for leaf in 0..num_leaves {
        writeln!(text, "hub,{leaf}").unwrap();
        if leaf % 10 == 0 {
            writeln!(text, "{leaf},{}", (leaf * 7919 + 13) % num_leaves).unwrap();
        }
    }
    workspace.write("hub.csv", text);
    for model in ["vgae", "gnae --latent 16", "gae --loss subgraph", "adamic-adar"] {
        let start = Instant::now();
        let epochs = if model == "adamic-adar" { "" } else { "--epochs 3" };
        workspace.stdout(&format!(
            "train hub.csv --model {model} {epochs} --output run --force --quiet --no-report"
        ));
        let seconds = start.elapsed().as_secs_f64();
        let bytes = workspace.json("run/run.json")["peak_memory_bytes"].as_u64().unwrap();
        eprintln!("hub: {model}, {num_leaves} leaves, 3 epochs, {seconds:.1} s, {} MB", bytes / 1_000_000);
        // With libtorch, the program alone takes about 130 MB.
        assert!(bytes < 200_000_000 + 2500 * num_leaves as u64, "{model}: {bytes}");
    }
}
