//! `train --config` and `train --dry-run`.

use crate::common::{Workspace, karate, ring, rows, text};

#[test]
fn config_file_equals_flags() {
    let workspace = Workspace::new();
    workspace.write(
        "run.toml",
        "# A comment.\nmodel = \"vgae\"\nepochs = 0x14 # 20\nval_fraction = 0.2\nhidden = 8\nkl-weight = 0.5\n\
         directed = false\nbias = true\nseed = 18446744073709551615\n",
    );
    let train = format!("train {} --quiet", karate());
    let by_file = workspace.stdout(&format!("{train} --config run.toml -o by_file"));
    let flags =
        "--epochs 20 --val-fraction 0.2 --hidden 8 --kl-weight 0.5 --bias --seed 18446744073709551615";
    let by_flags = workspace.stdout(&format!("{train} {flags} -o by_flags"));
    assert_eq!(by_file, by_flags);
    let [file, flags] =
        ["by_file", "by_flags"].map(|run| workspace.json(&format!("{run}/run.json"))["config"].clone());
    assert_eq!(file, flags);
    assert_eq!((&file["model"]["hidden"], &file["split"]["val_fraction"]), (&8.into(), &0.2.into()));
    // The weights are equal too.
    let weights = |run: &str| std::fs::read(workspace.path(&format!("{run}/weights.safetensors"))).unwrap();
    assert!(weights("by_file") == weights("by_flags"));

    // The file may come from stdin.
    let command = format!("{train} --config - -o by_stdin");
    let assert = workspace.vgae(&command).write_stdin(workspace.read("run.toml")).assert().success();
    assert_eq!(text(assert.get_output().stdout.clone()), by_file);
}

#[test]
fn command_line_overrides_config_file() {
    let workspace = Workspace::new();
    workspace.write("run.toml", "epochs = 5\nval-fraction = 0.2\nhidden = 8\n");
    let train = format!("train {} --quiet", karate());
    workspace.stdout(&format!("{train} --config run.toml --hidden 4 -o run"));
    let config = &workspace.json("run/run.json")["config"];
    assert_eq!((&config["model"]["hidden"], &config["train"]["epochs"]), (&4.into(), &5.into()));
    // A flag also wins if it states the default.
    workspace.stdout(&format!("{train} --val-fraction 0.05 --config run.toml -o default"));
    assert_eq!(workspace.json("default/run.json")["config"]["split"]["val_fraction"], 0.05);

    // A flag overrides conflicting keys of the file, in both directions.
    workspace.stdout(&format!("{train} --config run.toml --split run -o again"));
    assert_eq!(workspace.json("again/run.json")["split_from"], "run");
    workspace.write("split.toml", "split = \"run\"\nepochs = 5\n");
    workspace.stdout(&format!("{train} --config split.toml -o third"));
    assert_eq!(workspace.read("third/split/test.csv"), workspace.read("run/split/test.csv"));
    workspace.stdout(&format!("{train} --config split.toml --val-fraction 0.3 -o fourth"));
    assert_eq!(workspace.json("fourth/run.json")["split_from"], serde_json::Value::Null);
    // Global flags before or after the command are not settings.
    workspace.stdout(&format!("--threads 1 {train} --config run.toml -o fifth"));
    assert_eq!(workspace.json("fifth/run.json")["num_threads"], 1);
}

#[test]
fn config_errors_name_file_line_and_key() {
    let workspace = Workspace::new();
    let cases = [
        ("epocs = 3", "run.toml:1: epocs: is not a flag of `vgae train`; did you mean epochs?"),
        (
            "zzz = 3",
            "run.toml:1: zzz: is not a flag of `vgae train`; expected a flag without dashes, such as val-fraction",
        ),
        ("weights = \"3\"", "run.toml:1: weights: was renamed; use weight-column instead"),
        (
            "\nepochs = \"3\"",
            "run.toml:2: epochs: is the string \"3\"; expected a whole number of at least 0",
        ),
        ("epochs = 3.5", "run.toml:1: epochs: is the number 3.5; expected a whole number of at least 0"),
        ("dropout = true", "run.toml:1: dropout: is true; expected a number"),
        ("directed = 1", "run.toml:1: directed: is the number 1; expected true or false"),
        ("select = false", "run.toml:1: select: is false; expected one of `auto`, `last`, `best`"),
        ("features = [1]", "run.toml:1: features: is an array; expected a string"),
        ("epochs = -3", "run.toml:1: epochs: is the number -3; expected a whole number of at least 0"),
        (
            "kl-weight = -1",
            "run.toml:1: kl-weight: is the number -1; expected `kipf`, `elbo` or a number of at least 0",
        ),
        ("seed = nan", "run.toml:1: seed: is the number nan; expected a whole number of at least 0"),
        (
            "memory-limit = \"much\"",
            "run.toml:1: memory-limit: is the string \"much\"; expected a size, as in 4GB or 512MiB",
        ),
        ("split = 3", "run.toml:1: split: is the number 3; expected a string"),
        ("resume = \"x\"", "run.toml:1: resume: cannot be set in a file; use the command line"),
        (
            "select = \"bst\"",
            "run.toml:1: select: is the string \"bst\"; expected one of `auto`, `last`, `best`",
        ),
        ("output = \"x\"", "run.toml:1: output: cannot be set in a file; use the command line"),
        ("threads = 1", "run.toml:1: threads: cannot be set in a file; use the command line"),
        ("epochs = 3\nepochs = 4", "run.toml:2: duplicate key; found \"epochs = 4\""),
        ("val-fraction = 0.1\nval_fraction = 0.1", "run.toml:2: val_fraction: already set in line 1"),
        (
            "[train]\nepochs = 3",
            "run.toml:1: train: is a table; expected top-level keys, such as epochs = 100",
        ),
        (
            "epochs = 3\nval-fraction = 1.5",
            "--val-fraction is 1.5; expected a fraction of at least 0 and below 1 (run.toml:2 sets val-fraction)",
        ),
        (
            "directed = true\nbipartite = true",
            "--bipartite and --directed exclude each other: every edge goes from a source to a target (run.toml:1 sets \
             directed, run.toml:2 sets bipartite)",
        ),
        (
            "model = \"gae\"\nkl-weight = 0.5",
            "--kl-weight has no effect: gae has points and no KL term; leave it out (run.toml:2 sets kl-weight)",
        ),
        (
            "split = \"x\"\nval-fraction = 0.2",
            "--split and --val-fraction exclude each other (run.toml:1 sets split, run.toml:2 sets val-fraction)",
        ),
    ];
    for (file, expected) in cases {
        workspace.write("run.toml", file);
        let error = workspace.failure(&format!("train {} --config run.toml", karate()), 2);
        assert_eq!(error, format!("error: {expected}\n"), "{file}");
    }
    workspace.write("run.toml", "epochs = \n");
    let error = workspace.failure(&format!("train {} --config run.toml", karate()), 2);
    assert!(error.starts_with("error: run.toml:1: ") && error.ends_with("; found \"epochs =\"\n"), "{error}");
    // An error in the file counts even if the command line overrides the key.
    workspace.write("run.toml", "epochs = \"many\"\n");
    workspace.failure(&format!("train {} --config run.toml --epochs 3", karate()), 2);

    // JSON, through which the settings go, has no NaN.
    workspace.write("run.toml", "epochs = 3\n");
    for (flags, problem) in [
        ("--learning-rate nan", "--learning-rate is NaN; expected a number above 0"),
        ("--val-fraction nan", "--val-fraction is NaN; expected a fraction of at least 0 and below 1"),
        ("--free-bits inf", "--free-bits is inf; expected a number of at least 0"),
    ] {
        let error = workspace.failure(&format!("train {} --config run.toml {flags}", karate()), 2);
        assert_eq!(error, format!("error: {problem}\n"));
    }

    let error = workspace.failure(&format!("train {} --config none.toml", karate()), 1);
    assert_eq!(error, "error: cannot read none.toml: No such file or directory\n");
    workspace.write("latin.toml", b"model = \"\xe9\"");
    let error = workspace.failure(&format!("train {} --config latin.toml", karate()), 1);
    assert_eq!(error, "error: cannot read latin.toml: stream did not contain valid UTF-8\n");
    let error = workspace.vgae("train - --config -").write_stdin("epochs = 3\n").assert().code(2);
    assert_eq!(
        text(error.get_output().stderr.clone()),
        "error: DATA and --config are both -; stdin can be only one of them\n"
    );
    assert!(!workspace.exists("results"));
}

#[test]
fn dry_run_prints_equivalent_config() {
    let workspace = Workspace::new();
    workspace.write("data/edges.csv", rows(&ring(30), ","));
    let features: String = (0..30).map(|node| format!("a{node},{},{},1\n", node % 2, node % 3)).collect();
    workspace.write("data/features.csv", features);
    let cases = [
        "--epochs 12",
        "--features none --kl-weight 0.25 --epochs 12 --val-fraction 0.1 --patience 3 --seed 7",
        "--model gae --loss sampled --negatives-per-edge 3 --epochs 12 --decoder hadamard-mlp",
        "--model linear-vgae --bias --epochs 12 --feature-transform tfidf --normalize-embeddings",
        "--model vgnae --epochs 12",
        "--model tuned-gae --epochs 12",
        "--model linear-gae --layers 2 --layer-norm --average-layers --decoder residual-mlp --decoder-layers 4 --epochs 12",
        "--model vae --epochs 12 --likelihood gaussian",
        "--model gravity-vgae --directed --epochs 12",
        "--model best --epochs 12",
        "--model katz",
        "--fold 2/4 --val-fraction 0.1 --negatives-ratio 3 --epochs 12",
        "--keep-connected --epochs 12",
        "--model propagated-cosine",
    ];
    for (at, flags) in cases.iter().enumerate() {
        let dry = workspace.vgae(&format!("train data {flags} --dry-run -o run{at}")).assert().success();
        let settings = text(dry.get_output().stdout.clone());
        let said = text(dry.get_output().stderr.clone());
        assert!(said.lines().last().unwrap().starts_with("estimate: "), "{said}");
        assert!(!workspace.exists(&format!("run{at}")) && !workspace.exists("results"), "{flags}");
        workspace.write("run.toml", &settings);
        assert_eq!(workspace.stdout("train data --config run.toml --dry-run"), settings, "{flags}");

        let metrics = workspace.stdout(&format!("train data {flags} --quiet -o run{at}"));
        assert_eq!(
            workspace.stdout(&format!("train data --config run.toml --quiet -o again{at}")),
            metrics,
            "{flags}"
        );
        let config = |run: &str| workspace.json(&format!("{run}{at}/run.json"))["config"].clone();
        assert_eq!(config("run"), config("again"), "{flags}");
    }
    // A reused split replaces its fractions.
    workspace.stdout("train data --val-fraction 0.2 --negatives-ratio 2 --epochs 3 --quiet -o first");
    let settings = workspace.stdout("train data --split first --dry-run --epochs 3");
    assert!(settings.contains("\nsplit = \"first\"\n") && !settings.contains("-fraction"), "{settings}");
    assert!(!settings.contains("keep-connected") && !settings.contains("negatives-ratio"), "{settings}");
    workspace.write("run.toml", &settings).stdout("train data --config run.toml -o second --quiet");
    assert_eq!(workspace.read("second/split/test.csv"), workspace.read("first/split/test.csv"));
    // An obstacle to the run is noted but does not prevent a dry run.
    let dry = workspace.vgae("train data --dry-run -o first").assert().success();
    let said = text(dry.get_output().stderr.clone());
    assert!(said.starts_with("note: without --dry-run, this would fail: first already exists"), "{said}");
    assert!(said.contains("pass --force to replace it"), "{said}");
}

/// A new flag that affects the outcome must be part of the config, because `run.json` records only that.
#[test]
fn every_flag_is_setting_or_command_line_only() {
    let workspace = Workspace::new();
    let weighted: Vec<String> = ring(20).iter().map(|(u, v)| format!("{u},{v},2\n")).collect();
    workspace.write("edges.csv", weighted.concat());
    let settings = workspace.stdout(
        "train edges.csv --patience 5 --dry-run --epochs 3 --source 1 --target 2 --weight-column 3 --format text \
         --calibrate platt --checkpoint-every 5 --memory-limit 4GB",
    );
    let gml = "graph [ node [ id 1 label \"a\" ] node [ id 2 label \"b\" ] edge [ source 1 target 2 ] ]\n";
    workspace.write("graph.gml", gml);
    let named = workspace
        .stdout("train graph.gml --node-names label --val-fraction 0 --test-fraction 0 --dry-run --epochs 3");
    let fold = workspace.stdout("train edges.csv --fold 2/5 --dry-run --epochs 3");
    let deep = workspace.stdout("train edges.csv --model tuned-gae --dry-run --epochs 3");
    let stack = workspace.stdout("train edges.csv --model best --objective hard --dry-run --epochs 3");
    let settings = format!("{settings}{named}{fold}{deep}{stack}");
    let help = workspace.stdout("train --help");
    let flags = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let line =
            line.get(4..).filter(|_| line.starts_with('-') && line[2..].starts_with(", ")).unwrap_or(line);
        line.strip_prefix("--").map(|rest| rest.split([' ', '=']).next().unwrap().to_string())
    });
    let flags: Vec<String> = flags.collect();
    assert!(flags.len() > 30, "{flags:?}");
    for flag in flags {
        let of_command = [
            "output",
            "resume",
            "force",
            "json",
            "config",
            "dry-run",
            "no-report",
            "split",
            "quiet",
            "progress",
            "threads",
            "help",
            "version",
        ];
        let is_setting = settings.lines().any(|line| line.starts_with(&format!("{flag} = ")));
        assert!(is_setting != of_command.contains(&flag.as_str()), "--{flag}\n{settings}");
    }
}

#[test]
fn benchmark_with_config_file() {
    let workspace = Workspace::new();
    workspace.write("run.toml", "epochs = 4\nmodel = \"vgae\"\nbias = true\nhidden = 8\n");
    let command = format!("benchmark {} --models gae --splits 1 --output bench --quiet --", karate());
    workspace.stdout(&format!("{command} --config run.toml --hidden 5"));
    let runs = workspace.read("bench/runs.csv");
    assert!(runs.contains(",--epochs=4 --bias --hidden 5,"), "{runs}");
    // Changed contents make it another benchmark.
    workspace.write("run.toml", "epochs = 5\n");
    let error = workspace.failure(&format!("{command} --config=run.toml"), 1);
    assert!(
        error.contains("was made with flags \"--epochs=4 --bias --hidden 5\", not \"--epochs=5\""),
        "{error}"
    );
    workspace.write("run.toml", "epoch = 5\n");
    let error = workspace.failure(&format!("{command} --config run.toml"), 2);
    assert_eq!(
        error,
        "error: the `vgae train` flags for gae: run.toml:1: epoch: is not a flag of `vgae train`; did you mean epochs?\n"
    );
    let error = workspace.failure(&format!("{command} --config none.toml"), 1);
    assert_eq!(error, "error: cannot read none.toml: No such file or directory\n");
}
