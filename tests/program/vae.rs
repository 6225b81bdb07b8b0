//! A VAE of feature rows, and looking into and generating from runs, by the real binary.

mod common;

use common::{Place, karate};

/// Sixty rows of twelve features, each row one of three patterns with a flaw.
fn patterns() -> String {
    let row = |at: usize| {
        let bits =
            (0..12).map(move |column| usize::from((column / 4 == at % 3) != (column == (at / 3) % 12)));
        let fields: Vec<String> = bits.map(|bit| bit.to_string()).collect();
        format!("r{at},{}\n", fields.join(","))
    };
    (0..60).map(row).collect()
}

fn train(place: &Place, flags: &str) {
    place.stdout(&format!("train {} --output run --force --quiet {flags}", karate()));
}

fn number(row: &str, column: usize) -> f64 {
    row.split(',').nth(column).unwrap().parse().unwrap()
}

#[test]
fn a_vae_takes_rows_alone_and_gives_them_back() {
    let place = Place::new();
    place.write("rows.csv", patterns());
    let train = "train rows.csv --model vae --latent 2 --hidden 32 --epochs 400 --learning-rate 0.005";
    let stdout =
        place.stdout(&format!("{train} --val-fraction 0.1 --test-fraction 0.2 --output run --quiet"));
    assert!(stdout.starts_with("part") && stdout.contains("elbo") && !stdout.contains("roc_auc"), "{stdout}");
    let metrics = place.json("run/metrics.json");
    assert_eq!(metrics["rows"]["validation"]["num_rows"], 6);
    assert_eq!(metrics["rows"]["test"]["num_rows"], 12);
    // Twelve coins without a model cost 12 ln 2 = 8.3 nats.
    let elbo = metrics["rows"]["test"]["elbo"].as_f64().unwrap();
    assert!((-6.5..0.0).contains(&elbo), "{elbo}");
    assert!(metrics["test"].is_null());
    assert_eq!(place.stdout("evaluate run"), stdout);
    assert!(place.read("run/history.csv").lines().next().unwrap().contains("validation_elbo"));
    assert_eq!(place.stdout("embed run --log-variance").lines().count(), 61);
    place.stdout("audit run");
    let parts = place.read("run/rows.csv");
    assert_eq!(parts.lines().filter(|row| row.ends_with(",test")).count(), 12);
    assert!(place.failure("evaluate run --hits 5", 2).contains("no links"));

    let own = place.stdout("reconstruct run");
    let lines: Vec<&str> = own.lines().collect();
    assert!(lines[0].starts_with("row,mean_squared_error,feature_0,") && lines.len() == 61);
    assert!(lines[1].starts_with("r0,"));
    // A row of the first pattern is known by its four ones.
    assert!(number(lines[4], 2) > 0.5 && number(lines[4], 13) < 0.5, "{}", lines[4]);
    place.write("new.csv", "same,1,1,1,1,0,0,0,0,0,0,0,0\nodd,1,0,1,0,1,0,1,0,1,0,1,0\n");
    let new = place.stdout("reconstruct run --rows new.csv --errors");
    let errors: Vec<f64> = new.lines().skip(1).map(|row| number(row, 1)).collect();
    assert_eq!(new.lines().next(), Some("row,mean_squared_error"));
    assert!(errors[0] < 0.5 * errors[1], "{errors:?}");

    let generated = place.stdout("generate run --count 5 --seed 3");
    assert!(generated.starts_with("row,feature_0,") && generated.lines().count() == 6);
    assert!(generated.lines().skip(1).all(|row| row.split(',').skip(1).all(|x| x == "0.0" || x == "1.0")));
    assert_eq!(generated, place.stdout("generate run --count 5 --seed 3"));
    assert_ne!(generated, place.stdout("generate run --count 5 --seed 4"));
}

#[test]
fn a_vae_is_a_baseline_for_links() {
    let place = Place::new();
    let edges: String =
        (0..60).map(|at| format!("r{at},r{}\nr{at},r{}\n", (at + 3) % 60, (at + 6) % 60)).collect();
    place.write("edges.csv", edges).write("rows.csv", patterns());
    let stdout =
        place.stdout("train edges.csv --features rows.csv --model vae --output run --epochs 50 --quiet");
    assert!(stdout.contains("elbo") && stdout.contains("roc_auc"), "{stdout}");
    assert_eq!(place.stdout("evaluate run"), stdout);
    assert_eq!(place.stdout("predict run --top 3").lines().count(), 4);
    place.stdout("audit run");
}

#[test]
fn a_vae_says_what_it_cannot_do() {
    let place = Place::new();
    place.write("rows.csv", patterns()).write("wide.csv", "a,1,2,3\nb,2,3,4\n");
    let failed = place.failure(&format!("train {} --model vae", karate()), 2);
    assert!(failed.contains("learns from features"), "{failed}");
    for (flags, said) in [
        ("--mask-edges 0.5", "--mask-edges"),
        ("--loss sampled", "--loss"),
        ("--decoder hadamard-mlp", "--decoder"),
    ] {
        let failed = place.failure(&format!("train rows.csv --model vae {flags}"), 2);
        assert!(failed.contains(said), "{failed}");
    }
    let failed = place.failure("train wide.csv --model vae --likelihood bernoulli", 2);
    assert!(failed.contains("--likelihood bernoulli"), "{failed}");
    place.stdout("train rows.csv --model vae --output run --epochs 2 --quiet");
    let failed = place.failure("reconstruct run --rows wide.csv", 1);
    assert!(failed.contains("3 features") && failed.contains("12"), "{failed}");
    assert!(place.failure("generate run --edges 3", 2).contains("--count"));
    assert!(place.failure("generate run --from posterior", 2).contains("reconstruct"));
    train(&place, "");
    assert!(place.failure("reconstruct run", 2).contains("--model vae"));
}

#[test]
fn a_graph_is_generated_from_the_prior_and_from_the_posterior() {
    let place = Place::new();
    train(&place, "--epochs 100");
    let prior = place.stdout("generate run");
    assert_eq!(prior.lines().next(), Some("source,target"));
    assert_eq!(prior.lines().count(), 1 + 68);
    assert_ne!(prior, place.stdout("generate run --seed 1"));
    let posterior = place.stdout("generate run --from posterior --edges 20");
    assert_eq!(posterior.lines().count(), 21);
    // The posterior knows the graph: most of its best pairs are edges, which are 14 % of all pairs.
    let edges = place.read("run/split/train.csv");
    let known =
        |list: &str| list.lines().skip(1).filter(|pair| edges.contains(&format!("\n{pair}\n"))).count();
    assert!(known(&posterior) > 6, "{}", known(&posterior));
    // An edge list that was generated is one that can be read.
    place.stdout("generate run --output made.csv --edges 60");
    place.stdout("train made.csv --epochs 2 --quiet --output again");
    train(&place, "--model gae");
    assert!(place.failure("generate run", 2).contains("vgae"));
    train(&place, "--model katz");
    assert!(place.failure("generate run", 2).contains("katz"));
}

#[test]
fn inspect_tells_a_collapsed_posterior() {
    let place = Place::new();
    train(&place, "--epochs 200");
    let healthy: serde_json::Value = serde_json::from_str(&place.stdout("inspect run --json")).unwrap();
    let dimensions = healthy["latent"]["dimensions"].as_array().unwrap();
    assert_eq!(dimensions.len(), 16);
    let sum: f64 = dimensions.iter().map(|dimension| dimension["kl"].as_f64().unwrap()).sum();
    assert!((sum - healthy["latent"]["kl"].as_f64().unwrap()).abs() < 1e-9);

    train(&place, "--epochs 200 --kl-weight 100");
    let assert = place.vgae("inspect run").assert().success();
    let (stdout, stderr) = (assert.get_output().stdout.clone(), assert.get_output().stderr.clone());
    assert!(common::text(stdout).lines().last().unwrap().ends_with(" 0"));
    assert!(common::text(stderr).contains("the posterior has collapsed: 0 of 16"));

    train(&place, "--epochs 3000 --kl-weight 0");
    let stderr = place.vgae("inspect run").assert().success().get_output().stderr.clone();
    assert!(common::text(stderr).contains("the variances have collapsed"));

    train(&place, "--model gae");
    assert!(place.stdout("inspect run").contains("var_of_mean"));
    train(&place, "--model best");
    let stack = place.stdout("inspect run");
    for part in ["normalised", "perceptron", "log-katz", "all"] {
        assert!(stack.contains(part), "{stack}");
    }
    train(&place, "--model jaccard");
    assert!(place.failure("inspect run", 2).contains("jaccard"));
}
