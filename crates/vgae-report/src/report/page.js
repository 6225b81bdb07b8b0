"use strict";
/* The map, the panel of a node, and the table of predicted links. Names of nodes are inserted as text, never as HTML. */
const runs = JSON.parse(document.getElementById("data").textContent);

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function figure(value) {
  const size = Math.abs(value);
  if (value > 0.9999 && value <= 1) return "> 0.9999";
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(2) : value.toFixed(4);
}

function collator() {
  return new Intl.Collator(undefined, { numeric: true });
}

for (const section of document.querySelectorAll("[data-run]")) {
  showRun(section, runs[Number(section.dataset.run)]);
}

function showRun(section, run) {
  const map = section.querySelector(".map");
  const select = map && run.map ? showMap(section, map, run) : () => {};
  const table = section.querySelector(".links");
  if (table) showLinks(table, run, select);
}

/* Draws the map, and returns a function that selects a node by its index. */
function showMap(section, container, run) {
  const panel = section.querySelector(".panel");
  const onMap = run.map.x.length;
  const data = {
    ids: run.ids.slice(0, onMap),
    x: run.map.x,
    y: run.map.y,
    group: run.map.group,
    groups: run.map.groups,
  };
  const point = (index) => ({
    id: data.ids[index],
    x: data.x[index],
    y: data.y[index],
    group: data.group[index],
  });
  const shown = (others) => others.filter((other) => other < onMap).map(point);
  const highlight = drawMap(container, data, { onSelect: select });

  function nodeButton(index) {
    const button = element("button", "node", run.ids[index]);
    button.type = "button";
    button.disabled = index >= onMap;
    if (button.disabled) button.title = "Not on the map";
    button.addEventListener("click", () => select(index));
    return button;
  }

  function select(index) {
    if (index === null || index >= onMap) {
      highlight(null);
      panel.replaceChildren(
        element(
          "p",
          "hint",
          run.links.length
            ? "Click a node to see its neighbours and its highest-ranked new links."
            : "Click a node to see its name.",
        ),
      );
      return;
    }
    const neighbours = run.map.neighbours[index];
    const predicted = run.map.predicted[index];
    highlight(point(index), shown(neighbours), shown(predicted.map((link) => link[0])));
    const group = run.map.group[index];
    const degree = run.map.degrees[index];
    const facts = [
      group === null ? "" : run.map.groups[group].name,
      `${degree} ${degree === 1 ? "neighbour" : "neighbours"}`,
    ];
    const list = element("ol", "predicted");
    for (const [other, probability, common] of predicted) {
      const item = element("li");
      const text = run.countsCommon ? `${figure(probability)} · ${common} in common` : figure(probability);
      item.append(nodeButton(other), element("span", "value", text));
      list.append(item);
    }
    const known = element("div", "neighbours");
    known.append(...neighbours.map(nodeButton));
    if (degree > neighbours.length)
      known.append(element("span", "hint", `and ${degree - neighbours.length} more`));
    panel.replaceChildren(
      element("h4", "", run.ids[index]),
      element("p", "hint", facts.filter(Boolean).join(" · ")),
      element("h5", "", "Highest-ranked new links"),
      predicted.length
        ? list
        : element("p", "hint", "This node was not searched for links; vgae predict RUN --node ID does this."),
      element("h5", "", "Neighbours"),
      neighbours.length ? known : element("p", "hint", "None."),
    );
  }

  const find = section.querySelector(".find");
  find.addEventListener("change", () => {
    const text = find.value.trim().toLowerCase();
    if (!text) return select(null);
    const names = data.ids.map((id) => id.toLowerCase());
    const index = [
      names.indexOf(text),
      names.findIndex((name) => name.startsWith(text)),
      names.findIndex((name) => name.includes(text)),
    ].find((at) => at >= 0);
    if (index !== undefined) return select(index);
    select(null);
    panel.replaceChildren(element("p", "hint", "No node on the map has a name with this text."));
  });
  select(null);
  return select;
}

function showLinks(table, run, select) {
  const body = table.querySelector("tbody");
  const search = table.querySelector(".search");
  const state = table.querySelector(".state");
  const headers = [...table.querySelectorAll("th[data-key]")];
  const compare = collator().compare;
  const value = {
    rank: (link) => link.rank,
    source: (link) => run.ids[link.source],
    target: (link) => run.ids[link.target],
    probability: (link) => link.probability,
    logit: (link) => link.logit,
    common: (link) => link.common,
  };
  const links = run.links.map(([source, target, probability, logit, common], at) => ({
    rank: at + 1,
    source,
    target,
    probability,
    logit,
    common,
  }));
  const maxRows = 500;
  let key = "rank",
    descending = false;

  function shown() {
    const text = search.value.trim().toLowerCase();
    const matches = links.filter(
      (link) =>
        !text || [link.source, link.target].some((node) => run.ids[node].toLowerCase().includes(text)),
    );
    const by = (a, b) => {
      const [x, y] = [value[key](a), value[key](b)];
      return (typeof x === "string" ? compare(x, y) : x - y) || a.rank - b.rank;
    };
    matches.sort((a, b) => (descending ? -by(a, b) : by(a, b)));
    return matches;
  }

  function draw() {
    const matches = shown();
    body.replaceChildren(
      ...matches.slice(0, maxRows).map((link) => {
        const row = element("tr");
        const node = (index) => {
          const cell = element("td");
          const button = element("button", "node", run.ids[index]);
          button.type = "button";
          button.addEventListener("click", () => {
            select(index);
            document.querySelector(".map")?.scrollIntoView({ block: "nearest" });
          });
          cell.append(run.map ? button : element("span", "", run.ids[index]));
          return cell;
        };
        const bar = element("td", "bar");
        bar.style.setProperty("--share", link.probability);
        bar.append(element("span", "", figure(link.probability)));
        row.append(
          element("td", "number", link.rank),
          node(link.source),
          node(link.target),
          bar,
          element("td", "number", link.logit.toFixed(3)),
        );
        if (run.countsCommon) row.append(element("td", "number", link.common));
        return row;
      }),
    );
    const cut = matches.length > maxRows ? `, the first ${maxRows} shown` : "";
    state.textContent = `${matches.length} of ${links.length} links${cut}`;
    for (const header of headers) {
      const isKey = header.dataset.key === key;
      header.setAttribute("aria-sort", isKey ? (descending ? "descending" : "ascending") : "none");
    }
  }

  for (const header of headers) {
    header.querySelector("button").addEventListener("click", () => {
      const next = header.dataset.key;
      // All numbers except the rank are sorted from the largest down at first.
      descending = next === key ? !descending : ["probability", "logit", "common"].includes(next);
      key = next;
      draw();
    });
  }
  search.addEventListener("input", draw);

  /* A spreadsheet runs text that begins with one of these as a formula; an apostrophe in front prevents that. */
  const cell = (text) => {
    const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const csv = () =>
    [
      "source,target,probability,logit,common_neighbours",
      ...shown().map((link) =>
        [
          cell(run.ids[link.source]),
          cell(run.ids[link.target]),
          link.probability,
          link.logit,
          link.common,
        ].join(","),
      ),
    ].join("\r\n") + "\r\n";
  table.querySelector(".download").addEventListener("click", () => {
    const anchor = element("a");
    anchor.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    anchor.download = `${run.name}-links.csv`;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 1000);
  });
  table.csv = csv;
  draw();
}

/* Print collapsed sections as well. */
addEventListener("beforeprint", () =>
  document.querySelectorAll("details").forEach((details) => {
    details.open = true;
  }),
);
