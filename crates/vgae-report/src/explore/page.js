"use strict";
/* The page of vgae explore: the chosen node, its predicted links, the map, and the score of a pair. Needs parts.js and
   map.js. */

const showPredictions = latest(
  (node) => ask(`predict/${encodeURIComponent(node)}`, { top: $("top").value }),
  (answer) => {
    const rows = answer.predictions.flatMap((item, at) => predicted(answer.node, item, at + 1));
    const none = make(
      "tr",
      {},
      make("td", {
        colSpan: 6,
        textContent: "This node is already linked with every node that it can be linked with.",
      }),
    );
    $("predictions").replaceChildren(...(rows.length ? rows : [none]));
    shown.predictions = answer.predictions.slice(0, 10);
    drawLinks();
  },
  showProblem,
);

function neighbour(item) {
  const way = { out: "→ ", in: "← " }[item.way] ?? "";
  const name = named(item);
  name.prepend(way);
  const isHeld = item.part !== "train";
  const part = make("span", {
    className: isHeld ? "part held" : "part",
    title: isHeld ? "held out: the model was not trained on it" : "",
  });
  part.textContent = `${isHeld ? `${item.part ?? "no part"} · ` : ""}${probability(item.probability)}`;
  return make("li", {}, name, part);
}

/* The map, once it is laid out; shows the selected node and its links. */
let onMap = null;
const shown = { node: null, neighbours: [], predictions: [] };
const maxLines = 200;

function drawLinks() {
  if (!onMap) return;
  const point = ({ node, label, place }) => ({
    id: node,
    x: place[0],
    y: place[1],
    group: onMap.groupOf(node, label),
  });
  const points = (items) =>
    items
      .slice(0, maxLines)
      .filter((item) => item.place)
      .map(point);
  onMap.select(
    shown.node && shown.node.place ? point(shown.node) : null,
    points(shown.neighbours),
    points(shown.predictions),
  );
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
  const some =
    map.ids.length < map.num_nodes
      ? `${count.format(map.ids.length)} of ${count.format(map.num_nodes)} nodes; other nodes are placed near the most similar ones. `
      : "";
  $("map-hint").textContent =
    `${map.kind} of the embeddings. ${some}Solid lines lead to neighbours, dashed lines to predicted links.`;
  // From now on, answers contain the positions of nodes.
  if (chosen()) show();
}

/* true right after a node was chosen on this page, so that the focus moves to it. */
let isArriving = false;

const showNode = latest(
  (node, limit) => ask(`node/${encodeURIComponent(node)}`, { limit }),
  (answer, node, limit) => {
    showProblem(null);
    const { kind, degree, label, num_features: features } = answer;
    document.title = `${answer.node} – vgae explore`;
    $("node-name").replaceChildren(
      make("span", { className: clipClass(answer.node), textContent: answer.node, title: answer.node }),
    );
    const facts = [
      label,
      kind,
      plural(degree, "link"),
      features === null ? null : plural(features, "feature"),
    ];
    $("node-facts").textContent = facts.filter(Boolean).join(" · ");
    $("links-name").textContent = `Neighbours (${count.format(degree)})`;
    const isCut = answer.neighbours.length < degree;
    const order = `With the model's probability, highest first${isCut ? `; the first ${count.format(answer.neighbours.length)}` : ""}.`;
    const held = answer.neighbours.some((item) => item.part !== "train")
      ? " Links with a coloured part were held out: the model was not trained on them."
      : "";
    $("links-hint").textContent = degree ? order + held : "This node has no links.";
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
  },
  (error) => {
    showProblem(error);
    for (const part of ["node", "links"]) $(part).hidden = true;
    document.querySelector(".columns").classList.remove("chosen");
  },
);

const scorePair = latest(
  async (source, target) => {
    const [score, why] = await Promise.all([
      ask("score", { source, target }),
      ask("why", { source, target }),
    ]);
    return { score, why };
  },
  ({ score, why }) => {
    const held = {
      train: "used for training",
      validation: "held out for validation",
      test: "held out for the test",
    }[score.part];
    const edge = score.is_edge
      ? make("span", { className: "is-edge", textContent: `an edge${held ? `, ${held}` : ""}` })
      : "not an edge";
    $("scored").replaceChildren(
      make("p", { className: "big", textContent: probability(score.probability) }),
      make("p", { className: "hint" }, `logit ${figure(score.logit, 3)} · `, edge),
      reasons(why),
    );
  },
  (error) => $("scored").replaceChildren(make("p", { textContent: error.message })),
);

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
  if (run.graph === "directed")
    $("predictions-hint").textContent =
      "The best pairs from this node to another that are not edges. Click a row to see what the two nodes share.";
  const test = run.metrics.test;
  const nodes =
    run.num_sources === null
      ? plural(run.num_nodes, "node")
      : `${plural(run.num_sources, "source")}, ${plural(run.num_nodes - run.num_sources, "target")}`;
  const facts = [
    run.model,
    nodes,
    `${plural(run.num_edges, "edge")}${run.graph === "directed" ? " (directed)" : ""}`,
    run.num_features ? plural(run.num_features, "feature") : "no features",
    test && `test AUC ${figure(test.roc_auc, 4)}, AP ${figure(test.average_precision, 4)}`,
    run.calibration
      ? `probabilities calibrated (${run.calibration})`
      : "probabilities not calibrated: use them for ranking only",
  ];
  $("facts").textContent = facts.filter(Boolean).join(" · ");
  $("hubs").replaceChildren("Nodes with the most links: ", ...run.hubs.map(link));
}

const closeQuery = suggest($("query"), go);
suggest($("source"), (node) => {
  $("source").value = node;
});
suggest($("target"), (node) => {
  $("target").value = node;
});
$("find").addEventListener("submit", (event) => {
  event.preventDefault();
  closeQuery();
  const text = $("query").value.trim();
  // Text that is not a complete id stands for the best id that contains it.
  if (text)
    ask("nodes", { query: text, limit: 1 }).then(
      ({ nodes }) => go(nodes.length ? nodes[0].node : text),
      showProblem,
    );
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
