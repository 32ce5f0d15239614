// Elements without a template language: text is always text, never markup.

export const find = (id) => document.getElementById(id);

/** An element with attributes, listeners (`onclick`) and children. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
  return element;
}

/** Says something in passing. */
export function toast(words, kind = "good") {
  const place = find("toast");
  place.textContent = words;
  place.dataset.kind = kind;
  place.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (place.hidden = true), kind === "bad" ? 8000 : 4000);
}

/** Asks whether it is meant. */
export function confirmed(words, yes) {
  const dialog = find("confirm");
  find("confirm-words").textContent = words;
  find("confirm-yes").textContent = yes;
  dialog.showModal();
  find("confirm-no").focus();
  // Not by the dialog's `close`: that comes later, when the next question may stand there already.
  return new Promise((done) => {
    const answer = (meant) => {
      dialog.close();
      done(meant);
    };
    find("confirm-yes").onclick = () => answer(true);
    find("confirm-no").onclick = () => answer(false);
    dialog.oncancel = () => answer(false);
  });
}
