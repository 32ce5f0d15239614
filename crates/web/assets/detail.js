// One line or call, with what can be done about it.

import { ask, mayAct, mayWrite, order, Refused } from "./ask.js";
import { lamps, lastCall, members, modemState, siteState, state } from "./columns.js";
import { confirmed, el, find, toast } from "./dom.js";
import { Points, seeAlarm, withdraw } from "./sites.js";
import { Trace } from "./trace.js";
import { ago, bytes, moment, span } from "./words.js";

export class Detail {
  constructor(list) {
    this.place = find("detail");
    this.list = list;
  }

  open(kind, row) {
    if (!row) return;
    const name = kind.key(row);
    if (this.name !== name || this.kind !== kind) {
      this.points?.close();
      this.points = kind.id === "sites" ? new Points(row.name) : undefined;
      this.trace?.close();
      this.trace = undefined;
      this.last = undefined;
    }
    this.kind = kind;
    this.name = name;
    this.place.hidden = false;
    document.body.classList.add("detailed");
    this.facts = el("dl", { class: "facts" });
    this.buttons = el("div", { class: "buttons" });
    this.more = el("div", { class: "more" });
    this.place.replaceChildren(
      el("div", { class: "title" }, el("h2", {}, row.name ?? row.site ?? row.party ?? row.from ?? row.address),
        el("button", { type: "button", class: "quiet", "aria-label": "Close the details", onclick: () => this.close() }, "✕")),
      this.facts, this.buttons, this.more);
    this.past = el("div", {});
    if (this.trace) this.more.append(this.trace.element);
    if (this.points) this.more.append(this.points.element);
    this.more.append(this.past);
    this.update(row);
  }

  close() {
    this.points?.close();
    this.points = undefined;
    this.name = undefined;
    this.trace?.close();
    this.trace = undefined;
    this.place.hidden = true;
    this.kind = undefined;
    document.body.classList.remove("detailed");
    find("list").focus();
  }

  get isOpen() {
    return !this.place.hidden;
  }

  /** The row has changed, or time has passed. */
  update(row) {
    if (!this.isOpen || !row || this.kind.key(row) !== this.name) return;
    const known = { lines: lineFacts, modems: modemFacts, groups: groupFacts, sites: siteFacts }[this.kind.id];
    const facts = known ? known(row) : otherFacts(this.kind, row);
    this.facts.replaceChildren(...facts.filter(([, value]) => value !== undefined && value !== null && value !== "")
      .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
    const call = this.kind.id === "lines" ? row.call : this.kind.id === "calls" ? row : undefined;
    const line = this.kind.id === "lines" ? row : undefined;
    const modem = this.kind.id === "modems" ? row : undefined;
    const alarm = this.kind.id === "alarms" ? row : undefined;
    const site = this.kind.id === "sites" ? row : undefined;
    const wish = this.kind.id === "wishes" ? row : undefined;
    const shape = JSON.stringify([alarm?.seen, wish?.state, site?.called, site?.ended, call?.id, line?.busy, Boolean(this.trace), line?.error, modem?.busy, modem?.party]);
    if (shape === this.last) return;
    this.last = shape;
    if (line) this.history(line.name, (call) => call.line === line.name);
    if (site) this.history(site.account, (call) => call.account === site.account);
    const seen = alarm && !alarm.seen ? [el("button", { type: "button", onclick: () => seeAlarm(this.list, alarm) }, "I have seen it")] : [];
    const taking = wish?.state === "waiting" && mayWrite ? [el("button", { type: "button", onclick: () => withdraw(this.list, wish) }, "Take back")] : [];
    const actions = alarm ? seen : wish ? taking : modem ? this.modemActions(modem) : this.actions(line, call);
    this.buttons.replaceChildren(...(mayAct ? actions : [el("p", { class: "note" }, "Your role sees, and does nothing.")]));
    if (!line && !call && !modem && !alarm && !wish) this.buttons.replaceChildren();
  }

  actions(line, call) {
    const buttons = [];
    if (line && !line.error) buttons.push(el("button", { type: "button", disabled: Boolean(this.trace), onclick: () => this.startTrace(line.name) }, "Trace"));
    if (line && line.busy !== null && line.busy !== undefined) {
      buttons.push(el("button", { type: "button", onclick: () => setBusy(this.list, line, !line.busy) }, line.busy ? "Put back into service" : "Busy out"));
    }
    if (call) buttons.push(el("button", { type: "button", class: "danger", onclick: () => hangUp(this.list, call) }, "Hang up"));
    return buttons;
  }

  modemActions(modem) {
    // A GSM module has nobody who could be told that it is busy.
    const buttons = modem.gsm ? [] : [el("button", { type: "button", onclick: () => setBusy(this.list, modem, !modem.busy, "modems") }, modem.busy ? "Put back into service" : "Busy out")];
    if (modem.party) buttons.push(el("button", { type: "button", class: "danger", onclick: () => hangUpModem(this.list, modem) }, "Hang up"));
    return buttons;
  }

  startTrace(line) {
    if (this.trace) return;
    this.trace = new Trace(line);
    this.trace.onClose = () => {
      this.trace = undefined;
      this.last = undefined;
      this.update(this.list.row_selected);
    };
    this.more.prepend(this.trace.element);
    this.last = undefined;
    this.update(this.list.row_selected);
  }

  /** The last calls of a line or an account. */
  async history(name, is) {
    const shown = this.name;
    try {
      const { items } = await ask(`/api/v1/recent-calls?${new URLSearchParams({ search: name, limit: 50 })}`);
      const own = items.filter(is).slice(0, 8);
      if (this.name !== shown) return;
      const rows = own.map((call) => el("li", {}, el("time", {}, moment(call.since)), ` ${call.direction === "out" ? "→" : "←"} ${call.party} `,
        el("small", {}, `${span(call.seconds)} · ${bytes(call.sent)} / ${bytes(call.received)} · ${call.words}`)));
      this.past.replaceChildren(el("h3", {}, "Last calls"), rows.length ? el("ul", { class: "history" }, ...rows) : el("p", { class: "note" }, "None so far."));
    } catch {
      // The list says already that the server doesn't answer.
    }
  }
}

function lineFacts(row) {
  const { call } = row;
  return [
    ["State", state(row)], ["Signals", lamps(row)], ["Trouble", row.error],
    ["Persona", row.persona], ["Equipment", row.place], ["Callers", row.listens.join(", ")],
    ["Call", call && `${call.direction === "out" ? "to" : "from"} ${call.party}`],
    ["Lasts", call && `${ago(call.since)}, since ${moment(call.since)}`],
    ["Out", call && `${bytes(call.sent)} bytes, ${bytes(row.sent_rate ?? 0)} a second`],
    ["In", call && `${bytes(call.received)} bytes, ${bytes(row.received_rate ?? 0)} a second`],
    ["Number", call?.id],
  ];
}

const modemFacts = (row) => [
  ["State", modemState(row)], ["Trouble", row.error], ["Port", row.device], ["Groups", row.groups.join(", ")],
  ["Call", row.party], ["Lasts", row.since && `${ago(row.since)}, since ${moment(row.since)}`],
  ["Network", row.gsm?.network], ["Signal", typeof row.gsm?.dbm === "number" ? `${row.gsm.dbm} dBm` : ""],
  ["Last call", lastCall(row.gsm?.last_call)], ["Commands", row.gsm?.dialect],
];

const groupFacts = (row) => [
  ["Free", `${row.free} of ${row.members.length}`], ["In a call", String(row.calls)], ["Members", members(row)],
  ["Order", row.order], ["When taken", row.when_busy], ["Callers", row.listens.join(", ")],
];

/** What a station has said of itself when it was last on the line. */
const stationFacts = (said) => (!said ? [] : [
  ["Signal", typeof said.signal_dbm === "number" ? `${said.signal_dbm} dBm` : ""],
  ["Waiting", said.waiting ? `${said.waiting.toLocaleString()} samples` : ""],
  ["Dropped", said.dropped ? el("span", { class: "trouble" }, `${said.dropped.toLocaleString()} samples`) : ""],
  ["Silent", said.silent ? el("span", { class: "trouble" }, said.silent_names?.join(", ") || `${said.silent} devices`) : ""],
]);

const siteFacts = (row) => [
  ["State", siteState(row)], ["From", row.from], ["Call", row.call], ["Answers", row.asked ? `${row.answered} of ${row.asked} questions` : ""],
  ["Last call", row.called ? `${moment(row.called)}${row.ended ? `, until ${moment(row.ended)}` : ""}` : "never"],
  ["Calls", row.calls_in_an_hour ? `${row.calls_in_an_hour} within the last hour${row.too_often ? ", more than it should make" : ""}` : ""],
  ["Next call", row.next && `${moment(row.next)}${Date.parse(row.next) < Date.now() ? ", is late" : ""}`],
  ...stationFacts(row.station), ["Speaks", row.framing], ["Account", row.account], ["Writing", row.writable ? "allowed" : "not allowed"],
];

const otherFacts = (kind, row) => kind.columns.map((column) => [column.title, column.cell(row)]);

export async function hangUp(list, call) {
  if (!mayAct || !call) return;
  if (!(await confirmed(`Hang up on ${call.party}? The equipment sees NO CARRIER.`, "Hang up"))) return;
  await act(list, () => order("POST", `/api/v1/calls/${encodeURIComponent(call.id)}/hang-up`));
}

export async function hangUpModem(list, modem) {
  if (!mayAct || !modem.party) return;
  if (!(await confirmed(`Hang up modem ${modem.name} on ${modem.party}?`, "Hang up"))) return;
  await act(list, () => order("POST", `/api/v1/modems/${encodeURIComponent(modem.name)}/hang-up`));
}

async function setBusy(list, line, busy, kind = "lines") {
  const words = busy ? `Busy out ${line.name}? Callers are told that it is busy until you put it back.` : `Put ${line.name} back into service?`;
  if (!(await confirmed(words, busy ? "Busy out" : "Put back"))) return;
  await act(list, () => order("PUT", `/api/v1/${kind}/${encodeURIComponent(line.name)}/busy`, { busy }));
}

async function act(list, what) {
  try {
    const { said } = await what();
    toast(said);
  } catch (error) {
    toast(error instanceof Refused ? error.message : "The server doesn't answer; nothing is known to have been done.", "bad");
  }
  list.again();
}
