//! Files and output of the program are the same bytes on one thread, two and four.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use vgae::graph::Graph;

use crate::common::Workspace;
use crate::common::thread_data::make_data;

const THREADS: [usize; 3] = [1, 2, 4];

#[test]
fn output_is_equal_at_any_thread_count() {
    let workspace = Workspace::new();
    make_data(&workspace);
    let graph: Graph =
        vgae::read::data(&workspace.path("made"), &Default::default(), &Default::default()).unwrap();
    let ids: Vec<&str> = graph.nodes.iter().collect();
    workspace.write(
        "pairs.csv",
        ids.windows(2).map(|pair| format!("{},{}\n", pair[0], pair[1])).collect::<String>(),
    );
    let of_all =
        ["score RUN --pairs pairs.csv", "predict RUN --top 20", "evaluate RUN --json --bootstrap 50"];
    let of_network = ["embed RUN", "predict RUN --top 20 --approximate", "predict RUN --all-nodes --top 2"];
    let cases: [(&str, &[&str]); 4] = [
        ("--model vgae --calibrate isotonic", &of_network),
        ("--model vgae --loss subgraph --subgraph-nodes 300", &["generate RUN", "inspect RUN --json"]),
        ("--model vae", &["embed RUN", "reconstruct RUN", "generate RUN"]),
        ("--model best", &[]),
    ];
    for (flags, verbs) in cases {
        let outputs = |threads: usize| {
            let run = format!("run-{threads}");
            let name = |text: String| text.replace(&run, "RUN");
            let metrics = workspace.stdout(&format!(
                "train made {flags} --epochs 4 --output {run} --force --no-report --quiet --threads {threads}"
            ));
            let files = [
                "weights.safetensors",
                "embeddings.csv",
                "metrics.json",
                "split/train.csv",
                "split/test.csv",
            ];
            let files = files.map(|file| {
                (
                    file.to_string(),
                    Sha256::digest(std::fs::read(workspace.path(&format!("{run}/{file}"))).unwrap()).to_vec(),
                )
            });
            let printed = of_all.iter().chain(verbs).map(|verb| {
                let text =
                    workspace.stdout(&format!("{} --quiet --threads {threads}", verb.replace("RUN", &run)));
                (verb.to_string(), name(text).into_bytes())
            });
            let mut all: BTreeMap<String, Vec<u8>> = files.into_iter().chain(printed).collect();
            all.insert("train".into(), metrics.into_bytes());
            all
        };
        let one = outputs(1);
        for threads in &THREADS[1..] {
            for (what, bytes) in outputs(*threads) {
                assert!(one[&what] == bytes, "{flags}: {what} on {threads} threads");
            }
        }
    }
}

/// Reports a run on several numbers of threads: figures, links and map.
#[test]
fn report_is_equal_at_any_thread_count() {
    let workspace = Workspace::new();
    make_data(&workspace);
    workspace.stdout("train made --epochs 5 --output run --no-report --quiet");
    for verb in ["report run --map tsne -o -", "report run --text", "plot run --kind embedding -o -"] {
        let outputs = THREADS.map(|threads| workspace.stdout(&format!("{verb} --quiet --threads {threads}")));
        assert!(outputs[0] == outputs[1] && outputs[0] == outputs[2], "{verb}");
    }
}
