// What each list shows. A column has a heading, the word it sorts by, its width, what stands in a cell, and its place
// among four where a screen is narrow.

import { el } from "./dom.js";
import { ago, bytes, moment, rate, span } from "./words.js";

const lamp = (name, on, kind = "on") =>
  el("i", { class: `lamp ${on ? kind : "off"}`, role: "img", "aria-label": `${name} ${on ? "on" : "off"}`, title: `${name} ${on ? "on" : "off"}` }, name);

export const lamps = (line) =>
  el("span", { class: "lamps" }, lamp("DTR", line.dtr), lamp("DCD", line.dcd), lamp("RI", line.ri, "ring"));

/** A state in a word, coloured by what it means. */
export function state(line) {
  const kind = line.error ? "trouble" : line.busy ? "busy" : line.call ? (line.state === "online" ? "online" : "moving") : "rest";
  return el("span", { class: `state ${kind}` }, line.busy ? `${line.state} · busied out` : line.state);
}

/** The same for a modem. */
export function modemState(modem) {
  const kind = modem.error ? "trouble" : modem.busy ? "busy" : modem.state === "online" ? "online" : modem.state === "idle" ? "rest" : "moving";
  return el("span", { class: `state ${kind}` }, modem.busy ? `${modem.state} · busied out` : modem.state);
}

/** How the last call of a GSM module went. */
export const lastCall = (call) =>
  !call ? "" : el("span", { class: call.connected ? "" : "trouble", title: call.cause ?? "" }, `${moment(call.at)} ${call.party}${call.words ? `: ${call.words}` : ""}`);

/** How a site stands. */
export const siteState = (site) =>
  el("span", { class: `state ${site.too_often ? "trouble" : { "on line": "online", overdue: "trouble" }[site.state] ?? "rest"}` }, site.too_often ? `${site.state} · calls too often` : site.state);

/** What has become of a wish. */
export const wishState = (wish) =>
  el("span", { class: `state ${{ waiting: "rest", sending: "moving", done: "online", withdrawn: "rest" }[wish.state] ?? "trouble"}` }, wish.state);

/** How many of its questions a site has answered in its last call: how good the path is. */
const answers = (site) => {
  if (!site.asked) return "";
  const percent = Math.floor((100 * site.answered) / site.asked);
  return el("span", { class: percent < 90 ? "trouble" : "", title: `${site.answered} of ${site.asked} questions of its last call` }, `${percent} %`);
};

/** A group's members, each with what it does. */
export const members = (group) =>
  el("span", { class: "members" }, ...group.members.map((member) =>
    el("span", { class: `member ${member.state === "online" ? "online" : member.state === "missing" || member.state === "absent" ? "trouble" : "rest"}`, title: `${member.kind} ${member.name}: ${member.state}` }, `${member.name} `, el("small", {}, member.state), " ")));

const arrow = (call) => (call.direction === "out" ? "→ " : "← ");
const flow = (row) =>
  row.sent_rate === undefined ? "" : el("span", { class: row.sent_rate || row.received_rate ? "flow moving" : "flow" }, `${rate(row.sent_rate)} / ${rate(row.received_rate)}`);
const carried = (call) => (call ? `${bytes(call.sent)} / ${bytes(call.received)}` : "");

export const LISTS = [
  {
    id: "lines", nouns: ["line", "lines"], title: "Lines", path: "lines", key: (row) => row.name, start: "name",
    shows: [["", "All"], ["calls", "In a call"], ["free", "Free"], ["busy", "Busied out"], ["trouble", "Trouble"]],
    empty: ["No lines yet.", "Write a [[line]] into the configuration, and `trunkline reload`."],
    columns: [
      { title: "Line", phone: "a", sort: "name", width: "minmax(9rem, 1.2fr)", cell: (row) => el("b", {}, row.name) },
      { title: "Signals", phone: "d", width: "8.2rem", cell: lamps },
      { title: "State", phone: "b", sort: "state", width: "minmax(7rem, .9fr)", cell: state },
      { title: "Call", phone: "c", sort: "party", width: "minmax(8rem, 1.8fr)", cell: (row) => (row.error ? el("span", { class: "trouble" }, row.error) : row.call ? arrow(row.call) + row.call.party : "") },
      { title: "Lasts", sort: "since", width: "4.6rem", number: true, cell: (row) => (row.call ? ago(row.call.since) : ""), ticks: true },
      { title: "B/s out / in", sort: "rate", back: true, width: "7.5rem", number: true, cell: flow },
      { title: "Bytes out / in", sort: "bytes", back: true, width: "7.5rem", number: true, wide: true, cell: (row) => carried(row.call) },
      { title: "Equipment", sort: "place", width: "minmax(8rem, 1.2fr)", wide: true, cell: (row) => row.place },
      { title: "Persona", sort: "persona", width: "6rem", wide: true, cell: (row) => row.persona },
    ],
  },
  {
    id: "modems", nouns: ["modem", "modems"], title: "Modems", path: "modems", key: (row) => row.name, start: "name",
    shows: [["", "All"], ["calls", "In a call"], ["busy", "Busied out"], ["trouble", "Trouble"]],
    empty: ["No real modems.", "A [[modem]] in the configuration answers a telephone line, and dials; a [[gsm]] is a GSM module."],
    columns: [
      { title: "Modem", phone: "a", sort: "name", width: "minmax(8rem, 1fr)", cell: (row) => el("b", {}, row.name) },
      { title: "State", phone: "b", sort: "state", width: "minmax(8rem, 1fr)", cell: modemState },
      { title: "Call", phone: "c", sort: "party", width: "minmax(9rem, 1.8fr)", cell: (row) => (row.error ? el("span", { class: "trouble" }, row.error) : row.party ?? "") },
      { title: "Lasts", phone: "d", sort: "since", width: "4.6rem", number: true, cell: (row) => (row.since ? ago(row.since) : ""), ticks: true },
      { title: "Network", width: "minmax(7rem, 1.2fr)", wide: true, cell: (row) => row.gsm?.network ?? "" },
      { title: "Signal", width: "5rem", number: true, cell: (row) => (typeof row.gsm?.dbm === "number" ? `${row.gsm.dbm} dBm` : "") },
      { title: "Last call", width: "minmax(8rem, 1.8fr)", wide: true, cell: (row) => lastCall(row.gsm?.last_call) },
      { title: "Groups", width: "minmax(6rem, 1fr)", wide: true, cell: (row) => row.groups.join(", ") },
      { title: "Port", sort: "device", width: "minmax(8rem, 1.2fr)", cell: (row) => row.device },
    ],
  },
  {
    id: "groups", nouns: ["hunt group", "hunt groups"], title: "Groups", path: "groups", key: (row) => row.name, start: "name",
    shows: [["", "All"], ["free", "With a free member"], ["taken", "All taken"]],
    empty: ["No hunt groups.", "A [[hunt]] in the configuration lets callers of one number ring on any of several lines."],
    columns: [
      { title: "Group", phone: "a", sort: "name", width: "minmax(8rem, 1fr)", cell: (row) => el("b", {}, row.name) },
      { title: "Free", phone: "b", sort: "free", back: true, width: "6rem", number: true, cell: (row) => el("span", { class: `state ${row.free ? "rest" : "busy"}` }, `${row.free} of ${row.members.length}`) },
      { title: "In a call", phone: "d", sort: "calls", back: true, width: "6rem", number: true, cell: (row) => String(row.calls) },
      { title: "Members", phone: "c", width: "minmax(12rem, 3fr)", cell: members },
      { title: "Order", sort: "order", width: "7rem", wide: true, cell: (row) => row.order },
      { title: "When taken", width: "6rem", wide: true, cell: (row) => row.when_busy },
      { title: "Callers", width: "minmax(8rem, 1fr)", wide: true, cell: (row) => row.listens.join(", ") },
    ],
  },
  {
    id: "calls", nouns: ["call", "calls"], title: "Calls", path: "calls", key: (row) => row.id, start: "since",
    shows: [["", "All"], ["lines", "Of lines"], ["exchange", "At the exchange"]],
    empty: ["Nobody is on the line.", "Calls in progress stand here; those that are over under “Recent”."],
    columns: [
      { title: "Party", phone: "a", sort: "party", width: "minmax(9rem, 1.6fr)", cell: (row) => arrow(row) + row.party },
      { title: "Account", phone: "c", sort: "account", width: "minmax(6rem, 1fr)", cell: (row) => row.account ?? "" },
      { title: "Line", sort: "line", width: "minmax(6rem, 1fr)", cell: (row) => row.line ?? "" },
      { title: "Over", sort: "over", width: "4.5rem", wide: true, cell: (row) => row.over ?? "" },
      { title: "Since", sort: "since", width: "7.5rem", wide: true, number: true, cell: (row) => moment(row.since) },
      { title: "Lasts", phone: "b", width: "4.6rem", number: true, cell: (row) => ago(row.since), ticks: true },
      { title: "B/s out / in", phone: "d", sort: "rate", back: true, width: "7.5rem", number: true, cell: flow },
      { title: "Bytes out / in", sort: "bytes", back: true, width: "7.5rem", number: true, wide: true, cell: carried },
      { title: "Call", sort: "id", width: "minmax(7rem, .8fr)", wide: true, cell: (row) => row.id },
    ],
  },
  {
    id: "recent", nouns: ["call that is over", "calls that are over"], title: "Recent", path: "recent-calls", key: (row) => `${row.id} ${Date.parse(row.since) / 1000}`, start: "latest",
    shows: [["", "All"], ["lines", "Of lines"], ["exchange", "At the exchange"]],
    empty: ["No call has ended yet.", "Calls that are over stand here, each with its cause."],
    columns: [
      { title: "Ended", phone: "b", sort: "latest", width: "7.5rem", cell: (row) => moment(Date.parse(row.since) + row.seconds * 1000) },
      { title: "Party", phone: "a", sort: "party", width: "minmax(9rem, 1.4fr)", cell: (row) => arrow(row) + row.party },
      { title: "Cause", phone: "c", sort: "cause", width: "minmax(9rem, 1.6fr)", cell: (row) => el("span", { title: row.cause }, row.words) },
      { title: "Account", sort: "account", width: "minmax(6rem, .8fr)", wide: true, cell: (row) => row.account ?? "" },
      { title: "Line", sort: "line", width: "minmax(6rem, .8fr)", wide: true, cell: (row) => row.line ?? "" },
      { title: "Lasted", phone: "d", sort: "seconds", back: true, width: "4.6rem", number: true, cell: (row) => span(row.seconds) },
      { title: "Bytes out / in", sort: "bytes", back: true, width: "7.5rem", number: true, wide: true, cell: carried },
      { title: "Over", sort: "over", width: "4.5rem", wide: true, cell: (row) => row.over ?? "" },
      { title: "Status", width: "5rem", wide: true, cell: (row) => row.status ?? "" },
    ],
  },
  {
    id: "failed", nouns: ["failed login", "failed logins"], title: "Failed logins", path: "failed-logins", key: (row) => `${Date.parse(row.at) / 1000} ${row.from} ${row.cause}`, start: "latest",
    shows: [["", "All"], ["exchange", "At the exchange"], ["page", "At this page"]],
    empty: ["No login has failed.", "Wrong passwords, here and at the exchange, stand here with where they came from."],
    columns: [
      { title: "When", phone: "b", sort: "latest", width: "8rem", cell: (row) => moment(row.at) },
      { title: "From", phone: "a", sort: "from", width: "minmax(9rem, 1fr)", cell: (row) => row.from },
      { title: "Name", phone: "d", sort: "name", width: "minmax(6rem, .8fr)", cell: (row) => row.name ?? "" },
      { title: "Why", phone: "c", sort: "cause", width: "minmax(9rem, 1.4fr)", cell: (row) => row.words },
      { title: "At", width: "6rem", wide: true, cell: (row) => row.at_what },
    ],
  },
  {
    id: "sites", nouns: ["site", "sites"], title: "Sites", path: "sites", key: (row) => row.name, start: "name",
    shows: [["", "All"], ["online", "On line"], ["away", "Away"], ["overdue", "Overdue"], ["often", "Too often"]],
    empty: ["No sites yet.", "Write a [[site]] into the configuration, and an account with service = \"collector\"."],
    columns: [
      { title: "Site", phone: "a", sort: "name", width: "minmax(9rem, 1.2fr)", cell: (row) => el("b", {}, row.name) },
      { title: "State", phone: "b", sort: "state", width: "minmax(6rem, .8fr)", cell: siteState },
      { title: "From", phone: "c", width: "minmax(8rem, 1.2fr)", cell: (row) => row.from ?? "" },
      { title: "Last call", phone: "d", sort: "called", width: "8rem", cell: (row) => (row.called ? moment(row.called) : "never") },
      { title: "Next call", sort: "next", width: "8rem", wide: true, cell: (row) => (row.next ? moment(row.next) : "") },
      { title: "Answers", sort: "answers", width: "5rem", number: true, cell: answers },
      { title: "Signal", width: "5rem", number: true, wide: true, cell: (row) => (typeof row.station?.signal_dbm === "number" ? `${row.station.signal_dbm} dBm` : "") },
      { title: "Points", sort: "points", back: true, width: "5rem", number: true, cell: (row) => String(row.points) },
      { title: "Speaks", sort: "framing", width: "5rem", wide: true, cell: (row) => row.framing },
      { title: "Account", width: "minmax(6rem, .8fr)", wide: true, cell: (row) => row.account },
    ],
  },
  {
    id: "alarms", nouns: ["alarm", "alarms"], title: "Alarms", path: "alarms", key: (row) => String(row.id), start: "latest",
    shows: [["", "All"], ["lasting", "Lasting"], ["unseen", "Unseen"]],
    empty: ["No alarms.", "Sites that don't call and points beyond their limits stand here."],
    columns: [
      { title: "Site", phone: "a", sort: "site", width: "minmax(8rem, 1fr)", cell: (row) => el("b", {}, row.site) },
      { title: "What", phone: "c", width: "minmax(10rem, 2fr)", cell: (row) => el("span", { class: row.ended ? "" : "trouble" }, row.words, row.end_words && row.end_words !== row.words ? ` → ${row.end_words}` : "") },
      { title: "Kind", sort: "kind", width: "8rem", cell: (row) => row.kind },
      { title: "Since", phone: "b", sort: "began", back: true, width: "8rem", cell: (row) => moment(row.began) },
      { title: "Until", phone: "d", width: "8rem", cell: (row) => (row.ended ? moment(row.ended) : "lasts") },
      { title: "Seen by", width: "7rem", cell: (row) => row.seen_by ?? "" },
    ],
  },
  {
    id: "wishes", nouns: ["wish", "wishes"], title: "Wishes", path: "wishes", key: (row) => String(row.id), start: "turn",
    shows: [["", "All"], ["waiting", "Waiting"], ["over", "Over"], ["vain", "In vain"]],
    empty: ["Nothing is to be asked later.", "What a site is to be asked at its next call, or at a time, stands here."],
    columns: [
      { title: "Site", phone: "a", sort: "site", width: "minmax(8rem, 1fr)", cell: (row) => el("b", {}, row.site) },
      { title: "What", phone: "c", width: "minmax(10rem, 1.6fr)", cell: (row) => row.ask },
      { title: "State", phone: "b", sort: "state", width: "6.5rem", cell: wishState },
      { title: "Answer", width: "minmax(8rem, 1.6fr)", cell: (row) => row.answer ?? "" },
      { title: "Not before", phone: "d", width: "8rem", cell: (row) => (row.due ? moment(row.due) : "its next call") },
      { title: "Expires", sort: "until", width: "8rem", wide: true, cell: (row) => moment(row.until) },
      { title: "Ended", width: "8rem", wide: true, cell: (row) => (row.ended ? moment(row.ended) : "") },
      { title: "Priority", sort: "priority", back: true, width: "5rem", number: true, cell: (row) => String(row.priority) },
      { title: "Who", width: "6rem", wide: true, cell: (row) => row.who },
      { title: "Made", sort: "made", back: true, width: "8rem", wide: true, cell: (row) => moment(row.made) },
      { title: "Wish", width: "4rem", number: true, cell: (row) => String(row.id) },
    ],
  },
  {
    id: "listeners", nouns: ["listener", "listeners"], title: "Listeners", path: "listeners", key: (row) => row.address, start: "address",
    shows: [["", "All"], ["lines", "Lines"], ["exchange", "The exchange"]],
    empty: ["Nobody can call here.", "`listen` in a [[line]], or an [[exchange.listen]], lets callers in."],
    columns: [
      { title: "Address", phone: "a", sort: "address", width: "minmax(9rem, 1fr)", cell: (row) => row.address },
      { title: "Answers", phone: "b", sort: "answers", width: "minmax(7rem, 1fr)", cell: (row) => row.answers },
      { title: "Takes", phone: "c", width: "minmax(8rem, 1fr)", cell: (row) => row.accepts.join(", ") },
      { title: "On the way", width: "minmax(8rem, 1fr)", cell: (row) => (row.accepts.some((kind) => kind === "raw" || kind === "telnet") ? el("span", { class: "trouble" }, "can be read: not encrypted") : row.accepts.length ? "encrypted" : "") },
    ],
  },
];
