//! The command line as a whole: pipes, completions, man pages and renamed flags.

use crate::common::{VGAE, Workspace, karate, ring, rows, text};

#[test]
fn closed_pipe_is_no_error() {
    let workspace = Workspace::new();
    workspace.write("ring.csv", rows(&ring(3000), ",")).stdout("train ring.csv --output run --epochs 1 -q");
    let command = format!("{} embed run | head -n 1; echo ${{PIPESTATUS[0]}}", VGAE);
    let output = std::process::Command::new("bash")
        .current_dir(workspace.path(""))
        .args(["-c", &command])
        .output()
        .unwrap();
    let stdout = text(output.stdout);
    assert_eq!(stdout.lines().last().unwrap(), "0");
    assert!(stdout.starts_with("node,"));
    assert_eq!(text(output.stderr), "");
}

#[test]
fn completions_and_man_pages() {
    let workspace = Workspace::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = workspace.stdout(&format!("completions {shell}"));
        for word in ["train", "predict", "negatives-per-edge"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert!(workspace.failure("completions tcl", 2).contains("possible values: bash"));
    let manual = workspace.stdout("man");
    assert!(manual.contains(".TH vgae 1") && manual.contains("vgae\\-reconstruct"), "{manual}");
    let of_train = workspace.stdout("man train");
    assert!(of_train.contains(".TH vgae\\-train 1") || of_train.contains(".TH vgae-train 1"), "{of_train}");
    assert!(of_train.contains("\\-\\-kl\\-weight"));
    let error = workspace.failure("man fly", 2);
    assert!(error.contains("unknown verb fly; expected one of train, evaluate"), "{error}");
}

#[test]
fn the_old_spelling_of_a_renamed_flag_is_an_error_that_names_the_new_one() {
    let workspace = Workspace::new();
    let renamed = [
        ("score run --pairs pairs.csv --columns", "--columns", "--keep-columns"),
        ("score --columns", "--columns", "--keep-columns"),
        ("--threads 1 evaluate run --calibration --json", "--calibration", "--reliability"),
        ("benchmark a --models gae --with gae:--seed", "--with", "--model-args"),
        ("benchmark a --models gae --with=gae:--seed", "--with", "--model-args"),
        ("train edges.csv --weights 3", "--weights", "--weight-column"),
    ];
    for (arguments, old, new) in renamed {
        let error = workspace.failure(arguments, 2);
        assert_eq!(error, format!("error: {old} was renamed; use {new} instead\n"), "{arguments}");
    }
    let flags = format!("benchmark {} --models gae -- --weights 3", karate());
    let expected =
        "error: the `vgae train` flags for gae: --weights was renamed; use --weight-column instead\n";
    assert_eq!(workspace.failure(&flags, 2), expected);
    // Another verb has never had such a flag.
    assert!(workspace.failure("predict run --columns", 2).contains("unexpected argument '--columns'"));
}
