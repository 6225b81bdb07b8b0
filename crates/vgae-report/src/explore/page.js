"use strict";
/* The page of vgae explore, of the elements in elements.js and the map in map.js. */

/* Shows what the two nodes of a pair share. */
function reasons(why) {
  const block = (title, text, items, className = "") => make("div", {}, make("h4", { textContent: title }),
    make("p", { textContent: text }), items && items.length ? make("ul", { className }, ...items) : null);
  const item = (one, other) => make("li", {}, named(one), other ? make("span", { textContent: other }) : null);
  const more = (shown, all) => (all > shown ? ` The ${shown} with the fewest edges:` : "");
  const blocks = [];
  if (why.alike) {
    const some = why.alike.length ? "Linked with the target, and sharing neighbours with the source:" : "No node linked with the target shares a neighbour with the source.";
    blocks.push(block("Similar nodes", some, why.alike.map((one) => item(one, `${count.format(one.num_common_neighbours)} in common`))));
  } else {
    const text = why.num_common_neighbours
      ? `${count.format(why.num_common_neighbours)}, Adamic–Adar ${figure(why.adamic_adar, 2)}.${more(why.common_neighbours.length, why.num_common_neighbours)}` : "None.";
    blocks.push(block("Common neighbours", text, why.common_neighbours.map((one) => item(one)),
      why.common_neighbours.some((one) => one.label) ? "" : "names"));
  }
  if (why.num_shared_features !== null) {
    const largest = Math.max(...why.shared_features.map((shared) => shared.weight));
    const features = why.shared_features.map((shared) => {
      const weight = make("span", { className: "weight", ariaHidden: "true" });
      weight.style.width = `${100 * shared.weight / largest}%`;
      return make("li", {}, make("span", {}, make("span", { textContent: /^\d+$/.test(shared.feature) ? `feature ${shared.feature}` : shared.feature, className: clipClass(shared.feature) }), weight),
        make("span", { textContent: `in ${plural(shared.num_nodes, "node")}` }));
    });
    const text = `${why.num_shared_features ? count.format(why.num_shared_features) : "None"}, cosine ${figure(why.feature_cosine, 3)}.`
      + (why.num_shared_features > features.length ? ` The ${features.length} with the largest weights:` : "");
    blocks.push(block("Shared features", text, features));
  }
  const far = why.distance === null ? `more than ${why.max_distance} training edges apart` : `${plural(why.distance, "training edge")} apart`;
  blocks.push(block("Position in the graph", `${far[0].toUpperCase()}${far.slice(1)}. Training edges: ${count.format(why.source_degree)} at the source, ${count.format(why.target_degree)} at the target.`));
  return make("div", { className: "reasons" }, ...blocks);
}

/* Creates the row of a predicted link, and the row below it that explains the link. */
function predicted(source, item, rank) {
  const cell = make("td", { className: "why", colSpan: 6 });
  const below = make("tr", { hidden: true }, cell);
  const button = make("button", { type: "button", textContent: "why" });
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-label", `why ${item.node}`);
  const row = make("tr", { className: "row" },
    make("td", { className: "number", textContent: rank }),
    make("td", {}, named(item)),
    make("td", { className: "chance" }, make("span", { className: "figure", textContent: probability(item.probability) }), bar(item.probability)),
    make("td", { className: "number optional", textContent: figure(item.logit, 2) }),
    make("td", { className: "number optional common", textContent: count.format(item.why.num_common_neighbours) }),
    make("td", { className: "opens" }, button));
  let answer = null;
  row.addEventListener("click", async (event) => {
    if (event.target.closest("a")) return;
    below.hidden = !below.hidden;
    row.dataset.open = String(!below.hidden);
    button.setAttribute("aria-expanded", String(!below.hidden));
    if (below.hidden || answer) return;
    cell.textContent = "…";
    try {
      answer = await ask("why", { source, target: item.node });
      cell.replaceChildren(reasons(answer));
    } catch (error) {
      cell.textContent = error.message;
    }
  });
  return [row, below];
}

const showPredictions = latest((node) => ask(`predict/${encodeURIComponent(node)}`, { top: $("top").value }), (answer) => {
  const rows = answer.predictions.flatMap((item, at) => predicted(answer.node, item, at + 1));
  const none = make("tr", {}, make("td", { colSpan: 6, textContent: "It is already linked with every node that it could be linked with." }));
  $("predictions").replaceChildren(...(rows.length ? rows : [none]));
  shown.predictions = answer.predictions.slice(0, 10);
  drawLinks();
}, showProblem);

function neighbour(item) {
  const way = { out: "→ ", in: "← " }[item.way] ?? "";
  const name = named(item);
  name.prepend(way);
  const isHeld = item.part !== "train";
  const part = make("span", { className: isHeld ? "part held" : "part", title: isHeld ? "held out: the model was not trained on it" : "" });
  part.textContent = `${isHeld ? `${item.part ?? "no part"} · ` : ""}${probability(item.probability)}`;
  return make("li", {}, name, part);
}

/* The map, once it is laid out; shows the selected node and its links. */
let onMap = null;
const shown = { node: null, neighbours: [], predictions: [] };
const maxLines = 200;

function drawLinks() {
  if (!onMap) return;
  const point = ({ node, label, place }) => ({ id: node, x: place[0], y: place[1], group: onMap.groupOf(node, label) });
  const points = (items) => items.slice(0, maxLines).filter((item) => item.place).map(point);
  onMap.select(shown.node && shown.node.place ? point(shown.node) : null, points(shown.neighbours), points(shown.predictions));
}

async function loadMap() {
  let map;
  try {
    map = await ask("map");
  } catch {
    return; // A model without embeddings has no map.
  }
  const groups = new Map(map.groups.map((group, at) => [group.name, at]));
  const groupOfId = new Map(map.ids.map((id, at) => [id, map.group[at]]));
  $("map-section").hidden = false;
  document.querySelector(".columns").classList.add("mapped");
  const select = drawMap($("map"), map, { onSelect: (at) => (at === null ? unchoose() : go(map.ids[at])) });
  onMap = { select, groupOf: (id, label) => groupOfId.get(id) ?? groups.get(label) ?? null };
  const some = map.ids.length < map.num_nodes ? `${count.format(map.ids.length)} of ${count.format(map.num_nodes)} nodes; other nodes are placed near the most similar ones. ` : "";
  $("map-hint").textContent = `${map.kind} of the embeddings. ${some}Solid lines lead to neighbours, dashed lines to predicted links.`;
  // From now on, answers contain the positions of nodes.
  if (chosen()) show();
}

/* true right after a node was chosen on this page, so that the focus moves to it. */
let isArriving = false;

const showNode = latest((node, limit) => ask(`node/${encodeURIComponent(node)}`, { limit }), (answer, node, limit) => {
  showProblem(null);
  const { kind, degree, label, num_features: features } = answer;
  document.title = `${answer.node} – vgae explore`;
  $("node-name").replaceChildren(make("span", { className: clipClass(answer.node), textContent: answer.node, title: answer.node }));
  const facts = [label, kind, plural(degree, "link"), features === null ? null : plural(features, "feature")];
  $("node-facts").textContent = facts.filter(Boolean).join(" · ");
  $("links-name").textContent = `Neighbours (${count.format(degree)})`;
  const isCut = answer.neighbours.length < degree;
  const order = `With the model's probability, highest first${isCut ? `; the first ${count.format(answer.neighbours.length)}` : ""}.`;
  const held = answer.neighbours.some((item) => item.part !== "train") ? " Coloured ones were held out: the model was not trained on them." : "";
  $("links-hint").textContent = degree ? order + held : "It has no links.";
  $("neighbours").replaceChildren(...answer.neighbours.map(neighbour));
  $("more").hidden = !isCut || limit >= 1000;
  $("more").textContent = degree > 1000 ? "Show 1,000" : "Show all";
  $("more").onclick = () => showNode(answer.node, 1000);
  for (const part of ["node", "links"]) $(part).hidden = false;
  document.querySelector(".columns").classList.add("chosen");
  Object.assign(shown, { node: answer, neighbours: answer.neighbours });
  drawLinks();
  if (isArriving) $("node-name").focus({ preventScroll: true });
  isArriving = false;
}, (error) => {
  showProblem(error);
  for (const part of ["node", "links"]) $(part).hidden = true;
  document.querySelector(".columns").classList.remove("chosen");
});

const scorePair = latest(async (source, target) => {
  const [score, why] = await Promise.all([ask("score", { source, target }), ask("why", { source, target })]);
  return { score, why };
}, ({ score, why }) => {
  const held = { train: "used for training", validation: "held out for validation", test: "held out for the test" }[score.part];
  const edge = score.is_edge ? make("span", { className: "is-edge", textContent: `an edge${held ? `, ${held}` : ""}` }) : "not an edge";
  $("scored").replaceChildren(
    make("p", { className: "big", textContent: probability(score.probability) }),
    make("p", { className: "hint" }, `logit ${figure(score.logit, 3)} · `, edge),
    reasons(why));
}, (error) => $("scored").replaceChildren(make("p", { textContent: error.message })));

/* Returns the node in the URL, which survives reload and back. */
function chosen() {
  const match = /^#node=(.*)$/s.exec(location.hash);
  try {
    return match && decodeURIComponent(match[1]);
  } catch {
    return match[1];
  }
}

function unchoose() {
  if (chosen()) location.hash = "";
}

function show() {
  const node = chosen();
  showProblem(null);
  Object.assign(shown, { node: null, neighbours: [], predictions: [] });
  drawLinks();
  if (!node) {
    document.title = "vgae explore";
    for (const part of ["node", "links"]) $(part).hidden = true;
    document.querySelector(".columns").classList.remove("chosen");
    return;
  }
  $("predictions").replaceChildren();
  $("source").value = node;
  $("target").value = "";
  $("scored").replaceChildren();
  showNode(node, 50);
  showPredictions(node);
}

function go(node) {
  $("query").value = "";
  isArriving = true;
  if (location.hash === hashOf(node)) show();
  else location.hash = hashOf(node);
}

async function begin() {
  const run = await ask("run");
  $("name").textContent = run.name;
  // In a bipartite graph, the ends of a pair never share a neighbour.
  document.body.classList.toggle("bipartite", run.graph === "bipartite");
  if (run.graph === "directed") $("predictions-hint").textContent = "The best pairs from this node to another that are not edges. Click a row to see what the two nodes share.";
  const test = run.metrics.test;
  const nodes = run.num_sources === null ? plural(run.num_nodes, "node")
    : `${plural(run.num_sources, "source")}, ${plural(run.num_nodes - run.num_sources, "target")}`;
  const facts = [run.model, nodes, `${plural(run.num_edges, "edge")}${run.graph === "directed" ? " (directed)" : ""}`,
    run.num_features ? plural(run.num_features, "feature") : "no features",
    test && `test AUC ${figure(test.roc_auc, 4)}, AP ${figure(test.average_precision, 4)}`,
    run.calibration ? `probabilities calibrated (${run.calibration})` : "probabilities not calibrated: use them for ranking only"];
  $("facts").textContent = facts.filter(Boolean).join(" · ");
  $("hubs").replaceChildren("Nodes with the most links: ", ...run.hubs.map(link));
}

const closeQuery = suggest($("query"), go);
suggest($("source"), (node) => { $("source").value = node; });
suggest($("target"), (node) => { $("target").value = node; });
$("find").addEventListener("submit", (event) => {
  event.preventDefault();
  closeQuery();
  const text = $("query").value.trim();
  // Text that is not a complete id stands for the best id that contains it.
  if (text) ask("nodes", { query: text, limit: 1 }).then(({ nodes }) => go(nodes.length ? nodes[0].node : text), showProblem);
});
$("pair").addEventListener("submit", (event) => {
  event.preventDefault();
  scorePair($("source").value.trim(), $("target").value.trim());
});
$("top").addEventListener("change", () => chosen() && showPredictions(chosen()));
addEventListener("hashchange", show);
begin().catch(showProblem);
loadMap();
show();
