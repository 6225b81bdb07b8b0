//! The explorer.

use serde_json::json;

use super::chromium::{Chromium, Whole};
use crate::common::explorer::Explore;
use crate::common::{Workspace, karate};

#[test]
fn explorer_finds_shows_and_explains_node() {
    let Some(mut chromium) = Chromium::start() else { return };
    let workspace = Workspace::new();
    workspace.stdout(&format!("train {} --epochs 20 --quiet --no-report -o run", karate()));
    let explorer = Explore::start(&workspace, "--quiet");
    chromium.look((1280, 900), "light");
    let url = format!("http://127.0.0.1:{}/", explorer.port);
    chromium.open(&url);
    chromium.wait_for("document.querySelector('.map canvas')?.dataset.drawn === '34'");
    // Part of an id, the arrow key and Enter select a node.
    let query = chromium.position_of("#query");
    chromium.click(query);
    chromium.type_text("3");
    chromium.wait_for("document.querySelectorAll('#query-options [role=option]').length > 3");
    chromium.press("ArrowDown");
    chromium.press("Enter");
    chromium.wait_for(
        "location.hash === '#node=3' && document.querySelectorAll('#predictions tr.row').length === 10",
    );
    let best = workspace.stdout("predict run --node 3 --top 10");
    let best: Vec<&str> = best.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    let listed = "[...document.querySelectorAll('#predictions tr.row')].map((row) => row.cells[1].querySelector('a').textContent)";
    assert_eq!(chromium.evaluate(listed), json!(best));
    // The node is on the map, with lines to its links.
    chromium.wait_for("shown.node?.place && shown.neighbours.every((item) => item.place) && shown.predictions.length === 10");
    chromium.picture("explore-node.png", Whole::Page);
    let why = chromium.position_of("#predictions tr.row button");
    chromium.click(why);
    chromium
        .wait_for("document.querySelector('#predictions .reasons h4')?.textContent === 'Common neighbours'");
    // Any pair gets the score of `vgae score`.
    let target = chromium.position_of("#target");
    chromium.click(target);
    chromium.type_text("34");
    let score = chromium.position_of("#pair button");
    chromium.click(score);
    chromium.wait_for("document.querySelector('#scored .big')");
    workspace.write("pair.csv", "source,target\n3,34\n");
    let scored = workspace.stdout("score run --pairs pair.csv");
    let logit: f64 = scored.lines().nth(1).unwrap().split(',').nth(3).unwrap().parse().unwrap();
    let text = chromium.evaluate("document.querySelector('#scored .hint').textContent");
    assert!(text.as_str().unwrap().contains(&format!("logit {logit:.3}")), "{text} for {logit}");
    // A click on the map selects a node; the back button returns.
    chromium.position_of(".map canvas");
    let at = chromium.evaluate(
        "(async () => { const map = await (await fetch('/api/map')).json(); const at = map.ids.indexOf('34'); \
         const box = document.querySelector('.map canvas').getBoundingClientRect(); \
         const half = Math.min(box.width, box.height) / 2 - 12; \
         return [box.x + box.width / 2 + map.x[at] * half, box.y + box.height / 2 - map.y[at] * half]; })()",
    );
    chromium.click((at[0].as_f64().unwrap(), at[1].as_f64().unwrap()));
    chromium.wait_for("document.getElementById('node-name').textContent === '34'");
    chromium.evaluate("history.back()");
    chromium.wait_for("document.getElementById('node-name').textContent === '3'");
    assert_eq!(chromium.problems(), Vec::<String>::new());
    let requests = chromium.requests();
    assert!(requests.iter().all(|asked| asked.starts_with(&url)), "{requests:?}");
    chromium.look((390, 844), "dark");
    let (width, page) =
        (chromium.evaluate("innerWidth"), chromium.evaluate("document.documentElement.scrollWidth"));
    assert!(page.as_f64() <= width.as_f64(), "{page} in {width}");
    chromium.picture("explore-390-dark.png", Whole::Page);
}
