// Making elements. Text becomes text nodes, so nothing that anyone said can become markup.

import { showLabel } from "./i18n.js";

/**
 * Make an element. In `properties`, `on` holds event handlers, `label` the key of the label that it shows,
 * `name` the key of its `aria-label`; the rest are attributes, and those that are null or false are left out.
 */
export function element(tag, properties = {}, ...children) {
  const { on = {}, label = null, values = {}, name = null, ...attributes } = properties;
  const node = document.createElement(tag);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) node.setAttribute(attribute, value === true ? "" : value);
  }
  for (const [type, handler] of Object.entries(on)) node.addEventListener(type, handler);
  if (name) node.dataset.name = name;
  if (label || name) showLabel(node, label ?? "", values);
  node.append(...children.filter((child) => child !== null));
  return node;
}

export function button(label, onClick, properties = {}) {
  return element("button", { type: "button", label, on: { click: onClick }, ...properties });
}

export function byId(id) {
  return document.getElementById(id);
}

/** Say something to a screen reader, without moving what is on the screen. */
export function announce(text) {
  const region = byId("announcer");
  // The same sentence twice is a change only if the region was empty in between.
  region.textContent = "";
  requestAnimationFrame(() => { region.textContent = text; });
}

/** Ask, in the place of `asked`, whether to go on, with labels for both answers; resolves to true or false. */
export function confirmation(asked, question, yes, no = "keep") {
  return new Promise((resolve) => {
    const answer = (value) => () => {
      box.replaceWith(asked);
      asked.focus();
      resolve(value);
    };
    const safe = button(no, answer(false));
    const box = element(
      "div", { class: "confirmation", role: "group" },
      element("p", { label: question }), safe, button(yes, answer(true), { class: "danger" }),
    );
    asked.replaceWith(box);
    safe.focus();
  });
}
