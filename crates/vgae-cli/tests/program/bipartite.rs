//! Bipartite graphs: non-edges, negatives and predictions always join a source and a target.

use std::collections::HashSet;

use crate::common::Workspace;

/// Returns 30 users who each bought 4 or 5 of 20 items; some items appear before some users.
fn shop() -> String {
    let mut rows = String::from("user,item\n");
    for user in 0..30 {
        for at in 0..4 + user % 2 {
            rows += &format!("u{user},i{}\n", (user * 3 + at * at + at) % 20);
        }
    }
    rows
}

fn is_across(line: &str) -> bool {
    let fields: Vec<&str> = line.split(',').collect();
    fields[0].starts_with('u') && fields[1].starts_with('i')
}

#[test]
fn run_uses_only_source_target_pairs() {
    let workspace = Workspace::new();
    workspace.write("shop.csv", shop());
    workspace.stdout("train shop.csv --bipartite --epochs 30 --output run --quiet");
    for list in ["train", "validation", "validation_negatives", "test", "test_negatives"] {
        let rows = workspace.read(&format!("run/split/{list}.csv"));
        assert!(rows.lines().count() > 1 && rows.lines().skip(1).all(is_across), "{list}: {rows}");
    }
    assert_eq!(workspace.json("run/run.json")["counts"]["num_sources"], 30);
    let nodes = workspace.read("run/nodes.csv");
    assert!(nodes.lines().skip(1).take(30).all(|node| node.starts_with('u')), "{nodes}");
    let num_edges = shop().lines().collect::<HashSet<_>>().len() - 1;

    // All candidates and no other pair.
    let predicted = workspace.stdout("predict run --top 1000 --quiet");
    let pairs: HashSet<&str> = predicted.lines().skip(1).collect();
    assert_eq!(pairs.len(), 30 * 20 - num_edges);
    assert!(predicted.lines().skip(1).all(is_across), "{predicted}");
    let of_item = workspace.stdout("predict run --top 1000 --node i7 --quiet");
    let of_item: Vec<&str> = of_item.lines().skip(1).collect();
    assert!(!of_item.is_empty() && of_item.iter().all(|row| row.starts_with("i7,u")), "{of_item:?}");

    for negatives in ["degree", "hard"] {
        workspace.stdout(&format!("evaluate run --negatives {negatives} --quiet"));
    }
    let made = workspace.stdout("generate run --edges 200 --quiet");
    assert!(made.lines().count() > 150 && made.lines().skip(1).all(is_across), "{made}");
    workspace.stdout("inspect run --quiet");
    workspace.stdout("embed run --quiet");
    workspace.stdout("audit run --quiet");
    // A pair within one kind is scored if asked for explicitly.
    workspace.write("pairs.csv", "u0,u1\nu0,i9\n");
    assert_eq!(workspace.stdout("score run --pairs pairs.csv --quiet").lines().count(), 3);
    // Other models on the same split, including those without an auto-encoder.
    workspace.stdout("train shop.csv --bipartite --split run --model katz --output katz --quiet");
    let best = "train shop.csv --bipartite --split run --model best --epochs 5 --output best --quiet";
    workspace.stdout(best);
    assert!(workspace.stdout("predict best --top 1000 --quiet").lines().skip(1).all(is_across));
}

#[test]
fn old_run_without_bipartite_setting_opens() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let mut record = workspace.json("run/run.json");
    for (part, key) in [("read", "bipartite"), ("train", "weighted_loss")] {
        assert_eq!(record["config"][part].as_object_mut().unwrap().remove(key), Some(false.into()));
    }
    workspace.write("run/run.json", record.to_string());
    workspace.stdout("evaluate run --quiet");
}

#[test]
fn sampled_loss_needs_absent_pairs() {
    let workspace = Workspace::new();
    let rows: String = (0..24).map(|at| format!("u{},i{}\n", at / 4, at % 4)).collect();
    workspace.write("full.csv", rows);
    let train =
        "train full.csv --bipartite --val-fraction 0 --test-fraction 0 --epochs 2 --output run --quiet";
    let error = workspace.failure(&format!("{train} --loss sampled"), 2);
    assert_eq!(
        error,
        "error: --loss sampled draws pairs that are not edges, but every pair of nodes is an edge; hint: --loss exact\n"
    );
    workspace.stdout(train);
}

#[test]
fn every_loss_trains() {
    let workspace = Workspace::new();
    workspace.write("shop.csv", shop());
    for (at, loss) in ["exact", "sampled", "reweighted", "subgraph"].iter().enumerate() {
        let run = format!("train shop.csv --bipartite --loss {loss} --epochs 3 --output run{at} --quiet");
        workspace.stdout(&run);
    }
}

#[test]
fn non_bipartite_input_is_refused() {
    let workspace = Workspace::new();
    workspace
        .write("mixed.csv", "user,item\na,x\n# a comment\nb,y\nx,b\n")
        .write("loop.csv", "a,x\nb,b\nb,x\n");
    let error = workspace.failure("train mixed.csv --bipartite --output run --quiet", 1);
    assert_eq!(
        error,
        "error: mixed.csv:5: node x is both a source and a target (target on line 2); expected two kinds of nodes with \
         --bipartite; hint: give the ids of one kind a prefix\n"
    );
    let error = workspace.failure("train loop.csv --bipartite --output run --quiet", 1);
    assert!(
        error.starts_with("error: loop.csv:2: node b is both a source and a target (source on this line)"),
        "{error}"
    );

    workspace.write("shop.csv", shop());
    workspace.failure("train shop.csv --bipartite --directed --quiet", 2);
    let error = workspace.failure("train shop.csv --bipartite --model gravity-gae --quiet", 2);
    assert_eq!(
        error,
        "error: --bipartite leaves edges without directions, which gravity-gae is for: choose another model\n"
    );
    let error = workspace.failure("train shop.csv --bipartite --task biased --quiet", 2);
    assert_eq!(
        error,
        "error: --bipartite leaves edges without directions, which --task biased asks for: leave it out\n"
    );
    let error = workspace.failure("train shop.csv --bipartite --model adamic-adar --quiet", 2);
    assert_eq!(
        error,
        "error: --bipartite leaves nothing to adamic-adar: a source and a target have no common neighbours; choose one \
         of preferential-attachment, katz, personalized-pagerank, spectral, feature-cosine, propagated-cosine, neighbourhood-cosine\n"
    );
    assert!(!workspace.exists("run"));
}

#[test]
fn split_with_same_kind_negative_is_refused() {
    let workspace = Workspace::new();
    workspace.write("shop.csv", shop());
    workspace.stdout("train shop.csv --bipartite --epochs 1 --output run --quiet");
    let negatives = workspace.read("run/split/test_negatives.csv");
    let first = negatives.lines().nth(1).unwrap();
    workspace.write("run/split/test_negatives.csv", negatives.replace(first, "u0,u1"));
    let error = workspace.failure("train shop.csv --bipartite --split run --output other --quiet", 1);
    assert_eq!(
        error,
        "error: run/split: the split does not hold: u0,u1 in test_negatives joins two nodes of one kind; the graph is \
         bipartite\n"
    );
    workspace.vgae("audit run --quiet").assert().code(1);
}
