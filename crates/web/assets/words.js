// Figures in the words of people.

const UNITS = ["", "k", "M", "G", "T", "P"];

/** Bytes in three digits: 7, 1.2k, 34M. */
export function bytes(count) {
  if (count === undefined || count === null) return "";
  let unit = 0;
  while (count >= 999.5 && unit < UNITS.length - 1) {
    count /= 1000;
    unit += 1;
  }
  return (count < 9.95 && unit > 0 ? count.toFixed(1) : Math.round(count)) + UNITS[unit];
}

/** Bytes per second; nothing is a dot, so that what moves is seen. */
export const rate = (count) => (count === undefined || count === null ? "" : count === 0 ? "·" : bytes(count));

/** A span of time in its two largest units. */
export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}`;
  if (s < 86400) return `${Math.floor(s / 3600)}h${two(Math.floor(s / 60) % 60)}`;
  return `${Math.floor(s / 86400)}d${two(Math.floor(s / 3600) % 24)}h`;
}

/** How far this browser's clock is from the server's, in milliseconds. */
let skew = 0;
export const setClock = (now) => (skew = Date.parse(now) - Date.now());

/** How long ago a moment was. */
export const ago = (moment) => span((Date.now() + skew - Date.parse(moment)) / 1000);

const isOfThisYear = (date) => date.getFullYear() === new Date().getFullYear();
const dated = (date, beside = date) => {
  const year = isOfThisYear(date) && isOfThisYear(beside) ? undefined : "numeric";
  return date.toLocaleDateString([], { month: "short", day: "numeric", year });
};
const timed = (date, second) => date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second, hourCycle: "h23" });

/** A moment: the time of day, with the date unless it is today's, and the year unless it is this one. */
export function moment(text) {
  const date = new Date(text);
  const time = timed(date, "2-digit");
  return date.toDateString() === new Date().toDateString() ? time : `${dated(date)} ${time}`;
}

/** From one moment to another: each day is named once. */
export function stretch(from, until) {
  const [first, last] = [new Date(from), new Date(until)];
  const end = first.toDateString() === last.toDateString() ? timed(last) : `${dated(last, first)} ${timed(last)}`;
  return `${dated(first, last)} ${timed(first)} to ${end}`;
}

/** A moment on an axis that is so long. */
export function tick(at, seconds) {
  const date = new Date(at);
  if (seconds <= 2 * 86400) return timed(date);
  if (seconds <= 200 * 86400) return date.toLocaleDateString([], { month: "short", day: "numeric" });
  return date.toLocaleDateString([], { month: "short", year: "numeric" });
}
