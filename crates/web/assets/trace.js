// What passes on a line, in hex, as it passes.

import { el } from "./dom.js";

const KEEP = 2000; // rows kept on the page

export class Trace {
  constructor(line) {
    this.rows = el("pre", { class: "trace", tabindex: "0", "aria-label": `What passes on ${line}` });
    this.note = el("p", { class: "note", role: "status" }, "Waiting for something to pass …");
    this.still = el("button", { type: "button", class: "quiet", onclick: () => this.pause() }, "Hold");
    this.element = el("div", { class: "tracing" }, el("div", { class: "tools" }, el("h3", {}, "Trace"), this.still,
      el("button", { type: "button", class: "quiet", onclick: () => this.rows.replaceChildren() }, "Clear"),
      el("button", { type: "button", class: "quiet", onclick: () => this.close() }, "End")), this.note, this.rows);
    this.held = [];
    this.source = new EventSource(`/api/v1/lines/${encodeURIComponent(line)}/trace`);
    this.source.addEventListener("begin", () => (this.note.textContent = "> goes to the equipment, < comes from it. Passwords are not shown."));
    this.source.addEventListener("entries", (event) => this.take(JSON.parse(event.data)));
    this.source.addEventListener("end", (event) => this.end(`The trace has ended: ${event.data}.`));
    this.source.addEventListener("error", () => {
      // The browser tries again by itself unless it was refused.
      if (this.source.readyState === EventSource.CLOSED) this.end("The trace was refused: too many are open, or the line is gone.");
      else this.note.textContent = "The connection is lost; trying again …";
    });
  }

  take(entries) {
    if (this.paused) {
      this.held.push(...entries);
      this.held.splice(0, this.held.length - KEEP);
      this.still.textContent = `Go on (${this.held.length})`;
      return;
    }
    const below = this.rows.scrollHeight - this.rows.scrollTop - this.rows.clientHeight < 40;
    const fresh = document.createDocumentFragment();
    for (const entry of entries) for (const row of rows(entry)) fresh.append(el("span", { class: row.kind }, `${row.text}\n`));
    this.rows.append(fresh);
    while (this.rows.childElementCount > KEEP) this.rows.firstElementChild.remove();
    if (below) this.rows.scrollTop = this.rows.scrollHeight;
  }

  pause() {
    this.paused = !this.paused;
    this.still.textContent = this.paused ? "Go on" : "Hold";
    if (!this.paused) this.take(this.held.splice(0));
  }

  end(words) {
    this.source.close();
    this.note.textContent = words;
  }

  close() {
    this.source.close();
    this.element.remove();
    this.onClose?.();
  }
}

function* rows(entry) {
  const at = (entry.at / 1000).toFixed(3).padStart(9);
  const way = entry.way === "out" ? ">" : "<";
  if (entry.what === "note") yield { kind: "words", text: `${at} - ${entry.words}` };
  else if (entry.what === "lost") yield { kind: "words", text: `${at} - ${entry.count} entries left out here` };
  else if (entry.what === "hidden") yield { kind: entry.way, text: `${at} ${way} (hidden)` };
  else {
    for (let n = 0; n < entry.hex.length; n += 32) {
      const pairs = entry.hex.slice(n, n + 32).match(/../g);
      const hex = pairs.map((pair, at) => (at === 8 ? ` ${pair}` : pair)).join(" ").padEnd(48);
      const text = pairs.map((pair) => {
        const code = parseInt(pair, 16);
        return code >= 32 && code < 127 ? String.fromCharCode(code) : "·";
      }).join("");
      yield { kind: entry.way, text: `${at} ${way} ${hex}  ${text}` };
    }
    if (entry.more) yield { kind: entry.way, text: `${at} ${way} and ${entry.more} more` };
  }
}
