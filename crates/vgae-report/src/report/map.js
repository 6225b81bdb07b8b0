"use strict";
/* The map of embeddings, for the report and the explorer. Needs d3.

   drawMap(container, data, options) fills `container`, which has the class "map".
   data: ids, x, y (from −1 to 1), group (index into groups, or null), and groups: [{name, count}].
   options.onSelect(index) is called with the clicked node, or null for a click beside the nodes.
   Returns select(node, neighbours, predicted), which highlights a node, {id, x, y, group}, with lines to the others,
   or clears the highlight if node is null. */
function drawMap(container, data, options) {
  const count = data.ids.length;
  const canvas = document.createElement("canvas");
  const tip = document.createElement("div");
  const legend = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  legend.className = "legend";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Map of ${count} nodes`);
  container.replaceChildren(canvas, tip, legend);

  const context = canvas.getContext("2d");
  const tree = d3.quadtree(
    d3.range(count),
    (i) => data.x[i],
    (i) => data.y[i],
  );
  const hidden = new Set();
  let transform = d3.zoomIdentity;
  let width = 0,
    height = 0,
    hovered = null;
  let chosen = { node: null, neighbours: [], predicted: [] };

  const color = (name) => getComputedStyle(container).getPropertyValue(name).trim();
  const half = () => Math.min(width, height) / 2 - 12;
  const toScreen = (x, y) => [
    transform.applyX(width / 2 + x * half()),
    transform.applyY(height / 2 - y * half()),
  ];
  const position = (i) => toScreen(data.x[i], data.y[i]);
  const groupOf = (i) => data.group[i] ?? -1;
  const radius = () =>
    Math.max(1.6, Math.min(4, 150 / Math.sqrt(count))) * Math.min(2.5, Math.sqrt(transform.k));

  /* Each group has a colour and a shape, the same as in the charts. */
  const plus = [
    [-0.4, -1.3],
    [0.4, -1.3],
    [0.4, -0.4],
    [1.3, -0.4],
    [1.3, 0.4],
    [0.4, 0.4],
    [0.4, 1.3],
    [-0.4, 1.3],
    [-0.4, 0.4],
    [-1.3, 0.4],
    [-1.3, -0.4],
    [-0.4, -0.4],
  ];
  const corners = [
    null,
    [
      [-0.9, -0.9],
      [0.9, -0.9],
      [0.9, 0.9],
      [-0.9, 0.9],
    ],
    [
      [0, -1.3],
      [1.15, 0.8],
      [-1.15, 0.8],
    ],
    [
      [0, -1.3],
      [1.3, 0],
      [0, 1.3],
      [-1.3, 0],
    ],
    [
      [0, 1.3],
      [1.15, -0.8],
      [-1.15, -0.8],
    ],
    plus,
    plus.map(([x, y]) => [0.71 * (x - y), 0.71 * (x + y)]),
    [
      [-1.4, -0.55],
      [1.4, -0.55],
      [1.4, 0.55],
      [-1.4, 0.55],
    ],
  ];
  function drawPoint(group, x, y, r) {
    const shape = corners[group % corners.length];
    context.beginPath();
    if (!shape) context.arc(x, y, r, 0, 2 * Math.PI);
    else for (const [across, down] of shape) context.lineTo(x + across * r, y + down * r);
    context.fill();
  }

  function drawLines(from, others, style, dash, alpha) {
    context.strokeStyle = style;
    context.globalAlpha = alpha;
    context.lineWidth = 1.5;
    context.setLineDash(dash);
    for (const other of others) {
      context.beginPath();
      context.moveTo(...toScreen(from.x, from.y));
      context.lineTo(...toScreen(other.x, other.y));
      context.stroke();
    }
    context.setLineDash([]);
  }

  /* Writes the name of a node on the side with more room. */
  function drawName({ id, x, y }, ink) {
    const [left, top] = toScreen(x, y);
    const text = id.length > 30 ? `${id.slice(0, 29)}…` : id;
    const isRight = left > width / 2;
    context.font = `600 13px ${getComputedStyle(container).fontFamily}`;
    context.textAlign = isRight ? "right" : "left";
    context.textBaseline = "middle";
    context.lineWidth = 4;
    context.strokeStyle = color("--paper");
    context.fillStyle = ink;
    const from = left + (isRight ? -12 : 12);
    context.strokeText(text, from, top);
    context.fillText(text, from, top);
  }

  function draw() {
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    const colors = data.groups.map((_, g) => color(`--series-${g}`));
    const other = color("--other"),
      ink = color("--ink");
    const { node, neighbours, predicted } = chosen;
    const r = radius();
    for (const group of [-1, ...data.groups.keys()]) {
      if (hidden.has(group)) continue;
      context.fillStyle = group < 0 ? other : colors[group];
      context.globalAlpha = node ? 0.25 : group < 0 && data.groups.length ? 0.45 : 0.8;
      for (let i = 0; i < count; i++) {
        if (groupOf(i) !== group) continue;
        const [x, y] = position(i);
        if (x > -9 && y > -9 && x < width + 9 && y < height + 9) drawPoint(Math.max(group, 0), x, y, r);
      }
    }
    if (node) {
      drawLines(node, neighbours, ink, [], 0.55);
      drawLines(node, predicted, color("--accent"), [5, 4], 1);
      context.globalAlpha = 1;
      for (const point of [...neighbours, ...predicted, node]) {
        const group = point.group ?? -1;
        context.fillStyle = group < 0 ? other : colors[group];
        drawPoint(Math.max(group, 0), ...toScreen(point.x, point.y), r * 1.3);
      }
      drawName(node, ink);
    }
    context.globalAlpha = 1;
    const rings = [node && toScreen(node.x, node.y), hovered === null ? null : position(hovered)];
    for (const [x, y] of rings.filter(Boolean)) {
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x, y, r * 1.3 + 4, 0, 2 * Math.PI);
      context.stroke();
    }
    canvas.dataset.drawn = String(count);
  }

  function nearest(x, y) {
    const reach = 14 / (half() * transform.k);
    const wx = (transform.invertX(x) - width / 2) / half();
    const wy = -(transform.invertY(y) - height / 2) / half();
    if (!hidden.size) {
      const found = tree.find(wx, wy, reach);
      return found === undefined ? null : found;
    }
    let best = null,
      least = reach * reach;
    for (let i = 0; i < count; i++) {
      if (hidden.has(groupOf(i))) continue;
      const distance = (data.x[i] - wx) ** 2 + (data.y[i] - wy) ** 2;
      if (distance < least) {
        best = i;
        least = distance;
      }
    }
    return best;
  }

  function hover(index) {
    if (index === hovered) return;
    hovered = index;
    canvas.style.cursor = index === null ? "grab" : "pointer";
    tip.hidden = index === null;
    if (index !== null) {
      const group = data.groups[groupOf(index)]?.name;
      tip.replaceChildren(strong(data.ids[index]), document.createTextNode(group ? ` · ${group}` : ""));
      const [x, y] = position(index);
      tip.style.left = `${Math.min(Math.max(x, 70), Math.max(width - 70, 70))}px`;
      tip.style.top = `${y + (y > 56 ? -18 : 18)}px`;
      tip.dataset.below = String(y <= 56);
    }
    draw();
  }

  function strong(text) {
    const element = document.createElement("strong");
    element.textContent = text;
    return element;
  }

  const zoom = d3
    .zoom()
    .scaleExtent([0.8, 60])
    /* The wheel scrolls the page; Ctrl and the wheel, or a pinch, zoom the map. */
    .filter(
      (event) =>
        !event.button &&
        (event.type !== "wheel" || event.ctrlKey || event.metaKey || document.activeElement === canvas) &&
        (event.type !== "touchstart" || event.touches.length > 1 || transform.k > 1),
    )
    .on("zoom", (event) => {
      transform = event.transform;
      tip.hidden = true;
      hovered = null;
      draw();
    });
  d3.select(canvas)
    .call(zoom)
    .on("dblclick.zoom", () => d3.select(canvas).call(zoom.transform, d3.zoomIdentity))
    .on("mousemove", (event) => hover(nearest(...d3.pointer(event, canvas))))
    .on("mouseleave", () => hover(null))
    .on("click", (event) => options.onSelect(nearest(...d3.pointer(event, canvas))))
    .on("keydown", (event) => {
      const by = { "+": 1.5, "=": 1.5, "-": 1 / 1.5 }[event.key];
      if (by) d3.select(canvas).call(zoom.scaleBy, by);
      if (event.key === "0") d3.select(canvas).call(zoom.transform, d3.zoomIdentity);
      if (event.key === "Escape") options.onSelect(null);
    });

  const shapes = ["●", "■", "▲", "◆", "▼", "✚", "✖", "▬"];
  const rest = data.group.filter((group) => (group ?? -1) < 0).length;
  const entries = data.groups.map((group, g) => [
    g,
    group.name,
    shapes[g % shapes.length],
    `var(--series-${g})`,
  ]);
  if (data.groups.length && rest) entries.push([-1, "other or no group", "●", "var(--other)"]);
  for (const [g, name, shape, style] of entries) {
    const button = document.createElement("button");
    const sign = document.createElement("span");
    sign.textContent = shape;
    sign.style.color = style;
    sign.setAttribute("aria-hidden", "true");
    const text = document.createElement("span");
    text.textContent = name;
    text.className = "name";
    button.type = "button";
    button.setAttribute("aria-pressed", "true");
    button.title = `Show or hide ${name}`;
    button.append(sign, text);
    button.addEventListener("click", () => {
      if (!hidden.delete(g)) hidden.add(g);
      button.setAttribute("aria-pressed", String(!hidden.has(g)));
      draw();
    });
    legend.append(button);
  }

  function resize() {
    const box = canvas.getBoundingClientRect();
    if (!box.width) return;
    width = box.width;
    height = box.height;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    draw();
  }
  new ResizeObserver(resize).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  /* Redraw in light colours for printing. */
  addEventListener("beforeprint", draw);
  addEventListener("afterprint", draw);
  resize();

  return function select(node, neighbours = [], predicted = []) {
    chosen = { node, neighbours, predicted };
    draw();
  };
}
