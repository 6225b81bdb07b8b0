//! Graphs and numbers at the limits: each trains to finite numbers or is refused with a reason.

use std::fmt::Display;

use crate::shared::{Workspace, ring};

/// The files of a graph.
pub struct Case {
    pub name: &'static str,
    pub edges: String,
    /// `None` if the nodes have no features.
    pub features: Option<String>,
}

fn rows(pairs: impl IntoIterator<Item = (String, String)>) -> String {
    let rows: String = pairs.into_iter().map(|(u, v)| format!("{u},{v}\n")).collect();
    format!("source,target\n{rows}")
}

fn weighted<W: Display>(weight: impl Fn(usize) -> W) -> String {
    let rows: String =
        ring(40).iter().enumerate().map(|(at, (u, v))| format!("{u},{v},{}\n", weight(at))).collect();
    format!("source,target,weight\n{rows}")
}

/// Returns five features for each of the nodes a0, a1, …
fn features<X: Display>(num_nodes: usize, value: impl Fn(usize, usize) -> X) -> Option<String> {
    let row = |node: usize| {
        let numbers: Vec<String> = (0..5).map(|column| value(node, column).to_string()).collect();
        format!("a{node},{}\n", numbers.join(","))
    };
    Some(format!("node,f0,f1,f2,f3,f4\n{}", (0..num_nodes).map(row).collect::<String>()))
}

/// Returns a number of either sign and of magnitude about 1.
fn usual(node: usize, column: usize) -> f64 {
    ((node * 31 + column * 17) % 13) as f64 / 6.0 - 1.0
}

fn a(node: usize) -> String {
    format!("a{node}")
}

pub fn all() -> Vec<Case> {
    let ring_rows = || rows(ring(40));
    let graph = |name, edges, num_nodes| Case { name, edges, features: features(num_nodes, usual) };
    let featured = |name, features| Case { name, edges: rows(ring(40)), features };
    let heavy = |name, edges| Case { name, edges, features: features(40, usual) };
    let complete = (0..12).flat_map(|u| (0..u).map(move |v| (a(u), a(v))));
    let triangles = (0..20).flat_map(|t| [(0, 1), (1, 2), (0, 2)].map(|(u, v)| (a(3 * t + u), a(3 * t + v))));
    let numbers = |size: f64| features(40, move |node, column| size * usual(node, column));
    vec![
        graph("two nodes", rows([(a(0), a(1))]), 2),
        graph("complete", rows(complete), 12),
        graph("star", rows((1..60).map(|leaf| (a(0), a(leaf)))), 60),
        graph("path", rows((1..40).map(|node| (a(node - 1), a(node)))), 40),
        graph("triangles", rows(triangles), 60),
        graph("isolated nodes", ring_rows(), 90),
        featured("zero features", features(40, |_, _| 0)),
        featured(
            "one feature row is zero",
            features(40, |node, column| if node == 3 { 0.0 } else { usual(node, column) }),
        ),
        featured("constant features", features(40, |_, _| 1)),
        featured("constant fractions", features(40, |_, _| 0.5)),
        featured("duplicate nodes", features(40, |node, _| [0.1, 0.7][node % 2])),
        featured(
            "one giant value",
            features(40, |node, column| if (node, column) == (3, 2) { 1e30 } else { usual(node, column) }),
        ),
        featured("features of 1e10", numbers(1e10)),
        featured("features of 1e18", numbers(1e18)),
        featured("features of 1e38", numbers(1e38)),
        featured("features of 3.4e38", features(40, |node, _| 3.4e38 * (node % 3) as f64 / 2.0)),
        featured("features of 1e-38", numbers(1e-38)),
        featured("features of 1e-44", numbers(1e-44)),
        heavy("weights of 1e30", weighted(|_| 1e30)),
        heavy("weights of 3e38", weighted(|_| 3e38)),
        heavy("weights of 1e-30", weighted(|_| 1e-30)),
        heavy("weights of 1e-38", weighted(|_| 1e-38)),
        heavy("one weight of 1e30", weighted(|at| if at == 5 { 1e30 } else { 1.0 })),
        heavy("one weight of 1e-38", weighted(|at| if at == 5 { 1e-38 } else { 1.0 })),
    ]
}

/// Returns inputs that are not valid graphs.
pub fn not_graphs() -> Vec<Case> {
    let heavy = |name, edges| Case { name, edges, features: features(40, usual) };
    vec![
        heavy("self-loops only", rows((0..40).map(|node| (a(node), a(node))))),
        heavy("empty", String::new()),
        heavy("header only", rows([])),
        heavy("weights of 0", weighted(|_| 0)),
        heavy("negative weights", weighted(|_| -1)),
        heavy("weights that are no numbers", weighted(|_| f64::NAN)),
        heavy("infinite weights", weighted(|_| f64::INFINITY)),
        heavy("a weight below the smallest number", weighted(|_| "1e-60")),
    ]
}

/// Writes the files of a case into a directory, and returns its name.
pub fn write(workspace: &Workspace, case: &Case) -> String {
    let directory = case.name.replace(' ', "_");
    workspace.write(&format!("{directory}/edges.csv"), &case.edges);
    if let Some(features) = &case.features {
        workspace.write(&format!("{directory}/features.csv"), features);
    }
    directory
}
