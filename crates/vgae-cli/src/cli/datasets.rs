//! `vgae datasets`: the data sets that are known, and whether they are there.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vgae::write::Output;
use vgae::{Error, Result};

use super::stdout;

/// List the data sets that are known: their sizes, whether they are there, and the command that brings a missing one
///
/// Nothing is downloaded.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Where the data sets are
    #[arg(long, value_name = "DIR", default_value = "datasets")]
    directory: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The one list of data sets, which `datasets/fetch.py` reads too.
const INDEX: &str = include_str!("../../datasets/index.json");

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

/// What is printed.
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
    /// What brings it, if it is not there.
    command: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<()> {
    let known: Vec<Known> = serde_json::from_str(INDEX)
        .map_err(|error| Error::Input { path: "datasets/index.json".into(), problem: error.to_string() })?;
    let datasets = known.into_iter().map(|known| Dataset::look(known, &args.directory)).collect();
    let report = Report { directory: args.directory.clone(), datasets };
    stdout::print(|output| match args.json {
        true => stdout::write_json(output, &report),
        false => report.write(output),
    })
}

impl Dataset {
    fn look(known: Known, directory: &Path) -> Self {
        let Known { name, counts, files, is_fetched } = known;
        let path = directory.join(&name);
        let is_present = files.iter().all(|file| path.join(file).is_file());
        let command = match (is_present, is_fetched) {
            (true, _) => None,
            // The script brings them beside itself.
            (false, true) if directory.join("fetch.py").is_file() => {
                Some(format!("python3 {} {name}", directory.join("fetch.py").display()))
            }
            (false, true) => Some(format!("python3 datasets/fetch.py {name}  # where vgae's source is")),
            (false, false) => Some(format!("git checkout datasets/{name}  # where vgae's source is")),
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
            "{:<10}{:>7}{:>8}{:>10}{:>9}  there",
            "name", "nodes", "edges", "features", "classes"
        )?;
        for dataset in &self.datasets {
            let Dataset { name, num_nodes, num_edges, num_features, num_classes, path, command, .. } =
                dataset;
            let there = match command {
                None => format!("yes: {}", path.display()),
                Some(command) => format!("no: {command}"),
            };
            writeln!(
                output,
                "{name:<10}{num_nodes:>7}{num_edges:>8}{num_features:>10}{num_classes:>9}  {there}"
            )?;
        }
        Ok(())
    }
}
