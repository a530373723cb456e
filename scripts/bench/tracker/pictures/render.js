// Draws the pictures of the tracker's simulation as SVG, without a browser: reads {name: option data} as
// JSON from standard input, writes the files that it names. Called by ../simulate.ts.

// By a name that a check of the whole project does not see: only simulate.ts installs it, here.
const PACKAGE = "echarts";
const echarts = await import(PACKAGE);

const FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";
const INK = "#1f2430";
const QUIET = "#6b7080";
const LINE = "#e4e6ec";
// From nothing to everything, readable in print and for the colour-blind.
const STEPS = [
  "#f3f5fa",
  "#dfe6f6",
  "#c3d2f0",
  "#a2bae8",
  "#7f9fde",
  "#5c83d2",
  "#3f68c0",
  "#2c50a5",
  "#1f3c86",
  "#162b66",
  "#128a4b",
];
/** After the last host: nothing moves any more. */
const OVER = "#e4f3ea";
const POLICY_COLORS = {
  "uniform random": "#b8bdc9",
  "nearest only": "#e0b070",
  "nearest and one": "#d98b5f",
  "ours": "#128a4b",
};

function render(option, { width, height }) {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({ animation: false, textStyle: { fontFamily: FONT, color: INK }, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

// Racks from top to bottom, time from left to right; each step of colour is a tenth of the release.
function spread({ title, subtitle, sites, racksPerSite, segments, maxTime, facts }) {
  const [width, height] = [1000, 560];
  const rows = sites * racksPerSite;
  const end = Math.max(...segments.map(([, to]) => to));
  const gap = 3;
  const top = 104;
  const bottom = 74;
  const left = 92;
  const right = 28;
  const rowOf = (rack) => rack + Math.floor(rack / racksPerSite) * gap;
  const total = rows + gap * (sites - 1);
  return render({
    backgroundColor: "#ffffff",
    title: {
      text: title,
      subtext: subtitle,
      left: 24,
      top: 12,
      textStyle: { fontSize: 20, fontWeight: 650, color: INK },
      subtextStyle: { fontSize: 13, color: QUIET, lineHeight: 17 },
      itemGap: 4,
    },
    graphic: [
      ...facts.map(({ value, label }, index) => ({
        type: "group",
        right: 28 + (facts.length - 1 - index) * 150,
        top: 18,
        children: [
          {
            type: "text",
            style: { text: value, x: 0, y: 0, align: "right", font: `650 22px ${FONT}`, fill: INK },
          },
          {
            type: "text",
            style: { text: label, x: 0, y: 28, align: "right", font: `12px ${FONT}`, fill: QUIET },
          },
        ],
      })),
      ...Array.from({ length: sites }, (_, site) => ({
        type: "text",
        style: {
          text: `site ${site + 1}`,
          x: left - 14,
          y: top +
            (height - top - bottom) * (rowOf(site * racksPerSite) + racksPerSite / 2) / total,
          align: "right",
          verticalAlign: "middle",
          font: `13px ${FONT}`,
          fill: QUIET,
        },
      })),
      ...STEPS.map((color, step) => ({
        type: "rect",
        shape: { x: left + step * 22, y: height - 24, width: 22, height: 9 },
        style: { fill: color },
      })),
      {
        type: "text",
        style: {
          text:
            "part of the release that a rack's hosts hold, in tenths; green: all of them have all of it",
          x: left + STEPS.length * 22 + 10,
          y: height - 19.5,
          verticalAlign: "middle",
          font: `12px ${FONT}`,
          fill: QUIET,
        },
      },
    ],
    grid: { left, right, top, bottom },
    xAxis: {
      type: "value",
      min: 0,
      max: maxTime,
      axisLabel: {
        formatter: (value) => `${value}×`,
        color: QUIET,
        fontSize: 12,
        showMaxLabel: maxTime % 1 === 0,
      },
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      name: "time over the least possible",
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: { color: QUIET, fontSize: 12 },
    },
    yAxis: { type: "value", min: 0, max: total, inverse: true, show: false },
    series: [{
      type: "custom",
      data: [
        ...segments,
        ...Array.from({ length: rows }, (_, rack) => [end, maxTime, rack, STEPS.length]),
      ],
      encode: { x: [0, 1], y: 2 },
      clip: true,
      renderItem(_params, api) {
        const row = rowOf(api.value(2));
        const [x, y] = api.coord([api.value(0), row]);
        const [until, below] = api.coord([api.value(1), row + 1]);
        return {
          type: "rect",
          shape: { x, y, width: until - x + 0.3, height: below - y + 0.3 },
          style: { fill: STEPS[api.value(3)] ?? OVER },
        };
      },
      markLine: {
        symbol: "none",
        silent: true,
        data: [{ xAxis: 1 }],
        lineStyle: { color: "#c2410c", type: [4, 4], width: 1.2 },
        label: {
          formatter: "least possible",
          position: "start",
          color: "#c2410c",
          fontSize: 11,
          distance: 4,
        },
      },
    }],
  }, { width, height });
}

// One row per policy, one panel per measure; the scale of copies is logarithmic.
function compare({ title, subtitle, policies, panels }) {
  const [width, height] = [1000, 330];
  const left = 150;
  const gap = 46;
  const panelWidth = (width - left - 40 - gap * (panels.length - 1)) / panels.length;
  const y = [...policies].reverse();
  return render({
    backgroundColor: "#ffffff",
    title: {
      text: title,
      subtext: subtitle,
      left: 24,
      top: 16,
      textStyle: { fontSize: 20, fontWeight: 650, color: INK },
      subtextStyle: { fontSize: 13, color: QUIET },
      itemGap: 6,
    },
    graphic: panels.map(({ name }, index) => ({
      type: "text",
      style: {
        text: name,
        x: left + index * (panelWidth + gap),
        y: 92,
        font: `600 13px ${FONT}`,
        fill: INK,
      },
    })),
    grid: panels.map((_, index) => ({
      left: left + index * (panelWidth + gap),
      width: panelWidth,
      top: 116,
      bottom: 34,
    })),
    xAxis: panels.map(({ isLog, max }, index) => ({
      gridIndex: index,
      type: isLog ? "log" : "value",
      min: isLog ? 0.7 : 0,
      startValue: isLog ? 0.7 : 0,
      max,
      axisLabel: {
        color: QUIET,
        fontSize: 11,
        formatter: (value) => value < 1 && value > 0 ? "" : `${value.toLocaleString("en")}×`,
        hideOverlap: true,
      },
      splitLine: { lineStyle: { color: LINE } },
      axisLine: { show: false },
      axisTick: { show: false },
    })),
    yAxis: panels.map((_, index) => ({
      gridIndex: index,
      type: "category",
      data: y,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        show: index === 0,
        color: INK,
        fontSize: 13,
        margin: 12,
        formatter: (name) => name === "ours" ? "{b|ours}" : name,
        rich: { b: { fontWeight: 650, fontSize: 13, color: INK } },
      },
    })),
    series: panels.map(({ values }, index) => ({
      type: "bar",
      xAxisIndex: index,
      yAxisIndex: index,
      barWidth: 20,
      data: y.map((name) => ({
        value: values[name],
        itemStyle: { color: POLICY_COLORS[name], borderRadius: [0, 3, 3, 0] },
      })),
      label: {
        show: true,
        position: "right",
        color: INK,
        fontSize: 12,
        formatter: ({ value }) =>
          value >= 100
            ? Math.round(value).toLocaleString("en")
            : Number(value) >= 10
            ? Number(value).toFixed(0)
            : Number(value).toFixed(2),
      },
    })),
  }, { width, height });
}

const KINDS = { spread, compare };
const pictures = JSON.parse(await new Response(Deno.stdin.readable).text());
for (const { path, kind, data } of pictures) await Deno.writeTextFile(path, KINDS[kind](data));
