//! A VAE of feature rows, `vgae inspect`, and `vgae generate`.

use crate::common::{Workspace, karate, text};

/// Returns sixty rows of twelve binary features; each row is one of three patterns with a flaw.
fn patterns() -> String {
    let row = |at: usize| {
        let bits =
            (0..12).map(move |column| usize::from((column / 4 == at % 3) != (column == (at / 3) % 12)));
        let fields: Vec<String> = bits.map(|bit| bit.to_string()).collect();
        format!("r{at},{}\n", fields.join(","))
    };
    (0..60).map(row).collect()
}

fn train(workspace: &Workspace, flags: &str) {
    workspace.stdout(&format!("train {} --output run --force --quiet {flags}", karate()));
}

fn number(row: &str, column: usize) -> f64 {
    row.split(',').nth(column).unwrap().parse().unwrap()
}

#[test]
fn vae_reconstructs_rows() {
    let workspace = Workspace::new();
    workspace.write("rows.csv", patterns());
    let train = "train rows.csv --model vae --latent 2 --hidden 32 --epochs 400 --learning-rate 0.005";
    let stdout =
        workspace.stdout(&format!("{train} --val-fraction 0.1 --test-fraction 0.2 --output run --quiet"));
    assert!(stdout.starts_with("part") && stdout.contains("elbo") && !stdout.contains("roc_auc"), "{stdout}");
    let metrics = workspace.json("run/metrics.json");
    assert_eq!(metrics["rows"]["validation"]["num_rows"], 6);
    assert_eq!(metrics["rows"]["test"]["num_rows"], 12);
    // Without a model, twelve coins cost 12 ln 2 = 8.3 nats.
    let elbo = metrics["rows"]["test"]["elbo"].as_f64().unwrap();
    assert!((-6.5..0.0).contains(&elbo), "{elbo}");
    assert!(metrics["test"].is_null());
    assert_eq!(workspace.stdout("evaluate run"), stdout);
    assert!(workspace.read("run/history.csv").lines().next().unwrap().contains("validation_elbo"));
    assert_eq!(workspace.stdout("embed run --log-variance").lines().count(), 61);
    workspace.stdout("audit run");
    let parts = workspace.read("run/rows.csv");
    assert_eq!(parts.lines().filter(|row| row.ends_with(",test")).count(), 12);
    assert!(workspace.failure("evaluate run --hits 5", 2).contains("no links"));

    let own = workspace.stdout("reconstruct run");
    let lines: Vec<&str> = own.lines().collect();
    assert!(lines[0].starts_with("row,mean_squared_error,feature_0,") && lines.len() == 61);
    assert!(lines[1].starts_with("r0,"));
    // A row of the first pattern starts with ones and ends with zeros.
    assert!(number(lines[4], 2) > 0.5 && number(lines[4], 13) < 0.5, "{}", lines[4]);
    workspace.write("new.csv", "same,1,1,1,1,0,0,0,0,0,0,0,0\nodd,1,0,1,0,1,0,1,0,1,0,1,0\n");
    let new = workspace.stdout("reconstruct run --rows new.csv --errors");
    let errors: Vec<f64> = new.lines().skip(1).map(|row| number(row, 1)).collect();
    assert_eq!(new.lines().next(), Some("row,mean_squared_error"));
    assert!(errors[0] < 0.5 * errors[1], "{errors:?}");

    let generated = workspace.stdout("generate run --count 5 --seed 3");
    assert!(generated.starts_with("row,feature_0,") && generated.lines().count() == 6);
    assert!(generated.lines().skip(1).all(|row| row.split(',').skip(1).all(|x| x == "0.0" || x == "1.0")));
    assert_eq!(generated, workspace.stdout("generate run --count 5 --seed 3"));
    assert_ne!(generated, workspace.stdout("generate run --count 5 --seed 4"));
}

#[test]
fn vae_as_link_baseline() {
    let workspace = Workspace::new();
    let edges: String =
        (0..60).map(|at| format!("r{at},r{}\nr{at},r{}\n", (at + 3) % 60, (at + 6) % 60)).collect();
    workspace.write("edges.csv", edges).write("rows.csv", patterns());
    let stdout =
        workspace.stdout("train edges.csv --features rows.csv --model vae --output run --epochs 50 --quiet");
    assert!(stdout.contains("elbo") && stdout.contains("roc_auc"), "{stdout}");
    assert_eq!(workspace.stdout("evaluate run"), stdout);
    assert_eq!(workspace.stdout("predict run --top 3").lines().count(), 4);
    workspace.stdout("audit run");
}

#[test]
fn vae_refuses_inapplicable_flags() {
    let workspace = Workspace::new();
    workspace.write("rows.csv", patterns()).write("wide.csv", "a,1,2,3\nb,2,3,4\n");
    let failed = workspace.failure(&format!("train {} --model vae", karate()), 2);
    assert!(failed.contains("learns from features"), "{failed}");
    for (flags, said) in [
        ("--mask-edges 0.5", "--mask-edges"),
        ("--loss sampled", "--loss"),
        ("--decoder hadamard-mlp", "--decoder"),
    ] {
        let failed = workspace.failure(&format!("train rows.csv --model vae {flags}"), 2);
        assert!(failed.contains(said), "{failed}");
    }
    let failed = workspace.failure("train wide.csv --model vae --likelihood bernoulli", 2);
    assert!(failed.contains("--likelihood bernoulli"), "{failed}");
    workspace.stdout("train rows.csv --model vae --output run --epochs 2 --quiet");
    let failed = workspace.failure("reconstruct run --rows wide.csv", 1);
    assert!(failed.contains("3 features") && failed.contains("12"), "{failed}");
    assert!(workspace.failure("generate run --edges 3", 2).contains("--count"));
    assert!(workspace.failure("generate run --from posterior", 2).contains("reconstruct"));
    train(&workspace, "");
    assert!(workspace.failure("reconstruct run", 2).contains("--model vae"));
}

#[test]
fn graphs_from_prior_and_posterior() {
    let workspace = Workspace::new();
    train(&workspace, "--epochs 100");
    let prior = workspace.stdout("generate run");
    assert_eq!(prior.lines().next(), Some("source,target"));
    assert_eq!(prior.lines().count(), 1 + 68);
    assert_ne!(prior, workspace.stdout("generate run --seed 1"));
    let posterior = workspace.stdout("generate run --from posterior --edges 20");
    assert_eq!(posterior.lines().count(), 21);
    // The posterior reflects the graph: most of its best pairs are edges, against 14 % of all pairs.
    let edges = workspace.read("run/split/train.csv");
    let known =
        |list: &str| list.lines().skip(1).filter(|pair| edges.contains(&format!("\n{pair}\n"))).count();
    assert!(known(&posterior) > 6, "{}", known(&posterior));
    // A generated edge list can be read.
    workspace.stdout("generate run --output made.csv --edges 60");
    workspace.stdout("train made.csv --epochs 2 --quiet --output again");
    train(&workspace, "--model gae");
    assert!(workspace.failure("generate run", 2).contains("vgae"));
    train(&workspace, "--model katz");
    assert!(workspace.failure("generate run", 2).contains("katz"));
}

#[test]
fn inspect_reports_collapse() {
    let workspace = Workspace::new();
    train(&workspace, "--epochs 200");
    let healthy: serde_json::Value = serde_json::from_str(&workspace.stdout("inspect run --json")).unwrap();
    let dimensions = healthy["latent"]["dimensions"].as_array().unwrap();
    assert_eq!(dimensions.len(), 16);
    let sum: f64 = dimensions.iter().map(|dimension| dimension["kl"].as_f64().unwrap()).sum();
    assert!((sum - healthy["latent"]["kl"].as_f64().unwrap()).abs() < 1e-9);

    train(&workspace, "--epochs 200 --kl-weight 100");
    let assert = workspace.vgae("inspect run").assert().success();
    let (stdout, stderr) = (assert.get_output().stdout.clone(), assert.get_output().stderr.clone());
    assert!(text(stdout).lines().last().unwrap().ends_with(" 0"));
    assert!(text(stderr).contains("the posterior has collapsed: 0 of 16"));

    train(&workspace, "--epochs 3000 --kl-weight 0");
    let stderr = workspace.vgae("inspect run").assert().success().get_output().stderr.clone();
    assert!(text(stderr).contains("the variances have collapsed"));

    train(&workspace, "--model gae");
    assert!(workspace.stdout("inspect run").contains("var_of_mean"));
    train(&workspace, "--model best");
    let stack = workspace.stdout("inspect run");
    for part in ["normalised", "perceptron", "log-katz", "all"] {
        assert!(stack.contains(part), "{stack}");
    }
    train(&workspace, "--model jaccard");
    assert!(workspace.failure("inspect run", 2).contains("jaccard"));
}
