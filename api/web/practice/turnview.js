// How one turn looks: what the learner said, what happens to it, what the tutor answers.

import { correctionCard } from "./correction.js";
import { button, byId, element } from "./dom.js";
import { hasLabel, label, showLabel } from "./i18n.js";
import { withUnsure } from "./words.js";

export class TurnView {
  #said = element("p", { lang: "en" });
  #status = element("p", { class: "status" });
  #actions = element("div", { class: "actions" });
  #sentences = element("p", { class: "reply", lang: "en" });
  #voice = element("div", { class: "actions voice" });
  #card = element("div");
  #score = element("p", { class: "score" });
  #warnings = element("div");
  #corrected = null; // the correction whose card is shown
  #tutor = element(
    "article", { class: "tutor" },
    element("h3", { class: "who", label: "turn.tutor" }), this.#sentences, this.#voice, this.#score, this.#warnings,
  );
  #comparison = element("div");

  constructor() {
    this.#tutor.hidden = true;
    byId("empty").hidden = true;
    const turn = element(
      "li", { class: "turn" },
      element("article", { class: "learner" }, element("h3", { class: "who", label: "turn.you" }), this.#said),
      this.#comparison, this.#tutor, this.#card, this.#status, this.#actions,
    );
    byId("turns").append(turn);
    turn.scrollIntoView({ block: "start" });
  }

  /** Show a message as it was written. */
  said(text) {
    this.#said.textContent = text;
  }

  recorded() {
    showLabel(this.#said, "turn.recording");
  }

  /** Show what was heard, with the words marked that were not heard surely. */
  heard(transcript, words, unsure) {
    delete this.#said.dataset.label;
    this.#said.replaceChildren(...withUnsure(transcript, words ?? [], unsure ?? []).map((part) => (
      part.unsure
        ? element("mark", {}, part.text, element("span", { class: "for-ears" }, ` (${label("turn.unsure")})`))
        : part.text
    )));
  }

  /** Say what is happening; the buttons, `[label, handler]`, are what can be done about it. */
  status(key, values = {}, buttons = []) {
    if (key) showLabel(this.#status, key, values);
    this.#status.hidden = !key;
    this.#actions.replaceChildren(...buttons.map(([name, act]) => button(name, act)));
    if (buttons.length > 0) this.#actions.scrollIntoView({ block: "nearest" });
  }

  compared(box) {
    this.#comparison.replaceChildren(box);
  }

  /** Add a sentence. While more come, assistive technology need not read. */
  sentence(text) {
    this.#tutor.hidden = false;
    this.#tutor.setAttribute("aria-busy", "true");
    this.#sentences.append(this.#sentences.hasChildNodes() ? ` ${text}` : text);
    this.#tutor.scrollIntoView({ block: "nearest" });
  }

  restarted() {
    this.#sentences.replaceChildren();
  }

  /** Show the whole reply, as far as it is known. */
  reply(reply, card) {
    this.#tutor.hidden = false;
    this.#tutor.removeAttribute("aria-busy");
    this.#sentences.textContent = reply.reply_text;
    // Told twice, with and without its sounds; somebody may be recording on the card already.
    if (reply.correction !== this.#corrected) {
      this.#corrected = reply.correction;
      this.#card.replaceChildren(...(reply.correction ? [correctionCard(reply, card)] : []));
    }
    const why = this.#card.querySelector(".hear-why");
    if (why) why.hidden = !reply.explanation_audio_url;
    this.#score.hidden = reply.score === null;
    showLabel(this.#score, "turn.score", { score: reply.score });
    this.#warnings.replaceChildren(...reply.warnings.map(({ code, detail }) => warning(code, detail)));
  }

  /** Show what can be done with the voice: `[label, handler]` each. */
  voice(buttons) {
    const focused = [...this.#voice.children].indexOf(document.activeElement);
    this.#voice.replaceChildren(...buttons.map(([name, act]) => button(name, act)));
    this.#voice.children[focused]?.focus();
  }
}

function warning(code, detail) {
  const known = `warning.${code}`;
  const key = code.startsWith("speech_") && !hasLabel(known) ? "warning.speech" : known;
  return hasLabel(key)
    ? element("p", { class: "warning", label: key })
    : element("p", { class: "warning" }, detail);
}
