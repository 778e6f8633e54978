// Draws the charts of a page from the figures beside them, and again after its filters changed.
// Amounts are exact texts: they become numbers here for their place on the screen alone, and every
// word that is shown came with the page. Without this file the page's own SVG stays.
"use strict";

(() => {
  const tag = document.currentScript;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Map();
  let library = null;

  function echartsOnce() {
    library ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = tag.dataset.echarts;
      script.onload = () => resolve(window.echarts);
      script.onerror = reject;
      document.head.append(script);
    });
    return library;
  }

  function palette() {
    const style = getComputedStyle(document.documentElement);
    return (name) => style.getPropertyValue(`--${name}`).trim();
  }

  function words(text) {
    const told = document.createElement("span");
    told.textContent = text;
    return told;
  }

  function common(figures, colour, font) {
    return {
      animation: false,
      textStyle: { fontFamily: font, color: colour("muted") },
      aria: { enabled: true, label: { description: figures.words }, decal: { show: false } },
      tooltip: {
        trigger: "item",
        confine: true,
        className: "tip",
        backgroundColor: colour("surface"),
        borderColor: colour("edge"),
        textStyle: { color: colour("ink"), fontFamily: font, fontSize: 13 },
        formatter: (part) => words(part.data.words),
      },
    };
  }

  function columns(figures, colour, font) {
    const ticks = figures.ticks.map(([amount]) => Number(amount));
    const spoken = new Map(figures.ticks.map(([amount, text]) => [Number(amount), text]));
    const negative = figures.slots.map((slot) => slot[3]);
    const dense = figures.slots.length > 12;
    const stripes = (base) => ({ symbol: "rect", color: base, dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -0.7 });
    const series = (parts, stack, look) =>
      parts.map((values, place) => ({
        type: "bar",
        stack,
        barMaxWidth: 36,
        barGap: "8%",
        itemStyle: look(colour(`series-${place}`)),
        data: values.map((part) => part && { value: Number(part[0]), words: part[1] }),
      }));
    const solid = (base) => ({ color: base });
    const striped = (base) => ({ color: `${base}38`, borderColor: base, borderWidth: 1 });
    const decals = [
      ...figures.revenue.map(() => ({ symbol: "none" })),
      ...figures.cogs.map((_, place) => stripes(colour(`series-${place}`))),
    ];
    const whole = common(figures, colour, font);
    const category = {
      type: "category",
      axisTick: { show: false },
      axisLine: { show: false },
    };
    return {
      ...whole,
      aria: { ...whole.aria, decal: { show: true, decals } },
      grid: { left: 8, right: 8, top: 30, bottom: 4, outerBoundsMode: "same" },
      xAxis: [
        {
          ...category,
          data: figures.slots.map((slot) => `${slot[0]}\n${slot[1]}`),
          axisLabel: { color: colour("ink"), interval: 0, fontSize: dense ? 11 : 12.5, lineHeight: 15 },
        },
        {
          ...category,
          position: "top",
          data: figures.slots.map((slot) => slot[2]),
          axisLabel: {
            interval: 0,
            fontSize: dense ? 11 : 13,
            fontWeight: 650,
            color: (_, place) => colour(negative[place] ? "loss" : "ink"),
          },
        },
      ],
      yAxis: {
        type: "value",
        min: ticks[0],
        max: ticks[ticks.length - 1],
        interval: ticks[1] - ticks[0],
        splitLine: { lineStyle: { color: colour("line") } },
        axisLabel: { color: colour("muted"), formatter: (at) => nearest(spoken, at) },
      },
      series: [...series(figures.revenue, "revenue", solid), ...series(figures.cogs, "cogs", striped)],
    };
  }

  function nearest(spoken, at) {
    const near = [...spoken.keys()].sort((one, other) => Math.abs(one - at) - Math.abs(other - at));
    return spoken.get(near[0]);
  }

  // A bar from one amount to another is a hidden part up to it and a visible one, on each side of 0.
  function bars(figures, colour, font, width) {
    const looks = { total: colour("series-0"), up: colour("good"), down: colour("loss") };
    const marks = { up: "▲ ", down: "▼ " };
    const narrow = width < 560;
    const spans = figures.bars.map(([name, told, look, start, end]) => ({
      name, told, look, start: Number(start), end: Number(end),
    }));
    const part = (size, hidden) => ({
      type: "bar",
      stack: "span",
      barWidth: 18,
      silent: hidden,
      data: spans.map((bar) => ({
        value: size(bar),
        words: `${bar.name}: ${bar.told}`,
        itemStyle: { color: hidden ? "transparent" : looks[bar.look] },
      })),
    });
    const category = { type: "category", inverse: true, axisTick: { show: false } };
    return {
      ...common(figures, colour, font),
      grid: { left: 4, right: 4, top: 4, bottom: 4, outerBoundsMode: "same" },
      yAxis: [
        {
          ...category,
          data: spans.map((bar) => bar.name),
          axisLine: { show: false },
          axisLabel: { color: colour("ink"), fontSize: 13, width: narrow ? 96 : 220, overflow: "truncate" },
        },
        {
          ...category,
          position: "right",
          data: spans.map((bar) => `${marks[bar.look] ?? ""}${bar.told}`),
          axisLine: { show: false },
          axisLabel: {
            fontSize: 13,
            color: (_, place) => colour(spans[place].look === "down" ? "loss" : "ink"),
          },
        },
      ],
      xAxis: {
        type: "value",
        min: Math.min(Number(figures.cut), ...spans.map((bar) => bar.start)),
        max: Math.max(Number(figures.cut), ...spans.map((bar) => bar.end)),
        show: false,
      },
      series: [
        part((bar) => Math.max(0, bar.start), true),
        part((bar) => Math.max(0, bar.end) - Math.max(0, bar.start), false),
        part((bar) => Math.min(0, bar.end), true),
        part((bar) => Math.min(0, bar.start) - Math.min(0, bar.end), false),
      ],
    };
  }

  function draw(plot, chart) {
    const figures = JSON.parse(plot.querySelector("script").textContent);
    const font = getComputedStyle(plot).fontFamily;
    const kinds = { columns, bars };
    chart.setOption(kinds[figures.kind](figures, palette(), font, plot.clientWidth), true);
  }

  function begin(plot, echarts) {
    const place = document.createElement("div");
    place.className = "live";
    const figures = JSON.parse(plot.querySelector("script").textContent);
    const height = figures.kind === "bars" ? 30 * figures.bars.length + 8 : 330;
    place.style.height = `${height}px`;
    plot.append(place);
    const chart = echarts.init(place, null, { renderer: "svg" });
    plot.classList.add("drawn");
    drawn.set(plot, chart);
    draw(plot, chart);
    new ResizeObserver(() => plot.isConnected && chart.resize()).observe(place);
  }

  async function drawAll() {
    for (const [plot, chart] of drawn) {
      if (!plot.isConnected) {
        chart.dispose();
        drawn.delete(plot);
      }
    }
    const waiting = document.querySelectorAll(".plot:not(.drawn)");
    if (waiting.length === 0) return;
    const echarts = await echartsOnce();
    for (const plot of waiting) if (!drawn.has(plot)) begin(plot, echarts);
  }

  // What the filters changed is told to those who don't see it.
  function tell() {
    const told = document.querySelector("#told");
    if (told) told.textContent = `${document.querySelector("h1")?.textContent}: ${document.querySelector(".lead")?.textContent}`;
  }

  // On a phone the row of pages is longer than the screen. scrollIntoView would make Tab start from
  // the link it shows, past the link that skips the navigation.
  function showPlace() {
    const here = document.querySelector(".top [aria-current]");
    if (!here) return;
    const row = here.parentElement;
    row.scrollLeft += here.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - here.clientWidth) / 2;
  }

  dark.addEventListener("change", () => drawn.forEach((chart, plot) => draw(plot, chart)));
  document.addEventListener("htmx:after:swap", () => { drawAll(); tell(); });
  document.addEventListener("DOMContentLoaded", () => {
    showPlace();
    drawAll();
  });
})();
