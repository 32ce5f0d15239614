// A list of any length: only the rows that are seen exist, only those are asked for, and only what has changed comes.

import { ask, loggedOut, Refused } from "./ask.js";
import { el, find, toast } from "./dom.js";

const AROUND = 15; // rows asked for above and below what is seen
const PAUSE = 1000; // between questions, in milliseconds

export class List {
  constructor(onOpen, onTick) {
    this.place = find("list");
    this.onOpen = onOpen;
    this.onTick = onTick;
    this.head = el("div", { class: "row head", role: "row" });
    this.body = el("div", { class: "body", role: "rowgroup" });
    this.nothing = el("div", { class: "nothing", hidden: true });
    this.place.append(this.head, this.body, this.nothing);
    this.place.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.place.addEventListener("keydown", (event) => this.key(event));
    addEventListener("resize", () => this.scrolled());
    document.addEventListener("visibilitychange", () => document.hidden || this.again());
  }

  /** Shows another list, or the same one otherwise. */
  show(list, { search = "", show = "", sort = "" } = {}) {
    if (this.list !== list) {
      this.list = list;
      this.selected = undefined;
      this.place.setAttribute("aria-label", list.title);
      this.place.style.setProperty("--columns", list.columns.map((column) => column.width).join(" "));
      this.place.style.setProperty("--narrow", list.columns.filter((column) => !column.wide).map((column) => column.width).join(" "));
      this.body.replaceChildren();
      // Another list may have rows of the same keys.
      this.elements?.clear();
    }
    this.view = { search, show, sort: sort || list.start };
    this.heading();
    this.forget();
    this.place.scrollTop = 0;
    this.again();
  }

  forget() {
    this.version = undefined;
    this.rows = new Map(); // what is known of each row, by key
    this.order = []; // keys of the window
    this.offset = 0;
    this.matched = undefined;
    this.elements = this.elements ?? new Map();
  }

  heading() {
    const cells = this.list.columns.map((column) => {
      const way = this.view.sort === column.sort ? "ascending" : this.view.sort === `-${column.sort}` ? "descending" : undefined;
      const next = way === "ascending" || (column.back && !way) ? `-${column.sort}` : column.sort;
      const content = column.sort
        ? el("button", { type: "button", onclick: () => this.onSort(next) }, column.title, way === "ascending" ? " ▴" : way === "descending" ? " ▾" : "")
        : column.title;
      return el("div", { class: this.kind(column), role: "columnheader", "aria-sort": way }, content);
    });
    this.head.replaceChildren(...cells);
  }

  kind(column) {
    return ["cell", column.number && "number", column.wide && "wide", column.phone ? `phone-${column.phone}` : "no-phone"].filter(Boolean).join(" ");
  }

  /** How high a row is; set by the style, which knows the screen. */
  get height() {
    return parseFloat(getComputedStyle(this.place).getPropertyValue("--row")) || 28;
  }

  window() {
    const height = this.height;
    const first = Math.max(0, Math.floor(this.place.scrollTop / height) - AROUND);
    const count = Math.ceil(this.place.clientHeight / height) + 2 * AROUND;
    return { first, count };
  }

  scrolled() {
    this.draw();
    const { first, count } = this.window();
    const inside = this.matched !== undefined && first >= this.offset && Math.min(first + count - AROUND, this.matched) <= this.offset + this.order.length;
    if (!inside) this.again(60);
  }

  /** Asks again, now or soon. */
  again(wait = 0) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), wait);
  }

  async ask() {
    if (!this.list || loggedOut()) return;
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    const { first, count } = this.window();
    const { search, show, sort } = this.view;
    const query = new URLSearchParams({ sort, offset: first, limit: count });
    if (search) query.set("search", search);
    if (show) query.set("show", show);
    const same = `${query}`;
    // What is known of another window may be old; only of the same one is the news enough.
    if (this.version !== undefined && this.asked === same) query.set("since", this.version);
    try {
      const news = await ask(`/api/v1/${this.list.path}?${query}`, asking.signal);
      if (asking.signal.aborted) return;
      this.asked = same;
      this.take(news, query.has("since"));
      this.onTick?.(true);
    } catch (error) {
      if (asking.signal.aborted) return;
      if (error instanceof Refused && error.status !== 401) toast(error.message, "bad");
      this.version = undefined;
      this.onTick?.(false);
    }
    if (!document.hidden) this.again(PAUSE);
  }

  take(news, partly) {
    const key = this.list.key;
    if (!partly) this.rows.clear();
    const changed = new Set();
    for (const item of news.items) {
      this.rows.set(key(item), item);
      changed.add(key(item));
    }
    const order = news.order ?? news.items.map(key);
    if (order.some((name) => !this.rows.has(name))) {
      // A row that we don't know has come into the window: ask for all of it.
      this.version = undefined;
      return this.again();
    }
    this.order = order;
    this.offset = news.offset;
    this.matched = news.matched;
    this.version = news.version;
    const [one, many] = this.list.nouns;
    const found = `${news.total} ${news.total === 1 ? one : many}`;
    find("found").textContent = news.matched === news.total ? found : `${news.matched} of ${found}`;
    this.draw(changed);
    this.selectedChanged?.(this.rows.get(this.selected), changed.has(this.selected));
  }

  draw(changed) {
    if (this.matched === undefined) return;
    const height = this.height;
    this.body.style.height = `${this.matched * height}px`;
    this.place.setAttribute("aria-rowcount", this.matched + 1);
    this.nothing.hidden = this.matched > 0;
    if (this.matched === 0) {
      const [what, remedy] = this.view.search || this.view.show ? ["Nothing found.", "Esc empties the search; “All” shows everything."] : this.list.empty;
      this.nothing.replaceChildren(el("p", {}, what), el("p", { class: "remedy" }, remedy));
    }
    const { first, count } = this.window();
    const wanted = new Set();
    for (let n = Math.max(first, this.offset); n < Math.min(first + count, this.offset + this.order.length); n += 1) {
      const name = this.order[n - this.offset];
      wanted.add(name);
      this.row(name, n, height, changed?.has(name));
    }
    for (const [name, element] of this.elements) {
      if (!wanted.has(name)) {
        element.remove();
        this.elements.delete(name);
      }
    }
  }

  row(name, n, height, changed) {
    let element = this.elements.get(name);
    if (!element) {
      element = el("div", { class: "row", role: "row", onclick: () => this.select(name, true) });
      this.elements.set(name, element);
      this.body.append(element);
      changed = true;
    } else if (element.list !== this.list) {
      changed = true;
    }
    if (changed) {
      const row = this.rows.get(name);
      element.list = this.list;
      element.replaceChildren(...this.list.columns.map((column) => {
        const cell = el("div", { class: this.kind(column), role: "cell" });
        this.fill(cell, column, row);
        return cell;
      }));
    } else {
      this.list.columns.forEach((column, at) => column.ticks && this.fill(element.children[at], column, this.rows.get(name)));
    }
    element.style.transform = `translateY(${n * height}px)`;
    element.setAttribute("aria-rowindex", n + 2);
    element.classList.toggle("selected", name === this.selected);
    element.classList.toggle("odd", n % 2 === 1);
  }

  fill(cell, column, row) {
    const content = column.cell(row);
    if (typeof content === "string") {
      if (cell.textContent !== content) cell.textContent = content;
      cell.title = content;
    } else {
      cell.replaceChildren(content);
    }
  }

  select(name, open = false) {
    this.selected = name;
    for (const [key, element] of this.elements) element.classList.toggle("selected", key === name);
    if (open) this.onOpen(this.list, this.rows.get(name));
  }

  /** The row that is selected. */
  get row_selected() {
    return this.rows?.get(this.selected);
  }

  key(event) {
    const at = this.order.indexOf(this.selected) + this.offset;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      event.preventDefault();
      const next = this.selected === undefined ? this.window().first + AROUND : at + move;
      const n = Math.min(Math.max(this.selected === undefined ? Math.floor(this.place.scrollTop / this.height) : next, 0), (this.matched ?? 1) - 1);
      const name = this.order[n - this.offset];
      if (name === undefined) return;
      this.select(name);
      this.reveal(n);
      this.selectedChanged?.(this.rows.get(name), true);
    } else if (event.key === "Enter" && event.target === this.place && this.selected !== undefined) {
      this.onOpen(this.list, this.row_selected);
    }
  }

  reveal(n) {
    const height = this.height;
    const [top, bottom] = [n * height, (n + 2) * height];
    if (top < this.place.scrollTop) this.place.scrollTop = top;
    else if (bottom > this.place.scrollTop + this.place.clientHeight) this.place.scrollTop = bottom - this.place.clientHeight;
  }
}
