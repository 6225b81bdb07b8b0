"use strict";
/* The elements of the page of vgae explore, and its requests. Data from the run is inserted as text, never as HTML. */

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
  return make("span", { className: "label" }, ...text.split(/(?<=[_./-])/).flatMap((word) => [word, make("wbr")]));
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
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-autocomplete", "list"],
    ["aria-controls", list.id], ["autocomplete", "off"], ["autocapitalize", "off"], ["spellcheck", "false"]]) {
    input.setAttribute(name, value);
  }
  input.after(list);
  let found = [], current = -1, timer = 0;

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
  const search = latest((query) => ask("nodes", { query, limit: 12 }), (answer) => {
    if (document.activeElement !== input || !input.value.trim()) return;
    found = answer.nodes;
    const option = (item, i) => make("li", { role: "option", id: `${input.id}-${i}`, onmousedown: (event) => { event.preventDefault(); take(i); } },
      make("span", { textContent: item.node, className: clipClass(item.node) }), item.label ? " " : null, item.label ? labelElement(item.label) : null);
    const rest = answer.num_found - found.length;
    const note = found.length ? rest && `and ${count.format(rest)} more` : "no id contains this";
    list.replaceChildren(...found.map(option), ...(note ? [make("li", { className: "hint", textContent: note })] : []));
    open(true);
    highlight(-1);
  }, () => open(false));

  input.addEventListener("input", () => {
    clearTimeout(timer);
    const query = input.value.trim();
    if (!query) return open(false);
    timer = setTimeout(search, 80, query);
  });
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) { open(false); event.preventDefault(); }
    if (list.hidden || !found.length) return;
    if (event.key === "ArrowDown") { highlight((current + 1) % found.length); event.preventDefault(); }
    if (event.key === "ArrowUp") { highlight((current <= 0 ? found.length : current) - 1); event.preventDefault(); }
    if (event.key === "Enter" && current >= 0) { take(current); event.preventDefault(); }
  });
  return () => open(false);
}
