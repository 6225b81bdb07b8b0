"use strict";
/* The parts of the page of vgae explore: requests, elements, suggestions of nodes, and explanations of pairs. Data from
   the run is inserted as text, never as HTML. */

const $ = (id) => document.getElementById(id);
const count = new Intl.NumberFormat("en");

/* Creates an element with properties and children. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/* Requests an answer from the API; an error has the server's message. */
async function ask(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  let response;
  try {
    response = await fetch(`/api/${path}${query && `?${query}`}`);
  } catch {
    throw new Error("vgae explore does not respond; was it stopped?");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(`${answer.error}; ${answer.hint}`);
  return answer;
}

/* Wraps an async function so that late answers are dropped: `show` gets only the answer to the last call. */
function latest(request, show, fail) {
  let last = 0;
  return async (...args) => {
    const own = ++last;
    try {
      const answer = await request(...args);
      if (own === last) show(answer, ...args);
    } catch (error) {
      if (own === last) fail(error);
    }
  };
}

function showProblem(error) {
  $("problem").hidden = !error;
  $("problem").textContent = error ? error.message : "";
}

const hashOf = (id) => `#node=${encodeURIComponent(id)}`;

/* The class of a text, which is clipped after some lines if it is long. */
const clipClass = (text) => (text.length > 90 ? "long" : "");

function link({ node }) {
  return make("a", { href: hashOf(node), textContent: node, title: node, className: clipClass(node) });
}

/* Shows a label, which may break after the characters that join its words. */
function labelElement(text) {
  return make(
    "span",
    { className: "label" },
    ...text.split(/(?<=[_./-])/).flatMap((word) => [word, make("wbr")]),
  );
}

function named(item) {
  return make("span", {}, link(item), item.label ? " " : null, item.label ? labelElement(item.label) : null);
}

function probability(value) {
  if (value === null) return "–";
  if (value > 0.9999) return "> 0.9999";
  if (value > 0 && value < 0.0001) return value.toExponential(1);
  return value.toFixed(4);
}

const figure = (value, digits) => (value === null ? "–" : value.toFixed(digits));

function plural(number, one, many = `${one}s`) {
  return `${count.format(number)} ${number === 1 ? one : many}`;
}

function bar(value) {
  const fill = make("i");
  fill.style.width = `${100 * (value ?? 0)}%`;
  return make("span", { className: "track", ariaHidden: "true" }, fill);
}

/* Shows suggestions of node ids below an input: arrow keys and Enter choose one, Escape closes the list. */
function suggest(input, choose) {
  const list = make("ul", { className: "options", id: `${input.id}-options`, role: "listbox", hidden: true });
  list.setAttribute("aria-label", "nodes");
  for (const [name, value] of [
    ["role", "combobox"],
    ["aria-expanded", "false"],
    ["aria-autocomplete", "list"],
    ["aria-controls", list.id],
    ["autocomplete", "off"],
    ["autocapitalize", "off"],
    ["spellcheck", "false"],
  ]) {
    input.setAttribute(name, value);
  }
  input.after(list);
  let found = [],
    current = -1,
    timer = 0;

  function highlight(index) {
    current = index;
    found.forEach((_, i) => list.children[i].setAttribute("aria-selected", String(i === current)));
    if (current < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[current].id);
    list.children[current].scrollIntoView({ block: "nearest" });
  }
  function open(isOpen) {
    clearTimeout(timer);
    list.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) highlight(-1);
  }
  function take(index) {
    const { node } = found[index];
    open(false);
    choose(node);
  }
  const search = latest(
    (query) => ask("nodes", { query, limit: 12 }),
    (answer) => {
      if (document.activeElement !== input || !input.value.trim()) return;
      found = answer.nodes;
      const option = (item, i) =>
        make(
          "li",
          {
            role: "option",
            id: `${input.id}-${i}`,
            onmousedown: (event) => {
              event.preventDefault();
              take(i);
            },
          },
          make("span", { textContent: item.node, className: clipClass(item.node) }),
          item.label ? " " : null,
          item.label ? labelElement(item.label) : null,
        );
      const rest = answer.num_found - found.length;
      const note = found.length ? rest && `and ${count.format(rest)} more` : "no id contains this text";
      list.replaceChildren(
        ...found.map(option),
        ...(note ? [make("li", { className: "hint", textContent: note })] : []),
      );
      open(true);
      highlight(-1);
    },
    () => open(false),
  );

  input.addEventListener("input", () => {
    clearTimeout(timer);
    const query = input.value.trim();
    if (!query) return open(false);
    timer = setTimeout(search, 80, query);
  });
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      open(false);
      event.preventDefault();
    }
    if (list.hidden || !found.length) return;
    if (event.key === "ArrowDown") {
      highlight((current + 1) % found.length);
      event.preventDefault();
    }
    if (event.key === "ArrowUp") {
      highlight((current <= 0 ? found.length : current) - 1);
      event.preventDefault();
    }
    if (event.key === "Enter" && current >= 0) {
      take(current);
      event.preventDefault();
    }
  });
  return () => open(false);
}

/* Shows what the two nodes of a pair share. */
function reasons(why) {
  const block = (title, text, items, className = "") =>
    make(
      "div",
      {},
      make("h4", { textContent: title }),
      make("p", { textContent: text }),
      items && items.length ? make("ul", { className }, ...items) : null,
    );
  const item = (one, other) =>
    make("li", {}, named(one), other ? make("span", { textContent: other }) : null);
  const more = (shown, all) => (all > shown ? ` The ${shown} with the fewest edges:` : "");
  const blocks = [];
  if (why.alike) {
    const some = why.alike.length
      ? "These nodes are linked with the target and share neighbours with the source:"
      : "No node linked with the target shares a neighbour with the source.";
    blocks.push(
      block(
        "Similar nodes",
        some,
        why.alike.map((one) => item(one, `${count.format(one.num_common_neighbours)} in common`)),
      ),
    );
  } else {
    const text = why.num_common_neighbours
      ? `${count.format(why.num_common_neighbours)}, Adamic–Adar ${figure(why.adamic_adar, 2)}.${more(why.common_neighbours.length, why.num_common_neighbours)}`
      : "None.";
    blocks.push(
      block(
        "Common neighbours",
        text,
        why.common_neighbours.map((one) => item(one)),
        why.common_neighbours.some((one) => one.label) ? "" : "names",
      ),
    );
  }
  if (why.num_shared_features !== null) {
    const largest = Math.max(...why.shared_features.map((shared) => shared.weight));
    const features = why.shared_features.map((shared) => {
      const weight = make("span", { className: "weight", ariaHidden: "true" });
      weight.style.width = `${(100 * shared.weight) / largest}%`;
      return make(
        "li",
        {},
        make(
          "span",
          {},
          make("span", {
            textContent: /^\d+$/.test(shared.feature) ? `feature ${shared.feature}` : shared.feature,
            className: clipClass(shared.feature),
          }),
          weight,
        ),
        make("span", { textContent: `in ${plural(shared.num_nodes, "node")}` }),
      );
    });
    const text =
      `${why.num_shared_features ? count.format(why.num_shared_features) : "None"}, cosine ${figure(why.feature_cosine, 3)}.` +
      (why.num_shared_features > features.length ? ` The ${features.length} with the largest weights:` : "");
    blocks.push(block("Shared features", text, features));
  }
  const far =
    why.distance === null
      ? `more than ${why.max_distance} training edges apart`
      : `${plural(why.distance, "training edge")} apart`;
  blocks.push(
    block(
      "Position in the graph",
      `${far[0].toUpperCase()}${far.slice(1)}. Training edges: ${count.format(why.source_degree)} at the source, ${count.format(why.target_degree)} at the target.`,
    ),
  );
  return make("div", { className: "reasons" }, ...blocks);
}

/* Creates the row of a predicted link, and the row below it that explains the link. */
function predicted(source, item, rank) {
  const cell = make("td", { className: "why", colSpan: 6 });
  const below = make("tr", { hidden: true }, cell);
  const button = make("button", { type: "button", textContent: "why" });
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-label", `why ${item.node}`);
  const row = make(
    "tr",
    { className: "row" },
    make("td", { className: "number", textContent: rank }),
    make("td", {}, named(item)),
    make(
      "td",
      { className: "chance" },
      make("span", { className: "figure", textContent: probability(item.probability) }),
      bar(item.probability),
    ),
    make("td", { className: "number optional", textContent: figure(item.logit, 2) }),
    make("td", {
      className: "number optional common",
      textContent: count.format(item.why.num_common_neighbours),
    }),
    make("td", { className: "opens" }, button),
  );
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
