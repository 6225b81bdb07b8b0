//! The answers of the API agree with the other verbs, for every kind of model and graph.

use super::encoded;
use crate::common::explorer::Explore;
use crate::common::{Workspace, karate};
use serde_json::Value;

#[test]
fn answers_match_other_commands() {
    let workspace = Workspace::new();
    workspace.train_karate("--calibrate platt");
    let explore = Explore::start(&workspace, "");

    let run = explore.ok("/api/run");
    assert_eq!(
        (&run["name"], &run["model"], &run["graph"]),
        (&"run".into(), &"vgae".into(), &"undirected".into())
    );
    assert_eq!(
        (&run["num_nodes"], &run["num_edges"], &run["num_train_edges"]),
        (&34.into(), &78.into(), &68.into())
    );
    assert_eq!(run["calibration"], "platt");
    assert_eq!(run["metrics"]["test"], workspace.json("run/metrics.json")["test"]);
    assert_eq!(run["hubs"][0]["node"], "34");

    let best = workspace.stdout("predict run --node 1 --top 5 --format jsonl");
    let predicted = explore.ok("/api/predict/1?top=5");
    assert_eq!(predicted["node"], "1");
    for (line, row) in best.lines().zip(predicted["predictions"].as_array().unwrap()) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&line["target"], &line["logit"], &line["probability"]),
            (&row["node"], &row["logit"], &row["probability"])
        );
        let pair = format!("source=1&target={}", row["node"].as_str().unwrap());
        let why = explore.ok(&format!("/api/why?{pair}"));
        for figure in ["num_common_neighbours", "adamic_adar", "feature_cosine"] {
            assert_eq!(why[figure], row["why"][figure]);
        }
        let score = explore.ok(&format!("/api/score?{pair}"));
        assert_eq!(score["logit"], row["logit"]);
        assert_eq!((&score["is_edge"], &score["part"]), (&false.into(), &Value::Null));
    }
    assert_eq!(explore.ok("/api/predict/1?top=1000")["predictions"].as_array().unwrap().len(), 33 - 16);

    for part in ["train", "validation", "test"] {
        let csv = workspace.read(&format!("run/split/{part}.csv"));
        let (u, v) = csv.lines().nth(1).unwrap().split_once(',').unwrap();
        let score = explore.ok(&format!("/api/score?source={u}&target={v}"));
        assert_eq!((&score["is_edge"], &score["part"]), (&true.into(), &part.into()));
        let node = explore.ok(&format!("/api/node/{u}"));
        let neighbours = node["neighbours"].as_array().unwrap();
        assert_eq!(node["degree"], neighbours.len());
        assert!(neighbours.iter().any(|other| other["node"] == v && other["part"] == part), "{node}");
    }
    let node = explore.ok("/api/node/1?limit=3");
    assert_eq!((&node["degree"], node["neighbours"].as_array().unwrap().len()), (&16.into(), 3));
    assert!(node["label"].is_string());

    let found = explore.ok("/api/nodes?query=3&limit=3");
    assert_eq!(found["num_found"], 8);
    let ids: Vec<&str> =
        found["nodes"].as_array().unwrap().iter().map(|node| node["node"].as_str().unwrap()).collect();
    assert_eq!((ids[0], ids.len()), ("3", 3));
    assert_eq!(explore.ok("/api/nodes?query=x")["num_found"], 0);

    for (path, kind) in [
        ("/", "text/html"),
        ("/page.css", "text/css"),
        ("/parts.js", "text/javascript"),
        ("/page.js", "text/javascript"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = explore.client().get(path);
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").unwrap().starts_with(kind));
        assert!(
            answer
                .header("content-security-policy")
                .unwrap()
                .starts_with("default-src 'none'; script-src 'self'")
        );
    }
}

#[test]
fn hostile_ids_round_trip() {
    let ids = [
        "<script>alert(1)</script>",
        "a/b",
        "a b",
        "%",
        "=cmd()",
        "näh…🦀",
        "../../etc/passwd",
        "%2F",
        "\"'\\",
        "?&#+",
    ]
    .map(String::from);
    let ids: Vec<String> = ids.into_iter().chain([format!("long{}", "x".repeat(2000))]).collect();
    // A ring with chords, so that there are enough edges to hold some out.
    let n = ids.len();
    let pairs = (0..n).flat_map(|at| [(at, (at + 1) % n), (at, (at + 3) % n)]);
    let quoted = |at: usize| format!("\"{}\"", ids[at].replace('"', "\"\""));
    let csv: String = pairs.map(|(u, v)| format!("{},{}\n", quoted(u), quoted(v))).collect();
    let workspace = Workspace::new();
    workspace.write("odd.csv", format!("source,target\n{csv}"));
    workspace.stdout("train odd.csv --output run --epochs 3 --quiet");
    let explore = Explore::start(&workspace, "--quiet");
    for (at, id) in ids.iter().enumerate() {
        let (this, next) = (encoded(id), encoded(&ids[(at + 1) % n]));
        assert_eq!(explore.ok(&format!("/api/node/{this}"))["node"], **id);
        assert_eq!(explore.ok(&format!("/api/predict/{this}"))["node"], **id);
        assert_eq!(explore.ok(&format!("/api/nodes?query={this}"))["nodes"][0]["node"], **id);
        let score = explore.ok(&format!("/api/score?source={this}&target={next}"));
        assert_eq!((&score["source"], &score["is_edge"]), (&Value::from(id.as_str()), &true.into()));
        assert!(explore.ok(&format!("/api/why?source={this}&target={next}"))["distance"].is_u64());
    }
}

#[test]
fn other_models_and_graphs() {
    let workspace = Workspace::new();
    for model in ["best", "adamic-adar"] {
        let epochs = if model == "best" { "--epochs 20" } else { "" };
        workspace
            .stdout(&format!("train {} --model {model} {epochs} --output run --force --quiet", karate()));
        let explore = Explore::start(&workspace, "");
        assert_eq!(explore.ok("/api/run")["model"], model);
        let best: Value =
            serde_json::from_str(workspace.stdout("predict run --node 1 --top 1 --format jsonl").trim())
                .unwrap();
        let row = &explore.ok("/api/predict/1?top=1")["predictions"][0];
        assert_eq!((&row["node"], &row["logit"]), (&best["target"], &best["logit"]), "{model}");
    }

    workspace.train_karate("--model gravity-vgae --directed --force");
    let explore = Explore::start(&workspace, "");
    assert_eq!(explore.ok("/api/run")["graph"], "directed");
    let csv = workspace.read("run/split/train.csv");
    let (u, v) = csv.lines().nth(1).unwrap().split_once(',').unwrap();
    let there = explore.ok(&format!("/api/score?source={u}&target={v}"));
    let back = explore.ok(&format!("/api/score?source={v}&target={u}"));
    assert_eq!((&there["is_edge"], &back["is_edge"]), (&true.into(), &false.into()));
    assert_ne!(there["logit"], back["logit"]);
    let way = |node: &str, other: &str| {
        let facts = explore.ok(&format!("/api/node/{node}"));
        let neighbours = facts["neighbours"].as_array().unwrap();
        neighbours.iter().find(|neighbour| neighbour["node"] == other).unwrap()["way"].clone()
    };
    assert_eq!((way(u, v), way(v, u)), ("out".into(), "in".into()));

    let bought: String =
        (0..12).flat_map(|at| [0, 1, 3].map(|step| format!("b{at},g{}\n", (at + step) % 9))).collect();
    workspace.write("bought.csv", bought);
    workspace.stdout("train bought.csv --bipartite --output run --force --epochs 5 --quiet");
    let explore = Explore::start(&workspace, "");
    let run = explore.ok("/api/run");
    assert_eq!((&run["graph"], &run["num_sources"]), (&"bipartite".into(), &12.into()));
    assert_eq!(explore.ok("/api/node/g1")["kind"], "target");
    let predicted = explore.ok("/api/predict/b1?top=100");
    let others = predicted["predictions"].as_array().unwrap();
    assert!(others.len() == 6 && others.iter().all(|other| other["node"].as_str().unwrap().starts_with('g')));
    let (status, error, _) = explore.refused("/api/score?source=b1&target=b2");
    assert_eq!((status, error.contains("of the same kind")), (400, true));
    let good = others[0]["node"].as_str().unwrap();
    let why = explore.ok(&format!("/api/why?source=b1&target={good}"));
    assert!(why["alike"].is_array() && why["num_common_neighbours"] == 0);
}

#[test]
fn shared_features_explain_pair() {
    let workspace = Workspace::new();
    let nodes = 1..=34;
    let rows: String = nodes.map(|node| format!("{node},{},{},1\n", node % 2, u8::from(node < 4))).collect();
    workspace.write("features.csv", format!("node,odd,<b>first</b>,all\n{rows}"));
    workspace.train_karate("--features features.csv");
    let explore = Explore::start(&workspace, "");
    let why = explore.ok("/api/why?source=1&target=3&limit=2");
    assert_eq!(why["num_shared_features"], 3);
    assert_eq!(why["shared_features"][0]["feature"], "<b>first</b>");
    assert_eq!(why["shared_features"][0]["num_nodes"], 3);
    assert_eq!(why["shared_features"][1]["feature"], "odd");
    assert_eq!(why["shared_features"].as_array().unwrap().len(), 2);
    assert!((why["feature_cosine"].as_f64().unwrap() - 1.0).abs() < 1e-9);
}

#[test]
fn rows_without_graph_are_refused() {
    let workspace = Workspace::new();
    let rows: String = (0..40).map(|row| format!("r{row},{},{}\n", row % 2, row % 3)).collect();
    workspace.write("rows.csv", format!("node,a,b\n{rows}"));
    workspace.stdout("train rows.csv --model vae --output run --epochs 2 --quiet");
    let error = workspace.failure("explore run --port 0", 2);
    assert!(error.starts_with("error: there are no links to explore"), "{error}");
    assert!(workspace.failure("explore nowhere --port 0", 1).contains("is not a run directory"));
    assert!(
        workspace.failure(&format!("explore {} --port 0", karate()), 1).contains("is not a run directory")
    );
    workspace.vgae("explore run --bind example.org").assert().code(2);
}
