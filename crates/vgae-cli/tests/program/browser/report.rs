//! The report.

use std::path::Path;

use serde_json::json;

use super::chromium::{Chromium, Whole, skip};
use crate::common::{Workspace, karate, repository};

fn url(path: &Path) -> String {
    format!("file://{}", path.canonicalize().unwrap().display())
}

/// Opens a report, which must load without errors or external requests and draw its curves and its map.
fn open(chromium: &mut Chromium, path: &Path, size: (u32, u32), scheme: &str) {
    chromium.look(size, scheme);
    chromium.open(&url(path));
    chromium.wait_for("document.querySelector('.map canvas')?.dataset.drawn > 0");
    assert_eq!(chromium.problems(), Vec::<String>::new());
    // URLs within the page, such as its empty icon, are not requests.
    let requests = chromium.requests();
    let beyond: Vec<&String> =
        requests.iter().filter(|url| !url.starts_with("file://") && !url.starts_with("data:")).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    // Nothing is wider than the window.
    let (width, page) =
        (chromium.evaluate("innerWidth"), chromium.evaluate("document.documentElement.scrollWidth"));
    assert!(page.as_f64() <= width.as_f64(), "{page} in {width}");
    for kind in ["loss", "kl", "validation", "roc", "pr", "scores", "calibration", "degree", "latent"] {
        let drawn = format!(
            "[...document.querySelectorAll('figure[data-chart={kind}] svg .series *, figure[data-chart={kind}] svg .dots *')]\
             .some((part) => part.getBoundingClientRect().width > 2)"
        );
        assert_eq!(chromium.evaluate(&drawn), json!(true), "{kind}");
    }
    // The map shows points at several positions, so its pixels differ.
    let colours = chromium.evaluate(
        "(() => { const canvas = document.querySelector('.map canvas'); \
         const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height); \
         let drawn = 0; for (let at = 3; at < data.length; at += 4) drawn += data[at] > 0; return drawn; })()",
    );
    assert!(colours.as_u64() > Some(300), "{colours} pixels");
}

/// Returns the screen position of the node at `index` of the map.
fn position_of_node(chromium: &mut Chromium, index: usize) -> (f64, f64) {
    chromium.position_of(".map canvas");
    let position = chromium.evaluate(&format!(
        "(() => {{ const box = document.querySelector('.map canvas').getBoundingClientRect(); \
         const half = Math.min(box.width, box.height) / 2 - 12; \
         return [box.x + box.width / 2 + runs[0].map.x[{index}] * half, \
                 box.y + box.height / 2 - runs[0].map.y[{index}] * half]; }})()"
    ));
    (position[0].as_f64().unwrap(), position[1].as_f64().unwrap())
}

/// Points at the most isolated node of the map, clicks it, and checks its links.
fn look_at_a_node(chromium: &mut Chromium) {
    let index = chromium.evaluate(
        "(() => { const { x, y } = runs[0].map; let best = 0, most = -1; \
         for (let i = 0; i < Math.min(x.length, 400); i++) { let least = 9; \
           for (let j = 0; j < x.length; j++) if (j !== i) least = Math.min(least, Math.hypot(x[i] - x[j], y[i] - y[j])); \
           if (least > most && runs[0].map.predicted[i].length) { most = least; best = i; } } \
         return best; })()",
    );
    let index = index.as_u64().unwrap() as usize;
    let name = chromium.evaluate(&format!("runs[0].ids[{index}]"));
    let position = position_of_node(chromium, index);
    chromium.point_at(position);
    chromium.wait_for("!document.querySelector('.tip').hidden");
    assert_eq!(chromium.evaluate("document.querySelector('.tip strong').textContent"), name);
    chromium.click(position);
    chromium.wait_for("document.querySelector('.panel h4')");
    assert_eq!(chromium.evaluate("document.querySelector('.panel h4').textContent"), name);
    let expected =
        chromium.evaluate(&format!("runs[0].map.predicted[{index}].map((link) => runs[0].ids[link[0]])"));
    let listed = "[...document.querySelectorAll('.panel .predicted .node')].map((node) => node.textContent)";
    assert_eq!(chromium.evaluate(listed), expected);
    let known =
        chromium.evaluate(&format!("runs[0].map.neighbours[{index}].map((other) => runs[0].ids[other])"));
    let listed = "[...document.querySelectorAll('.panel .neighbours .node')].map((node) => node.textContent)";
    assert_eq!(chromium.evaluate(listed), known);
}

/// Sorts and searches the table of links.
fn use_the_table(chromium: &mut Chromium) {
    let sources = "[...document.querySelectorAll('.links tbody tr')].map((row) => row.cells[1].textContent)";
    let expected = chromium.evaluate("runs[0].links.map((link) => runs[0].ids[link[0]])");
    assert_eq!(chromium.evaluate(sources), expected);
    let header = chromium.position_of(".links th[data-key=source] button");
    chromium.click(header);
    chromium.wait_for("document.querySelector('.links th[data-key=source]').ariaSort === 'ascending'");
    let sorted = "(() => { const { compare } = new Intl.Collator(undefined, { numeric: true }); \
                  const names = [...document.querySelectorAll('.links tbody tr')].map((row) => row.cells[1].textContent); \
                  return names.length > 3 && names.every((name, at) => !at || compare(names[at - 1], name) <= 0); })()";
    assert_eq!(chromium.evaluate(sorted), json!(true));
    let header = chromium.position_of(".links th[data-key=source] button");
    chromium.click(header);
    chromium.wait_for("document.querySelector('.links th[data-key=source]').ariaSort === 'descending'");
    let first = chromium.evaluate(sources)[0].as_str().unwrap().to_string();
    let search = chromium.position_of(".links .search");
    chromium.click(search);
    chromium.type_text(&first);
    let found = format!(
        "[...document.querySelectorAll('.links tbody tr')].every((row) => \
         [1, 2].some((cell) => row.cells[cell].textContent.includes({})))",
        json!(first)
    );
    assert_eq!(chromium.evaluate(&found), json!(true));
    let fewer = "document.querySelectorAll('.links tbody tr').length";
    let shown = chromium.evaluate(fewer).as_u64().unwrap();
    assert!(0 < shown && shown < chromium.evaluate("runs[0].links.length").as_u64().unwrap(), "{shown}");
    chromium.type_text("no such node");
    assert_eq!(chromium.evaluate(fewer), json!(0));
}

#[test]
fn report_renders_and_responds() {
    let Some(mut chromium) = Chromium::start() else { return };
    let workspace = Workspace::new();
    workspace.train_karate("--calibrate platt");
    workspace.stdout("report run --quiet --top 40");
    let path = workspace.path("run/report.html");
    for (size, scheme) in [((390, 844), "light"), ((1280, 900), "dark"), ((1280, 900), "light")] {
        open(&mut chromium, &path, size, scheme);
        chromium.picture(&format!("karate-{}-{scheme}.png", size.0), Whole::Page);
    }
    look_at_a_node(&mut chromium);
    chromium.picture("karate-node.png", Whole::Screen);
    use_the_table(&mut chromium);
    assert_eq!(chromium.problems(), Vec::<String>::new());
}

#[test]
fn cora_report_renders_and_responds() {
    let cora = repository("datasets/cora");
    if !cora.join("cora.content").exists() {
        return skip("datasets/cora was not fetched");
    }
    let Some(mut chromium) = Chromium::start() else { return };
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} --calibrate isotonic --quiet -o run", cora.display()));
    open(&mut chromium, &workspace.path("run/report.html"), (1280, 900), "light");
    workspace.stdout("report run --quiet");
    open(&mut chromium, &workspace.path("run/report.html"), (1280, 900), "dark");
    look_at_a_node(&mut chromium);
    chromium.picture("cora-node.png", Whole::Screen);
    use_the_table(&mut chromium);
    assert_eq!(chromium.problems(), Vec::<String>::new());
}

#[test]
fn two_runs_render_side_by_side() {
    let Some(mut chromium) = Chromium::start() else { return };
    let workspace = Workspace::new();
    for model in ["gae", "vgae"] {
        workspace.stdout(&format!("train {} --model {model} --epochs 20 --quiet -o {model}", karate()));
    }
    workspace.stdout("report gae vgae --quiet -o both.html --map pca");
    chromium.look((1280, 900), "light");
    chromium.open(&url(&workspace.path("both.html")));
    chromium.wait_for("[...document.querySelectorAll('.map canvas')].filter((canvas) => canvas.dataset.drawn > 0).length === 2");
    let names =
        "[...document.querySelectorAll('table.ranking td:first-child')].map((cell) => cell.textContent)";
    assert_eq!(chromium.evaluate(names), json!(["gae", "vgae"]));
    assert_eq!(
        chromium.evaluate("document.querySelectorAll('figure[data-chart=roc] svg .series').length"),
        json!(2)
    );
    let left = "[...document.querySelectorAll('[data-run]')].map((run) => run.getBoundingClientRect().x)";
    let left = chromium.evaluate(left);
    assert!(left[0].as_f64() < left[1].as_f64(), "{left}");
    assert_eq!(chromium.problems(), Vec::<String>::new());
    chromium.picture("two-runs.png", Whole::Page);
}

/// Names that do harm if interpreted as markup, script or a formula.
const HOSTILE: [&str; 6] = [
    "<script>window.harmed=1</script>",
    "</script><script>window.harmed=1</script>",
    "<img src=x onerror=window.harmed=1>",
    "=cmd|' /C calc'!A0",
    "\u{2028}${window.harmed=1}",
    "@SUM(1+1)*cmd",
];

#[test]
fn hostile_node_names_are_escaped() {
    let Some(mut chromium) = Chromium::start() else { return };
    let workspace = Workspace::new();
    let name = |at: usize| match HOSTILE.get(at) {
        Some(name) => name.to_string(),
        None => format!("node {at}"),
    };
    let mut edges = csv::Writer::from_writer(Vec::new());
    edges.write_record(["source", "target"]).unwrap();
    for at in 0..40 {
        for step in [1, 2, 5] {
            edges.write_record([name(at), name((at + step) % 40)]).unwrap();
        }
    }
    let mut labels = csv::Writer::from_writer(Vec::new());
    labels.write_record(["node", "label"]).unwrap();
    for at in 0..40 {
        labels.write_record([name(at), HOSTILE[at % 3].to_string()]).unwrap();
    }
    workspace
        .write("graph/edges.csv", edges.into_inner().unwrap())
        .write("graph/labels.csv", labels.into_inner().unwrap());
    workspace.stdout("train graph --epochs 5 --quiet -o <run>");
    workspace.stdout("report <run> --quiet --top 300");
    open(&mut chromium, &workspace.path("<run>/report.html"), (1280, 900), "light");
    look_at_a_node(&mut chromium);
    for index in 0..HOSTILE.len() {
        let at = position_of_node(&mut chromium, index);
        chromium.click(at);
    }
    assert_eq!(chromium.evaluate("window.harmed === undefined"), json!(true));
    assert_eq!(chromium.evaluate("document.querySelectorAll('body script').length"), json!(4));
    assert_eq!(chromium.evaluate("document.querySelectorAll('img').length"), json!(0));
    assert_eq!(chromium.problems(), Vec::<String>::new());
    // No cell of the CSV that the button saves starts a formula.
    let saved = chromium.evaluate("document.querySelector('.links').csv()");
    let mut reader = csv::Reader::from_reader(saved.as_str().unwrap().as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert!(rows.len() > 100 && rows.iter().any(|row| row.iter().any(|cell| cell.starts_with("'="))));
    let is_formula = |cell: &str| {
        cell.starts_with(['=', '+', '@']) || cell.starts_with('-') && cell.parse::<f64>().is_err()
    };
    assert!(!rows.iter().any(|row| row.iter().any(is_formula)));
    chromium.picture("hostile.png", Whole::Page);
}

#[test]
fn large_report_is_small_and_opens() {
    let Some(mut chromium) = Chromium::start() else { return };
    let workspace = Workspace::new();
    // Rings of a hundred nodes with chords, and a few edges between rings.
    let n = 80_000;
    let mut rows = String::from("source,target\n");
    for at in 0..n {
        let ring = at / 100 * 100;
        for step in [1, 7, 19] {
            rows.push_str(&format!("{at},{}\n", ring + (at - ring + step) % 100));
        }
        if at % 50 == 0 {
            rows.push_str(&format!("{at},{}\n", (at + 12_345) % n));
        }
    }
    workspace.write("edges.csv", rows);
    workspace.stdout("train edges.csv --epochs 3 --quiet --no-report -o run");
    workspace.stdout("report run --quiet");
    let size = std::fs::metadata(workspace.path("run/report.html")).unwrap().len();
    assert!(size < 10_000_000, "{size} bytes");
    open(&mut chromium, &workspace.path("run/report.html"), (1280, 900), "light");
    look_at_a_node(&mut chromium);
    use_the_table(&mut chromium);
    chromium.picture("large.png", Whole::Page);
}
