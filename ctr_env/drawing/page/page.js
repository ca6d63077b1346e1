"use strict";
(async () => {
  const PRINT_WIDTH = 330, MOST_BANDS = 5;
  const byId = (id) => document.getElementById(id);
  const panels = [...document.querySelectorAll(".panel")];
  const themes = JSON.parse(byId("themes").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const inSpace = (() => {
    try { return Boolean(document.createElement("canvas").getContext("webgl")); } catch { return false; }
  })();

  const unpacked = async (id) => {
    const bytes = Uint8Array.from(atob(byId(id).textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };

  // "@3" is a line's colour, "@3~" that of its band, "@text" and so on are named.
  const coloured = (value, theme) => {
    if (typeof value === "string") {
      if (value[0] !== "@") return value;
      return value.endsWith("~") ? theme[value.slice(1, -1)] + "2e" : theme[value.slice(1)] ?? value;
    }
    if (Array.isArray(value)) return value.map((each) => coloured(each, theme));
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, coloured(each, theme)]));
    return value;
  };

  // Without WebGL a path in space is drawn as the camera sees it.
  const flattened = ({ data, layout }) => {
    const { scene, ...rest } = layout;
    const yaxis = { ...scene.yaxis, autorange: "reversed", scaleanchor: "x" };
    return {
      data: data.map(({ z, ...trace }) => ({ ...trace, type: "scatter", hovertemplate: undefined })),
      layout: { ...rest, margin: { l: 58, r: 14, t: 30, b: 46 }, xaxis: scene.xaxis, yaxis },
    };
  };

  const drawn = new Map(); // panel -> figure
  const hidden = new Map(); // chart -> names of hidden lines

  const withVisibility = (data, key) => {
    const off = hidden.get(key) ?? new Set();
    const shown = new Set(data.map((trace) => trace.meta).filter((name) => !off.has(name)));
    const bands = shown.size <= MOST_BANDS;
    return data.map((trace) => ({ ...trace, visible: shown.has(trace.meta) && (bands || !trace.uid?.startsWith("band")) }));
  };

  const draw = (panel, printing = false) => {
    const { chart, panel: index } = panel.dataset;
    let figure = charts[chart][Number(index)];
    if (figure.layout.scene && !inSpace) figure = flattened(figure);
    const { data, layout } = coloured(figure, themes[dark.matches && !printing ? "dark" : "light"]);
    layout.width = printing ? PRINT_WIDTH : undefined;
    layout.dragmode = layout.scene ? "orbit" : window.matchMedia("(pointer: fine)").matches ? "zoom" : false;
    const config = { responsive: true, displayModeBar: false };
    const ready = Plotly.react(panel, withVisibility(data, chart), layout, config);
    drawn.set(panel, figure);
    return ready;
  };

  for (const legend of document.querySelectorAll(".legend")) {
    const key = legend.parentElement.querySelector(".panel").dataset.chart;
    const buttons = [...legend.querySelectorAll("[data-name]")];
    const off = new Set(buttons.filter((each) => each.ariaPressed === "false").map((each) => each.dataset.name));
    hidden.set(key, off);
    legend.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const { name, all } = button.dataset;
      for (const each of all ? buttons : [button]) {
        const show = all ? all === "all" : off.has(name);
        show ? off.delete(each.dataset.name) : off.add(each.dataset.name);
        each.setAttribute("aria-pressed", String(show));
      }
      for (const panel of drawn.keys()) if (panel.dataset.chart === key) draw(panel);
    });
  }

  if (!("DecompressionStream" in window)) {
    for (const panel of panels) panel.textContent = "This browser is too old to draw the figures; the tables hold their numbers.";
    return;
  }
  const source = document.createElement("script");
  source.textContent = await unpacked("plotly");
  document.head.append(source);
  const charts = JSON.parse(await unpacked("charts"));

  const observer = new IntersectionObserver(
    (entries) => {
      for (const entry of entries)
        if (entry.isIntersecting) {
          observer.unobserve(entry.target);
          draw(entry.target);
        }
    },
    { rootMargin: "600px" },
  );
  for (const panel of panels) observer.observe(panel);
  dark.addEventListener("change", () => [...drawn.keys()].forEach((panel) => draw(panel)));
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  window.addEventListener("beforeprint", () => panels.forEach((panel) => draw(panel, true)));
  window.addEventListener("afterprint", () => [...drawn.keys()].forEach((panel) => draw(panel)));
  document.documentElement.dataset.ready = "true";
})();
