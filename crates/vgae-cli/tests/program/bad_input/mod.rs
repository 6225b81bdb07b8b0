//! Bad input. The cases in `table.txt` include their entire messages; this file holds cases that a table
//! cannot express.

mod hostile;
mod table;

use crate::common::{Workspace, gzip, karate, ring, rows};

#[test]
fn damaged_gzip_streams() {
    let workspace = Workspace::new();
    let whole = gzip(rows(&ring(5000), ",").as_bytes());
    workspace.write("cut.csv.gz", &whole[..whole.len() / 2]);
    let error = workspace.failure("train cut.csv.gz --output run --quiet", 1);
    assert!(error.starts_with("error: cut.csv.gz:"), "{error}");
    assert!(error.contains(": the gzip stream is cut off, or "), "{error}");
    let mut followed = whole.clone();
    followed.extend(b"more");
    workspace.write("followed.csv.gz", followed);
    let error = workspace.failure("train followed.csv.gz --output run --quiet", 1);
    assert!(error.contains(", or other bytes follow it; "), "{error}");
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 40].fill(0xff);
    workspace.write("damaged.csv.gz", damaged);
    let error = workspace.failure("train damaged.csv.gz --output run --quiet", 1);
    assert!(error.contains(": the gzip stream is damaged: "), "{error}");
    let mut wrong_sum = whole;
    let last = wrong_sum.len() - 6;
    wrong_sum[last] ^= 1;
    workspace.write("sum.csv.gz", wrong_sum);
    let error = workspace.failure("train sum.csv.gz --output run --quiet", 1);
    assert!(error.contains(": the gzip stream is damaged: "), "{error}");
}

#[test]
fn settings_out_of_range() {
    let workspace = Workspace::new();
    let says = |flags: &str, message: &str| {
        let error = workspace.failure(&format!("train {} {flags} --output run", karate()), 2);
        assert_eq!(error, format!("error: {message}\n"));
        assert!(!workspace.exists("run"));
    };
    says(
        "--val-fraction 0.6 --test-fraction 0.6",
        "--val-fraction 0.6 and --test-fraction 0.6 add up to 1.2; must stay below 1",
    );
    says("--val-fraction=-0.1", "--val-fraction is -0.1; expected a fraction of at least 0 and below 1");
    says("--test-fraction NaN", "--test-fraction is NaN; expected a fraction of at least 0 and below 1");
    says("--dropout 1", "--dropout is 1; expected a fraction of at least 0 and below 1");
    says("--epochs 0", "--epochs is 0; expected at least 1");
    says("--hidden 0", "--hidden is 0; expected 1 to 65536");
    says("--latent 70000", "--latent is 70000; expected 1 to 65536");
    says("--learning-rate 0", "--learning-rate is 0; expected a number above 0");
    says("--learning-rate inf", "--learning-rate is inf; expected a number above 0");
    says("--validate-every 0", "--validate-every is 0; expected at least 1");
    says("--select best --val-fraction 0", "--select best needs validation edges; --val-fraction is 0");
    for usage in
        ["--model gcn", "--kl-weight -1", "--kl-weight much", "--epochs many", "--seed -1", "--nonsense"]
    {
        workspace.failure(&format!("train {} {usage} --output run", karate()), 2);
    }
    workspace.failure("", 2);
    workspace.failure("train", 2);
}

#[test]
fn damaged_run_directories() {
    let workspace = Workspace::new();
    workspace.write("data/edges.csv", rows(&ring(40), ","));
    workspace.write("data/features.csv", (0..40).map(|at| format!("a{at},1,{at}\n")).collect::<String>());
    workspace.stdout("train data --output run --epochs 2 --quiet");
    let files = [
        "run.json",
        "nodes.csv",
        "features.safetensors",
        "weights.safetensors",
        "split/train.csv",
        "split/test_negatives.csv",
    ];
    std::fs::rename(workspace.path("run"), workspace.path("whole")).unwrap();
    // Restores a fresh copy of the complete run.
    let restore = || {
        let _ = std::fs::remove_dir_all(workspace.path("run"));
        for folder in ["", "split"] {
            std::fs::create_dir_all(workspace.path("run").join(folder)).unwrap();
            for entry in std::fs::read_dir(workspace.path("whole").join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    std::fs::copy(&path, workspace.path("run").join(folder).join(path.file_name().unwrap()))
                        .unwrap();
                }
            }
        }
    };
    let says = |expected: &str| {
        let error = workspace.failure("embed run", 1);
        assert!(error.starts_with("error: ") && error.contains(expected), "{error}, expected {expected}");
    };
    restore();
    std::fs::remove_file(workspace.path("run/weights.safetensors")).unwrap();
    for verb in ["evaluate run", "predict run", "score run --pairs pairs.csv"] {
        let expected = "error: cannot read run/weights.safetensors: No such file or directory\n";
        assert_eq!(workspace.failure(verb, 1), expected);
    }
    for file in files {
        restore();
        std::fs::remove_file(workspace.path("run").join(file)).unwrap();
        let expected = match file {
            "run.json" => {
                "run: is not a run directory; expected one that `vgae train` wrote, with a run.json".into()
            }
            _ => format!("cannot read run/{file}: No such file or directory"),
        };
        says(&expected);
        restore();
        // The file is cut in half.
        let bytes = std::fs::read(workspace.path("run").join(file)).unwrap();
        workspace.write(&format!("run/{file}"), &bytes[..bytes.len() / 2]);
        says(&format!("run/{}", file.split('/').next().unwrap()));
    }
    restore();

    let change = |file: &str, from: &str, to: &str| {
        let text = workspace.read(file);
        assert!(text.contains(from), "{file} has no {from}");
        workspace.write(file, text.replacen(from, to, 1));
    };
    change("run/run.json", "\"format_version\": 3", "\"format_version\": 2");
    says("run/run.json: has the format vgae-run 2; this vgae reads vgae-run 3");
    restore();
    change("run/run.json", "\"latent\": 16", "\"latent\": 8");
    says("run/weights.safetensors: encoder.log_variance.weight is [32, 16]; the settings expect [32, 8]");
    restore();
    // Such a network would be allocated before the comparison with the weights.
    change("run/run.json", "\"layers\": 2", "\"layers\": 60");
    change("run/run.json", "\"hidden\": 32", "\"hidden\": 65536");
    says("run/weights.safetensors: holds ");
    restore();
    change("run/run.json", "\"model\": \"vgae\"", "\"model\": \"gae\"");
    says("run/weights.safetensors: encoder.log_variance.weight is unknown; a gae has no such weight");
    restore();
    change("run/run.json", "\"num_nodes\": 40", "\"num_nodes\": 41");
    says("run/nodes.csv: holds 40 nodes; run.json expects 41");
    restore();
    change("run/run.json", "\"num_features\": 2", "\"num_features\": 3");
    says("run/features.safetensors: dense is [40, 2]; run.json expects [40, 3]");
    restore();
    change("run/nodes.csv", "a1\n", "a0\n");
    says("run/nodes.csv: line 3 repeats node a0");
    restore();
    change("run/nodes.csv", "a1\n", "b1\n");
    says("names a1, which is not a node of the graph");
    restore();
    change("run/split/test.csv", "source,target", "from,to");
    says("run/split/test.csv: has the header \"from,to\"; expected source,target or source,target,weight");
    restore();
    let edge = workspace.read("run/split/train.csv").lines().nth(1).unwrap().to_string();
    workspace.write("run/split/test.csv", workspace.read("run/split/test.csv") + &edge + "\n");
    says(&format!(
        "run/split: the split does not hold: {edge} is in both train and test, one way or the other"
    ));
    restore();
    // The last weight becomes NaN.
    let mut weights = std::fs::read(workspace.path("run/weights.safetensors")).unwrap();
    let end = weights.len();
    weights[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    workspace.write("run/weights.safetensors", weights);
    says("is not finite");
}
