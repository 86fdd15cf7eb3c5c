// Labels in the chosen language. What shows a label carries its key, so a change of language shows at once.

import { LABELS, LANGUAGES } from "./labels.js";
import { read, write } from "./storage.js";

const CODES = Object.keys(LANGUAGES);
const ALIKE = {
  unsupported_audio: "invalid_audio",
  stt_timeout: "late",
  llm_timeout: "late",
  queue_deadline: "late",
  run_deadline: "late",
  tutor_invalid_reply: "tutor_unavailable",
  engine_unavailable: "tutor_unavailable",
};
let language = read("language") ?? (navigator.language.startsWith("hi") ? "hi" : "en");

/** The label in the page's language, with its values put in. */
export function label(key, values = {}) {
  const text = LABELS[key][CODES.indexOf(language)];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Whether there is such a label: a problem without one is shown in the API's words. */
export function hasLabel(key) {
  return Object.hasOwn(LABELS, key);
}

/** The key of a problem's label, or null: problems of one kind have one, whatever their code. */
export function problemKey(code) {
  const key = `problem.${ALIKE[code] ?? code}`;
  return hasLabel(key) ? key : null;
}

/** The key of the label of a kind of mistake. */
export function categoryKey(category) {
  const key = `category.${category}`;
  return hasLabel(key) ? key : "category.other";
}

/** Let the element show the label, now and after each change of language. */
export function showLabel(node, key, values = {}) {
  node.dataset.label = key;
  node.dataset.values = JSON.stringify(values);
  translate(node);
  return node;
}

export function currentLanguage() {
  return language;
}

/** Change the language, of what is on the page too. */
export function setLanguage(code) {
  language = code;
  write("language", code);
  translateAll();
}

/** Translate every element of the document that carries a key. */
export function translateAll() {
  document.documentElement.lang = language;
  document.title = label("title");
  document.querySelectorAll("[data-label], [data-name], [data-placeholder]").forEach(translate);
}

function translate(node) {
  const { label: key, name, placeholder, values } = node.dataset;
  if (key) node.textContent = label(key, JSON.parse(values ?? "{}"));
  if (name) node.setAttribute("aria-label", label(name));
  if (placeholder) node.setAttribute("placeholder", label(placeholder));
}

/** A day as people of this language write it. */
export function day(time) {
  return new Date(time).toLocaleDateString(language === "hi" ? "hi-IN" : "en-IN", { day: "numeric", month: "short" });
}
