// Talking to the server: orders, questions, and what to say when it doesn't answer.

import { find } from "./dom.js";

const meta = (name) => document.querySelector(`meta[name=${name}]`).content;
export const role = meta("role");
export const mayAct = role === "operator" || role === "admin";
export const mayWrite = role === "admin";

/** When somebody last touched the page: one that asks by itself keeps nobody logged in. */
let touched = Date.now();
for (const kind of ["pointerdown", "keydown", "wheel", "touchstart"]) {
  addEventListener(kind, () => (touched = Date.now()), { passive: true });
}

let lastNews = Date.now();
let out = false;

export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

function headers() {
  const alone = Date.now() - touched > 60_000;
  return alone ? { "Trunkline-By-Itself": "1" } : {};
}

/** Asks for something. Throws `Refused` when the server says no, and another error when it says nothing. */
export async function ask(path, signal) {
  return answer(await send(path, { headers: headers(), signal }));
}

/** How long a site may take to answer, in milliseconds: the server says before that what has come of it. */
export const OF_A_SITE = 195_000;

/** Orders something, and waits for it so long. */
export async function order(method, path, body, patience) {
  const own = { "X-CSRF-Token": meta("csrf") };
  if (body !== undefined) own["Content-Type"] = "application/json";
  return answer(await send(path, { method, headers: own, body: body === undefined ? undefined : JSON.stringify(body) }, patience));
}

async function send(path, options, patience = 15_000) {
  const enough = AbortSignal.timeout(patience);
  const signal = options.signal ? AbortSignal.any([options.signal, enough]) : enough;
  try {
    const response = await fetch(path, { ...options, signal, credentials: "same-origin", redirect: "error" });
    news();
    return response;
  } catch (error) {
    if (!options.signal?.aborted) lost();
    throw error;
  }
}

async function answer(response) {
  if (response.status === 204) return null;
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  if (response.status === 401) ended();
  throw new Refused(response.status, body.detail ?? `the server says ${response.status}`);
}

function news() {
  lastNews = Date.now();
  if (out) return;
  find("banner").hidden = true;
  document.body.classList.remove("stale");
}

/** The connection is lost: what is shown is old, and said to be. */
export function lost() {
  if (out) return;
  const seconds = Math.round((Date.now() - lastNews) / 1000);
  banner(`No connection to the server since ${seconds} s. What you see is old. Trying again …`);
}

function ended() {
  out = true;
  banner("You are logged out: nobody has been here for a while, or the session has reached its end. ", "/login", "Log in again");
}

function banner(words, href, link) {
  const place = find("banner");
  place.textContent = words;
  if (href) {
    const a = document.createElement("a");
    a.href = href;
    a.textContent = link;
    place.append(a);
  }
  place.hidden = false;
  document.body.classList.add("stale");
}

export const loggedOut = () => out;
