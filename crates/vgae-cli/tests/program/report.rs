//! `vgae report` and `vgae plot`.

use crate::common::{Workspace, karate, ring};

/// Returns the words of the line of a text report that begins with `start`.
fn words(text: &str, start: &str) -> Vec<String> {
    let line =
        text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start} in {text}"));
    line.split_whitespace().map(String::from).collect()
}

#[test]
fn text_report_matches_evaluate() {
    let workspace = Workspace::new();
    workspace.train_karate("--calibrate platt");
    let text = workspace.stdout("report run --text");
    let evaluated: serde_json::Value =
        serde_json::from_str(&workspace.stdout("evaluate run --bootstrap 1000 --by-degree --json")).unwrap();
    let test = &evaluated["test"];
    let four = |value: &serde_json::Value| format!("{:.4}", value.as_f64().unwrap());
    let row = words(&text, "vgae  ");
    assert_eq!(row[1], four(&test["roc_auc"]));
    let interval = &test["intervals"]["roc_auc"];
    assert_eq!(row[2..5], [four(&interval["lower"]), "–".into(), four(&interval["upper"])]);
    assert_eq!(row[5], four(&test["average_precision"]));
    for bucket in test["by_degree"].as_array().unwrap() {
        let row = words(&text, bucket["smaller_degree"].as_str().unwrap());
        assert_eq!(row[1], bucket["num_edges"].to_string());
        if let Some(auc) = bucket["metrics"]["roc_auc"].as_f64() {
            assert_eq!(row[4], format!("{auc:.4}"));
        }
    }
    // The simple scores equal those of a benchmark.
    workspace.stdout(&format!("train {} --model jaccard --split run --quiet -o jaccard", karate()));
    let jaccard = &workspace.json("jaccard/metrics.json")["test"]["roc_auc"];
    assert_eq!(words(&text, "jaccard")[1], four(jaccard));
    // The first link equals the first prediction.
    let best = workspace.stdout("predict run --top 1");
    let best: Vec<&str> = best.lines().nth(1).unwrap().split(',').collect();
    let after = text.split("The highest-ranked new links\n").nth(1).unwrap();
    let first: Vec<&str> = after.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!(first[..2], best[..2]);
    let claims = evaluated_claims(&workspace);
    assert!(text.contains(&format!("platt: expected calibration error {claims}")), "{claims} in {text}");
}

/// Returns the calibration error of the test pairs, with four digits.
fn evaluated_claims(workspace: &Workspace) -> String {
    let calibrator = &workspace.json("run/run.json")["calibration"];
    let number = |name: &str| calibrator[name].as_f64();
    // The report uses the split's own pairs; this computes the error from their scores.
    let mut pairs = Vec::new();
    for (file, label) in [("test", 1.0), ("test_negatives", 0.0)] {
        std::fs::copy(workspace.path(&format!("run/split/{file}.csv")), workspace.path("pairs.csv")).unwrap();
        let scores = workspace.stdout("score run --pairs pairs.csv");
        let column = |line: &str| line.split(',').next_back().unwrap().parse::<f64>().unwrap();
        pairs.extend(scores.lines().skip(1).map(|line| (column(line), label)));
    }
    let (slope, intercept) = (number("slope").unwrap(), number("intercept").unwrap());
    let mut gaps = [0.0; 10];
    for (logit, label) in &pairs {
        let p = 1.0 / (1.0 + (-(slope * logit + intercept)).exp());
        gaps[((p * 10.0).ceil() as usize).clamp(1, 10) - 1] += label - p;
    }
    let error = gaps.iter().map(|gap| gap.abs()).sum::<f64>() / pairs.len() as f64;
    format!("{error:.4}")
}

#[test]
fn report_for_every_model() {
    let workspace = Workspace::new();
    let rows: String = (0..30).map(|at| format!("r{at},{},{},{}\n", at % 3, at % 5, at % 7)).collect();
    let bipartite: String = (0..40).map(|at| format!("u{},v{}\n", at % 8, (at * 3 + at / 8) % 11)).collect();
    workspace.write("rows.csv", rows).write("bipartite.csv", bipartite);
    let karate = karate();
    let runs = [
        format!("{karate} --model gae"),
        format!("{karate} --model best"),
        format!("{karate} --model adamic-adar"),
        format!("{karate} --model gravity-vgae --directed"),
        format!("{karate} --test-fraction 0"),
        format!("{karate} --test-fraction 0 --val-fraction 0 --patience 0"),
        "bipartite.csv --bipartite".into(),
        "rows.csv --model vae".into(),
    ];
    for arguments in &runs {
        let arguments = arguments.replace(" --patience 0", "");
        let epochs = if arguments.contains("adamic") { "" } else { "--epochs 4" };
        workspace.stdout(&format!("train {arguments} {epochs} --quiet --force -o run"));
        let page = workspace.read("run/report.html");
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{arguments}");
        let text = workspace.stdout("report run --text");
        assert!(text.starts_with("run\n===\n"), "{arguments}: {text}");
        workspace.stdout("report run --quiet --map none -o - ");
    }
}

#[test]
fn findings_match_figures() {
    let workspace = Workspace::new();
    let edges: String = ring(150).iter().map(|(u, v)| format!("{u},{v}\n")).collect();
    workspace.write("ring.csv", format!("source,target\n{edges}"));
    let finding = |text: &str, question: &str| {
        let answer = text.lines().find_map(|line| line.strip_prefix(question));
        answer.unwrap_or_else(|| panic!("no {question} in {text}")).trim().to_string()
    };
    // Such a heavy KL term leaves no information in the latent.
    workspace.stdout("train ring.csv --kl-weight 1000 --quiet -o collapsed");
    let text = workspace.stdout("report collapsed --text");
    assert_eq!(finding(&text, "Can I trust it?"), "No: it does not rank measurably better than chance");
    assert_eq!(finding(&text, "What did it find?"), "Nothing reliable");
    assert!(text.contains("The latent space has collapsed: only 0 of 16 dimensions vary"), "{text}");
    assert!(!text.contains("--calibrate"), "there is nothing to calibrate: {text}");
    // The report names the best simple score, and does not claim to exceed it otherwise.
    let standing = |text: &str| words(text, "propagated-cosine");
    workspace.stdout(&format!("train {} --quiet --epochs 30 -o run", karate()));
    let text = workspace.stdout("report run --text");
    assert!(!text.contains("propagated-cosine"), "there are no features");
    assert!(text.contains("There are only 7 links"), "{text}");
    let rows: String = (0..150).map(|at| format!("a{at},{},1\n", at / 3)).collect();
    workspace.write("words.csv", format!("node,feature,value\n{rows}"));
    workspace.stdout("train ring.csv --features words.csv --epochs 2 --quiet -o early");
    let text = workspace.stdout("report early --text");
    let best: f64 = standing(&text)[1].parse().unwrap();
    let upper: f64 = words(&text, "vgae  ")[4].parse().unwrap();
    if upper < best {
        assert_eq!(finding(&text, "Did it learn?"), "Yes, but a simple score ranks better");
    }
    // Untrained scores get no verdict on learning and are not compared with themselves.
    workspace.stdout(&format!("train {} --model jaccard --quiet -o jaccard", karate()));
    let text = workspace.stdout("report jaccard --text");
    assert_eq!(finding(&text, "Did it learn?"), "It needs no training");
    assert_eq!(text.lines().filter(|line| line.starts_with("jaccard  ")).count(), 1);
    // The validation part selects nothing unless asked to.
    let page = workspace.read("early/report.html");
    assert!(!page.contains("which were used to make choices"));
    workspace.stdout("train ring.csv --select best --epochs 5 --quiet -o chosen");
    assert!(workspace.read("chosen/report.html").contains("which were used to make choices"));
}

#[test]
fn report_is_replaced_with_its_run() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    assert!(workspace.exists("run/report.html"));
    workspace.stdout(&format!("train {} -o run --epochs 5 --quiet --force --no-report", karate()));
    assert!(!workspace.exists("run/report.html"), "it would be that of another run");
    let note = workspace.vgae("report run").assert().success().get_output().stderr.clone();
    assert_eq!(String::from_utf8(note).unwrap(), "report: run/report.html\n");
    workspace.stdout("report run --quiet");
    workspace.stdout("evaluate run");
    workspace.stdout("report run run -o two.html --quiet");
    assert!(workspace.failure("report run -o two.html", 1).contains("two.html already exists"));
    workspace.stdout("report run -o two.html --force --quiet");
    assert!(workspace.failure("report nowhere", 1).contains("nowhere"));
    assert!(workspace.failure("report run --top 0", 2).contains("--top is 0; expected 1 to 10000"));
    assert!(
        workspace
            .failure("report run --map-nodes 20001", 2)
            .contains("--map-nodes is 20001; expected 1 to 20000")
    );
}

#[test]
fn plots_of_every_kind() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let kinds =
        ["loss", "kl", "validation", "roc", "pr", "calibration", "scores", "degree", "latent", "embedding"];
    for kind in kinds {
        let svg = workspace.stdout(&format!("plot run --kind {kind} -o -"));
        assert!(svg.starts_with("<svg ") && svg.contains("viewBox"), "{kind}");
        let mut reader = quick_xml::Reader::from_str(&svg);
        while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
        workspace.stdout(&format!("plot run --kind {kind} -o {kind}.png --scale 1 --quiet"));
        let png = std::fs::read(workspace.path(&format!("{kind}.png"))).unwrap();
        assert_eq!(
            (&png[..8], &png[16..24]),
            (b"\x89PNG\r\n\x1a\n".as_slice(), [0, 0, 1, 224, 0, 0, 1, 144].as_slice())
        );
    }
    std::fs::create_dir(workspace.path("other")).unwrap();
    workspace.stdout(&format!("train {} --model gae --epochs 5 --quiet -o other/run", karate()));
    let svg = workspace.stdout("plot run other/run --kind roc -o -");
    assert_eq!(svg.matches("class=\"series\"").count(), 2);
    assert!(svg.contains("other/run, AUC"), "two runs of one name are told apart");
    let error = workspace.failure("plot run other/run --kind degree -o a.svg", 2);
    assert!(error.contains("--kind degree shows one run; 2 were given"), "{error}");
    assert!(
        workspace
            .failure("plot run --kind roc -o roc.pdf", 2)
            .contains("expected a name that ends in .svg or .png")
    );
    assert!(workspace.failure("plot run --kind roc -o roc.png", 1).contains("already exists"));
    assert!(workspace.failure("plot run --kind roc -o a.svg --width 0", 2).contains("expected a width"));
    workspace.stdout(&format!("train {} --model jaccard --quiet -o scores", karate()));
    let error = workspace.failure("plot scores --kind loss -o a.svg", 2);
    assert!(error.contains("--kind loss: scores has no data for this chart; hint: these kinds have data: roc, pr, calibration, scores, degree"), "{error}");
    assert!(!workspace.exists("a.svg"));
}
