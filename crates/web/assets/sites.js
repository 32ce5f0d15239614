// A site's points, each with its age, and a chart of one of them over any time. The server draws a time together, so that
// a million samples come as a few hundred pieces.

import { ask, mayAct, OF_A_SITE, order, Refused } from "./ask.js";
import { confirmed, el, toast } from "./dom.js";
import { ago, moment, stretch, tick } from "./words.js";

const SPANS = [["Hour", 3600], ["Day", 86400], ["Week", 7 * 86400], ["Month", 30 * 86400], ["Year", 365 * 86400], ["5 years", 5 * 365 * 86400]];
const SVG = "http://www.w3.org/2000/svg";

const svg = (name, attributes, ...children) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

const path = (site) => `/api/v1/sites/${encodeURIComponent(site)}`;
const short = (number) => (number === 0 || (Math.abs(number) >= 1e-3 && Math.abs(number) < 1e6) ? String(Number(number.toPrecision(5))) : number.toExponential(2));

/** A value in as many digits as one reads; the whole of it stands in its title. */
const plain = (value) => (/^-?\d+\.\d{5,}$/.test(value) ? String(Number(Number(value).toPrecision(7))) : value);

export class Points {
  constructor(site) {
    this.site = site;
    this.table = el("div", { class: "points", role: "table", "aria-label": `Points of ${site}` });
    this.chart = el("div", { class: "chart", hidden: true });
    this.tools = el("div", { class: "buttons" });
    this.passed = el("div", { class: "passed", hidden: true, role: "log", "aria-label": "What has passed over the call" });
    this.element = el("div", {}, el("h3", {}, "Points"), this.table, this.tools, this.chart, this.passed);
    if (mayAct) {
      this.all = el("button", { type: "button", hidden: true, onclick: () => this.readAll() }, "Read all");
      this.tools.append(this.all, el("button", { type: "button", "aria-pressed": "false", onclick: (event) => this.trace(event.target) }, "Trace"));
    }
    this.load();
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.tracing);
    this.drawing?.abort();
    this.saving?.abort();
    this.closed = true;
  }

  async load() {
    if (this.closed) return;
    try {
      this.known = await ask(`${path(this.site)}/points`);
      if (this.closed) return;
      if (this.all && !this.reading) this.all.hidden = this.known.length < 2;
      // While somebody points at the table it isn't taken from under his finger.
      if (!this.table.matches(":hover:has(button:active)")) this.fill(this.known);
    } catch {
      // The list says already that the server doesn't answer.
    }
    this.timer = setTimeout(() => this.load(), 3000);
  }

  fill(points) {
    const focused = this.table.contains(document.activeElement) ? document.activeElement.title : undefined;
    const rows = points.map((point) => {
      const bad = point.quality && point.quality !== "good";
      const place = [point.unit === null ? "" : `unit ${point.unit}`, point.address, point.type].filter(Boolean).join(" ");
      return el("div", { class: "point", role: "row" },
        el("button", { type: "button", class: "quiet", role: "cell", title: `Chart of ${point.name}`, onclick: () => this.show(point) }, point.name, place ? el("small", {}, ` ${place}`) : ""),
        el("span", { class: bad ? "value trouble" : "value", role: "cell", title: [point.value, bad ? point.quality : ""].filter(Boolean).join(", ") }, point.value === null ? point.quality || "–" : plain(point.value), point.value && point.measure ? ` ${point.measure}` : ""),
        el("span", { class: "age", role: "cell", title: point.at ? moment(point.at) : "" }, point.at ? `${ago(point.at)} ago` : "never"),
        mayAct ? el("button", { type: "button", role: "cell", title: `Read ${point.name}`, onclick: () => this.read(point.name) }, "Read") : undefined);
    });
    this.table.replaceChildren(...(rows.length ? rows : [el("p", { class: "note" }, "No points yet.")]));
    if (focused) [...this.table.querySelectorAll("button")].find((button) => button.title === focused)?.focus();
  }

  async read(point) {
    try {
      const answer = await order("POST", `${path(this.site)}/read`, { what: point }, OF_A_SITE);
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

  /** Reads every point over the call, one after the other, and says how far it is. A second press ends it. */
  async readAll() {
    if (this.reading) {
      this.reading = false;
      return;
    }
    this.reading = true;
    const points = this.known.filter((point) => point.address || point.unit !== null);
    let wrong = 0;
    for (const [n, point] of points.entries()) {
      if (!this.reading || this.closed) break;
      this.all.textContent = `Reading ${n + 1} of ${points.length} – stop`;
      try {
        const { values } = await order("POST", `${path(this.site)}/read`, { what: point.name }, OF_A_SITE);
        Object.assign(point, { value: values[0]?.value ?? null, quality: "good", at: new Date().toISOString() });
        this.fill(this.known);
      } catch (error) {
        wrong += 1;
        if (!(error instanceof Refused) || /next call/.test(error.message)) {
          toast(error.message, "bad");
          break;
        }
      }
    }
    this.reading = false;
    this.all.textContent = "Read all";
    if (wrong) toast(`${wrong} of ${points.length} points gave no answer.`, "bad");
  }

  /** What has passed over the site's calls, and what passes from now on. */
  trace(button) {
    this.passed.hidden = !this.passed.hidden;
    button.setAttribute("aria-pressed", String(!this.passed.hidden));
    clearTimeout(this.tracing);
    if (this.passed.hidden) return;
    this.passed.replaceChildren();
    this.seen = undefined;
    this.follow();
  }

  async follow() {
    if (this.closed || this.passed.hidden) return;
    try {
      const since = this.seen === undefined ? "" : `?since=${this.seen}`;
      const traced = await ask(`${path(this.site)}/trace${since}`);
      const low = this.passed.scrollTop + this.passed.clientHeight >= this.passed.scrollHeight - 4;
      for (const piece of traced) {
        this.seen = piece.at;
        const what = { begin: "Call", end: "End:", in: "←", out: "→" }[piece.way];
        this.passed.append(el("div", { class: piece.way }, el("time", {}, moment(piece.at)), ` ${what} `, piece.words ?? piece.hex.replace(/../g, "$& ")));
      }
      this.seen ??= 0;
      while (this.passed.children.length > 500) this.passed.firstChild.remove();
      if (!this.passed.children.length) this.passed.append(el("p", { class: "note" }, "Nothing has passed since the start."));
      if (low) this.passed.scrollTop = this.passed.scrollHeight;
    } catch (error) {
      if (error instanceof Refused) toast(error.message, "bad");
    }
    this.tracing = setTimeout(() => this.follow(), 1000);
  }

  /** Saves every sample of a time, and says how far it is. What is too much for a page's memory is left to the browser. */
  async save(event, link, name) {
    if (this.saving) {
      event.preventDefault();
      this.saving.abort();
      return;
    }
    if (!this.samples || this.samples > 3_000_000) return;
    event.preventDefault();
    const saving = (this.saving = new AbortController());
    try {
      const response = await fetch(link.href, { signal: saving.signal, credentials: "same-origin" });
      if (!response.ok) throw new Error(`the server says ${response.status}`);
      const all = Number(response.headers.get("Trunkline-Samples"));
      const [reader, parts] = [response.body.getReader(), []];
      for (let rows = -1; ; ) {
        const { done, value } = await reader.read();
        if (done) break;
        parts.push(value);
        for (const byte of value) rows += byte === 10 ? 1 : 0;
        link.textContent = `CSV: ${rows.toLocaleString()} of ${all.toLocaleString()} – stop`;
      }
      const place = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
      el("a", { href: place, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(place), 60_000);
    } catch (error) {
      if (!saving.signal.aborted) toast(`The export broke off: ${error.message}`, "bad");
    }
    this.saving = undefined;
    link.textContent = "CSV";
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
    const name = `${this.site}-${point.name}.csv`;
    const csv = el("a", { href: `${place}/samples.csv?${times}`, download: name, onclick: (event) => this.save(event, csv, name) }, "CSV");
    const count = pieces.reduce((sum, piece) => sum + piece.count, 0);
    this.samples = count;
    this.chart.hidden = false;
    this.chart.replaceChildren(
      el("h3", {}, `${point.name}${point.measure ? `, ${point.measure}` : ""}`),
      picture(pieces, from * 1000, until * 1000),
      el("p", { class: "note" }, `${count.toLocaleString()} samples, ${stretch(from * 1000, until * 1000)} `, csv),
      el("div", { class: "buttons" }, earlier, ...buttons, later));
  }
}

/** The mean as a line, and from the least to the greatest as a band; where nothing was measured there is neither. */
function picture(pieces, from, until) {
  const [width, height, left, top, bottom] = [600, 216, 62, 6, 22];
  const image = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${pieces.length} pieces` });
  if (!pieces.length) {
    image.append(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "nothing was measured"));
    return image;
  }
  let low = Math.min(...pieces.map((piece) => piece.least));
  let high = Math.max(...pieces.map((piece) => piece.most));
  if (low === high) [low, high] = [low - 1, high + 1];
  // Halves first: from one end of all numbers to the other is too far for one.
  const part = (value) => (value / 2 - low / 2) / (high / 2 - low / 2);
  const x = (at) => (left + Math.max(0, (at - from) / (until - from)) * (width - left)).toFixed(1);
  const y = (value) => (top + (1 - part(value)) * (height - top - bottom)).toFixed(1);
  for (const value of [low, low / 2 + high / 2, high]) {
    image.append(svg("line", { x1: left, x2: width, y1: y(value), y2: y(value), class: "grid" }),
      svg("text", { x: left - 6, y: Number(y(value)) + 4, "text-anchor": "end" }, short(value)));
  }
  const ticks = 5;
  for (let n = 0; n < ticks; n += 1) {
    const at = from + ((until - from) * n) / ticks;
    image.append(svg("line", { x1: x(at), x2: x(at), y1: top, y2: height - bottom, class: "grid" }),
      svg("text", { x: Number(x(at)) + 3, y: height - 6 }, tick(at, (until - from) / 1000)));
  }
  for (const run of runs(pieces, (until - from) / 400)) {
    const line = (value) => run.map((piece) => `${x(piece.at)},${y(value(piece))}`);
    const band = [...line((piece) => piece.most), ...line((piece) => piece.least).reverse()];
    image.append(svg("polygon", { points: band.join(" "), class: "band" }), svg("polyline", { points: line((piece) => piece.mean).join(" "), class: "mean" }));
    if (run.length === 1) {
      const [{ at, mean, least, most }] = run;
      image.append(svg("line", { x1: x(at), x2: x(at), y1: y(least), y2: y(most), class: "mean" }), svg("circle", { cx: x(at), cy: y(mean), r: 2, class: "mean" }));
    }
  }
  return image;
}

/** Pieces that belong together: no line leads through hours in which nothing was measured. */
function runs(pieces, width) {
  const steps = pieces.slice(1).map((piece, n) => piece.at - pieces[n].at).sort((a, b) => a - b);
  const longest = 3 * Math.max(width, steps[Math.floor(steps.length / 2)] ?? 0);
  const all = [];
  for (const piece of pieces) {
    const run = all.at(-1);
    if (run && piece.at - run.at(-1).at <= longest) run.push(piece);
    else all.push([piece]);
  }
  return all;
}

export async function withdraw(list, wish) {
  if (!(await confirmed(`Take back wish ${wish.id}: ${wish.ask}?`, "Take back"))) return;
  try {
    toast((await order("POST", `/api/v1/wishes/${wish.id}/withdraw`)).said);
  } catch (error) {
    toast(error.message, "bad");
  }
  list.again();
}

export async function seeAlarm(list, alarm) {
  try {
    toast((await order("POST", `/api/v1/alarms/${alarm.id}/seen`)).said);
  } catch (error) {
    toast(error.message, "bad");
  }
  list.again();
}
