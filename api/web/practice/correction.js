// The card about a mistake: what was said, what is better, why, and saying it again.

import { button, element } from "./dom.js";
import { categoryKey, label, showLabel } from "./i18n.js";
import { RecordButton } from "./recordbutton.js";
import { difference } from "./words.js";

const ARROW = " → ";

/** Split `wrong → right`. */
export function bothSides(correction) {
  const [wrong, right] = correction.split(ARROW);
  return { wrong, right };
}

/**
 * Make the card of a reply's correction.
 *
 * `sayAgain(recording, right)` sends what was recorded; `hearWhy()` plays the explanation's voice. Its button is
 * `.hear-why`, hidden until there is that voice.
 */
export function correctionCard(reply, { player, full, hearWhy, sayAgain, onTrouble }) {
  const { wrong, right } = bothSides(reply.correction);
  const changes = difference(wrong, right);
  const card = element(
    "section", { class: "card correction" },
    element("h3", { label: "correction.heading" }),
    reply.mistake_category ? element("p", { class: "category", label: categoryKey(reply.mistake_category) }) : null,
    element("dl", {},
      element("dt", { label: "correction.said" }), element("dd", { lang: "en" }, ...marked(changes, "removed", "del")),
      element("dt", { label: "correction.better" }), element("dd", { lang: "en" }, ...marked(changes, "added", "ins"))),
    reply.hinglish_explanation ? explanation(reply.hinglish_explanation, full) : null,
  );
  const again = button("correction.say_again", () => {}, { class: "record" });
  new RecordButton(again, {
    player, startLabel: "correction.say_again", onTrouble, onRecording: (recording) => sayAgain(recording, right),
  });
  const why = button("correction.hear_why", hearWhy, { class: "hear-why", hidden: true });
  card.append(element("div", { class: "actions" }, why, again));
  return card;
}

/** The words of one side: those that are the same, and the changed ones in an element of their own. */
function marked(changes, change, tag) {
  return changes
    .filter((step) => step.change === "same" || step.change === change)
    .flatMap(({ word, change: kind }) => [kind === "same" ? word : element(tag, {}, word), " "]);
}

/** The explanation: whole, or its first sentence with the rest behind a tap. */
function explanation(text, full) {
  const [first, rest] = firstSentence(text);
  if (full || !rest) return element("p", { class: "explanation", lang: "hi-Latn" }, text);
  return element(
    "details", { class: "explanation", lang: "hi-Latn" },
    element("summary", {}, first), element("p", {}, rest),
  );
}

function firstSentence(text) {
  const end = text.search(/[.:!?।]\s/);
  return end < 0 ? [text, ""] : [text.slice(0, end + 1), text.slice(end + 2)];
}

/** Show how what was said compares with what was wanted, word by word. Returns a sentence of it. */
export function comparison(wanted, said) {
  const steps = difference(said, wanted, { aloud: true });
  const all = steps.filter(({ change }) => change !== "removed").length;
  const right = steps.filter(({ change }) => change === "same").length;
  const isRight = right === all && right === steps.length;
  const words = steps.map(({ word, change }) => {
    if (change === "added") return element("span", { class: "missing" }, word, hidden("compare.missing"));
    return change === "same" ? element("span", { class: "right" }, word) : element("del", {}, word);
  });
  const verdict = isRight ? ["compare.right", {}] : ["compare.some", { right, all }];
  const box = element(
    "div", { class: "comparison" },
    showLabel(element("p", { class: "verdict" }), ...verdict),
    element("p", { lang: "en" }, ...words.flatMap((word) => [word, " "])),
    element("p", { class: "quiet", label: "compare.heard", values: { words: said } }),
  );
  return { box, text: label(...verdict) };
}

/** What colour alone would tell, for those who do not see it. */
function hidden(key) {
  return element("span", { class: "for-ears" }, ` (${label(key)})`);
}
