//! `vgae datasets`: lists the known data sets and whether they are present.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::Result;
use serde::{Deserialize, Serialize};
use vgae::write::Output;

use super::stdout;

/// List the known data sets, and how to get those that are missing
///
/// Prints the size of each data set, whether it is present, and otherwise the command that gets it. Downloads
/// nothing.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The directory of the data sets
    #[arg(long, value_name = "DIR", default_value = "datasets")]
    directory: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The list of data sets, shared with `datasets/fetch.py`.
const INDEX: &str = include_str!("../../../../datasets/index.json");

/// An entry of the index.
#[derive(Deserialize)]
struct Known {
    name: String,
    counts: Counts,
    files: Vec<String>,
    is_fetched: bool,
}

#[derive(Deserialize)]
struct Counts {
    nodes: usize,
    edges: usize,
    features: usize,
    classes: usize,
}

/// The printed result.
#[derive(Serialize)]
struct Report {
    directory: PathBuf,
    datasets: Vec<Dataset>,
}

#[derive(Serialize)]
struct Dataset {
    name: String,
    num_nodes: usize,
    num_edges: usize,
    num_features: usize,
    num_classes: usize,
    path: PathBuf,
    is_present: bool,
    /// The command that gets the data set, if it is missing.
    command: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let known: Vec<Known> = serde_json::from_str(INDEX).map_err(|error| vgae::Error::Input {
        path: "datasets/index.json".into(),
        problem: error.to_string(),
    })?;
    let datasets = known.into_iter().map(|known| Dataset::find(known, &args.directory)).collect();
    let report = Report { directory: args.directory.clone(), datasets };
    stdout::print(|output| match args.json {
        true => stdout::write_json(output, &report),
        false => report.write(output),
    })
}

impl Dataset {
    fn find(known: Known, directory: &Path) -> Self {
        let Known { name, counts, files, is_fetched } = known;
        let path = directory.join(&name);
        let is_present = files.iter().all(|file| path.join(file).is_file());
        let command = match (is_present, is_fetched) {
            (true, _) => None,
            // The script puts the data sets beside itself.
            (false, true) if directory.join("fetch.py").is_file() => {
                Some(format!("python3 {} {name}", directory.join("fetch.py").display()))
            }
            (false, true) => Some(format!("python3 datasets/fetch.py {name}  # in vgae's source directory")),
            (false, false) => Some(format!("git checkout datasets/{name}  # in vgae's source directory")),
        };
        let Counts { nodes, edges, features, classes } = counts;
        Dataset {
            name,
            num_nodes: nodes,
            num_edges: edges,
            num_features: features,
            num_classes: classes,
            path,
            is_present,
            command,
        }
    }
}

impl Report {
    fn write(&self, output: &mut Output) -> io::Result<()> {
        writeln!(
            output,
            "{:<10}{:>7}{:>8}{:>10}{:>9}  present",
            "name", "nodes", "edges", "features", "classes"
        )?;
        for dataset in &self.datasets {
            let Dataset { name, num_nodes, num_edges, num_features, num_classes, path, command, .. } =
                dataset;
            let present = match command {
                None => format!("yes: {}", path.display()),
                Some(command) => format!("no: {command}"),
            };
            writeln!(
                output,
                "{name:<10}{num_nodes:>7}{num_edges:>8}{num_features:>10}{num_classes:>9}  {present}"
            )?;
        }
        Ok(())
    }
}
