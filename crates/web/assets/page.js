// The page: lists to choose from, a search, and what is known at a glance.

import { ask, loggedOut, order } from "./ask.js";
import { LISTS } from "./columns.js";
import { Detail, hangUp, hangUpModem } from "./detail.js";
import { el, find } from "./dom.js";
import { List } from "./list.js";
import { bytes, setClock } from "./words.js";

const search = find("search");
const list = new List((kind, row) => detail.open(kind, row));
const detail = new Detail(list);
list.selectedChanged = (row, changed) => {
  if (row && detail.isOpen && detail.kind === list.list) detail.name === list.list.key(row) ? detail.update(row) : changed && detail.open(list.list, row);
};
list.onSort = (sort) => go({ sort });

/** What is shown stands in the address, so that it can be kept and sent on. */
function where() {
  const words = new URLSearchParams(location.hash.slice(1));
  const kind = LISTS.find((known) => known.id === words.get("list")) ?? LISTS[0];
  return { kind, search: words.get("search") ?? "", show: words.get("show") ?? "", sort: words.get("sort") ?? "" };
}

function go(change) {
  const now = where();
  const next = { list: now.kind.id, search: now.search, show: now.show, sort: now.sort, ...change };
  const words = new URLSearchParams(Object.entries(next).filter(([name, value]) => value && !(name === "list" && value === LISTS[0].id)));
  history.replaceState(null, "", `#${words}`);
  show();
}

function show() {
  const { kind, ...view } = where();
  if (document.activeElement !== search) search.value = view.search;
  find("tabs").replaceChildren(...LISTS.map((known, n) => el("button", {
    type: "button", role: "tab", "aria-selected": String(known === kind), title: `${known.title} (${(n + 1) % 10})`,
    onclick: () => { detail.isOpen && detail.close(); go({ list: known.id, show: "", sort: "" }); },
  }, known.title, el("span", { class: "count", id: `count-${known.id}` }))));
  find("chips").replaceChildren(...kind.shows.map(([word, title]) => el("button", {
    type: "button", "aria-pressed": String(word === view.show), onclick: () => go({ show: word }),
  }, title, el("span", { class: "count", id: `part-${word}` }))));
  list.show(kind, view);
  counts();
}

let summary;
function counts() {
  if (!summary) return;
  const put = (id, text) => { const place = find(id); if (place && place.textContent !== text) place.textContent = text; };
  put("figure-lines", String(summary.lines.total));
  put("figure-calls", String(summary.calls));
  put("figure-sent", `${bytes(summary.sent_rate)} B/s`);
  put("figure-received", `${bytes(summary.received_rate)} B/s`);
  put("count-calls", summary.calls ? String(summary.calls) : "");
  put("count-modems", summary.modems ? String(summary.modems) : "");
  put("count-groups", summary.groups ? String(summary.groups) : "");
  put("count-failed", summary.failed_logins ? String(summary.failed_logins) : "");
  if (list.list?.id === "lines") {
    for (const part of ["calls", "free", "busy", "trouble"]) put(`part-${part}`, summary.lines[part] ? String(summary.lines[part]) : "");
  }
  const trouble = summary.lines.trouble + summary.modem_trouble;
  document.title = trouble ? `(${trouble}) Trunkline` : "Trunkline";
}

async function glance() {
  if (loggedOut()) return;
  if (!document.hidden) {
    try {
      summary = await ask("/api/v1/summary");
      setClock(summary.now);
      counts();
    } catch {
      // The banner says it.
    }
  }
  setTimeout(glance, 2000);
}

search.addEventListener("input", () => {
  clearTimeout(search.timer);
  search.timer = setTimeout(() => go({ search: search.value.trim() }), 150);
});

find("logout").addEventListener("click", async () => {
  await order("POST", "/logout").catch(() => {});
  location.assign("/login");
});

const themes = ["", "light", "dark"];
function theme(name) {
  document.documentElement.dataset.theme = name;
  try { localStorage.setItem("theme", name); } catch { /* a browser that keeps nothing */ }
}
try { theme(localStorage.getItem("theme") ?? ""); } catch { /* the same */ }
find("theme").addEventListener("click", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme;
  theme(themes.includes(now) && now ? (now === "dark" ? "light" : "dark") : dark ? "light" : "dark");
});

const help = () => find("keys").showModal();
find("help").addEventListener("click", help);

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target === search;
  if (event.key === "Escape") {
    if (typing || search.value) { search.value = ""; search.blur(); go({ search: "" }); find("list").focus(); }
    else if (detail.isOpen) detail.close();
    return;
  }
  if (typing) { if (event.key === "Enter" || event.key === "ArrowDown") { event.preventDefault(); find("list").focus(); } return; }
  const row = list.row_selected;
  if (event.key === "/") { event.preventDefault(); search.focus(); search.select(); }
  else if (event.key === "?") help();
  else if (/^[0-9]$/.test(event.key)) { detail.isOpen && detail.close(); go({ list: LISTS[(Number(event.key) || 10) - 1].id, show: "", sort: "" }); }
  else if (event.key === "h" && row && list.list.id === "modems") hangUpModem(list, row);
  else if (event.key === "h" && row) hangUp(list, list.list.id === "calls" ? row : row.call);
  else if (event.key === "t" && row && list.list.id === "lines" && !row.error) { detail.open(list.list, row); detail.startTrace(row.name); }
  else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target === document.body) { find("list").focus(); list.key(event); }
});

addEventListener("hashchange", show);
show();
glance();
