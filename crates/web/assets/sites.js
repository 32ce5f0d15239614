// A site's points, each with its age, and a chart of one of them over any time. The server draws a time together, so that
// a million samples come as a few hundred pieces.

import { ask, mayAct, order, Refused } from "./ask.js";
import { confirmed, el, toast } from "./dom.js";
import { ago, moment } from "./words.js";

const SPANS = [["Hour", 3600], ["Day", 86400], ["Week", 7 * 86400], ["Month", 30 * 86400], ["Year", 365 * 86400]];
const SVG = "http://www.w3.org/2000/svg";

const svg = (name, attributes, ...children) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

const path = (site) => `/api/v1/sites/${encodeURIComponent(site)}`;
const short = (number) => (number === 0 || (Math.abs(number) >= 1e-3 && Math.abs(number) < 1e6) ? String(Number(number.toPrecision(5))) : number.toExponential(2));

export class Points {
  constructor(site, list) {
    this.site = site;
    this.list = list;
    this.table = el("div", { class: "points", role: "table", "aria-label": `Points of ${site}` });
    this.chart = el("div", { class: "chart", hidden: true });
    this.element = el("div", {}, el("h3", {}, "Points"), this.table, this.chart);
    this.load();
  }

  close() {
    clearTimeout(this.timer);
    this.closed = true;
  }

  async load() {
    if (this.closed) return;
    try {
      const points = await ask(`${path(this.site)}/points`);
      if (this.closed) return;
      const rows = points.map((point) => {
        const bad = point.quality && point.quality !== "good";
        return el("div", { class: "point", role: "row" },
          el("button", { type: "button", class: "quiet", role: "cell", title: `Chart of ${point.name}`, onclick: () => this.show(point) }, point.name),
          el("span", { class: bad ? "value trouble" : "value", role: "cell" }, point.value ?? (point.quality || "–"), point.value && point.measure ? ` ${point.measure}` : ""),
          el("span", { class: "age", role: "cell", title: point.at ? moment(point.at) : "" }, point.at ? `${ago(point.at)} ago` : "never"),
          mayAct ? el("button", { type: "button", role: "cell", onclick: () => this.read(point.name) }, "Read") : undefined);
      });
      this.table.replaceChildren(...(rows.length ? rows : [el("p", { class: "note" }, "No points yet.")]));
    } catch {
      // The list says already that the server doesn't answer.
    }
    this.timer = setTimeout(() => this.load(), 3000);
  }

  async read(point) {
    try {
      const answer = await order("POST", `${path(this.site)}/read`, { what: point });
      toast(answer.values.map((value) => `${value.what} = ${value.value} ${value.measure}`).join(", "));
    } catch (error) {
      const words = error instanceof Refused ? error.message : "The server doesn't answer.";
      toast(words, "bad");
      if (!(error instanceof Refused) || !/next call/.test(words)) return;
      if (!(await confirmed(`${words}\nRead ${point} at its next call?`, "At its next call"))) return;
      await order("POST", `${path(this.site)}/read`, { what: point, wish: { at: "next-call" } })
        .then(({ wish }) => toast(`It waits as number ${wish}.`), (error) => toast(error.message, "bad"));
    }
  }

  show(point) {
    this.point = point;
    this.until = undefined;
    this.span ??= 86400;
    this.draw();
  }

  async draw() {
    const { point, span } = this;
    const until = this.until ?? Math.floor(Date.now() / 1000) + 1;
    const from = Math.max(0, until - span);
    const times = new URLSearchParams({ from, until });
    const place = `${path(this.site)}/points/${encodeURIComponent(point.name)}`;
    this.drawing?.abort();
    const drawing = (this.drawing = new AbortController());
    let pieces;
    try {
      pieces = await ask(`${place}/series?${times}&pieces=400`, drawing.signal);
    } catch (error) {
      if (!drawing.signal.aborted) toast(error.message, "bad");
      return;
    }
    if (drawing.signal.aborted || this.closed) return;
    const go = (change) => { Object.assign(this, change); this.draw(); };
    const buttons = SPANS.map(([word, seconds]) => el("button", { type: "button", "aria-pressed": String(seconds === span), onclick: () => go({ span: seconds, until: undefined }) }, word));
    const earlier = el("button", { type: "button", "aria-label": "Earlier", onclick: () => go({ until: until - span / 2 }) }, "‹");
    const later = el("button", { type: "button", "aria-label": "Later", disabled: this.until === undefined, onclick: () => go({ until: until + span / 2 > Date.now() / 1000 ? undefined : until + span / 2 }) }, "›");
    const csv = el("a", { href: `${place}/samples.csv?${times}`, download: `${this.site}-${point.name}.csv` }, "CSV");
    const count = pieces.reduce((sum, piece) => sum + piece.count, 0);
    this.chart.hidden = false;
    this.chart.replaceChildren(
      el("h3", {}, `${point.name}${point.measure ? `, ${point.measure}` : ""}`),
      picture(pieces, from * 1000, until * 1000),
      el("p", { class: "note" }, `${count} samples, ${moment(from * 1000)} to ${moment(until * 1000)} `, csv),
      el("div", { class: "buttons" }, earlier, ...buttons, later));
  }
}

/** The mean as a line, and from the least to the greatest as a band. */
function picture(pieces, from, until) {
  const [width, height, left, bottom] = [600, 200, 62, 6];
  const image = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${pieces.length} pieces` });
  if (!pieces.length) {
    image.append(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "nothing was measured"));
    return image;
  }
  let low = Math.min(...pieces.map((piece) => piece.least));
  let high = Math.max(...pieces.map((piece) => piece.most));
  if (low === high) [low, high] = [low - 1, high + 1];
  const x = (at) => (left + ((at - from) / (until - from)) * (width - left)).toFixed(1);
  const y = (value) => (bottom + (1 - (value - low) / (high - low)) * (height - 2 * bottom)).toFixed(1);
  const line = (value) => pieces.map((piece) => `${x(piece.at)},${y(value(piece))}`);
  const band = [...line((piece) => piece.most), ...line((piece) => piece.least).reverse()];
  for (const value of [low, (low + high) / 2, high]) {
    image.append(svg("line", { x1: left, x2: width, y1: y(value), y2: y(value), class: "grid" }),
      svg("text", { x: left - 6, y: Number(y(value)) + 4, "text-anchor": "end" }, short(value)));
  }
  image.append(svg("polygon", { points: band.join(" "), class: "band" }), svg("polyline", { points: line((piece) => piece.mean).join(" "), class: "mean" }));
  if (pieces.length === 1) image.append(svg("circle", { cx: x(pieces[0].at), cy: y(pieces[0].mean), r: 3, class: "mean" }));
  return image;
}

export async function seeAlarm(list, alarm) {
  try {
    toast((await order("POST", `/api/v1/alarms/${alarm.id}/seen`)).said);
  } catch (error) {
    toast(error.message, "bad");
  }
  list.again();
}
