// The mistake that is due: say or write it right.

import { randomId } from "./access.js";
import { ConnectionLost, unlessMissing } from "./api.js";
import { deliver } from "./deliver.js";
import { announce, byId, element } from "./dom.js";
import { follow } from "./events.js";
import { label, problemKey, showLabel } from "./i18n.js";
import { RecordButton } from "./recordbutton.js";

const VERDICTS = new Map([[true, "review.passed"], [false, "review.failed"], [null, "review.unclear"]]);

export class Review {
  #api;
  #player;
  #mistake = null; // that is asked about
  #asked; // the idempotency key of the last answer

  constructor({ api, player }) {
    this.#api = api;
    this.#player = player;
    new RecordButton(byId("review-record"), {
      player,
      onRecording: (recording) => this.#answer({ recording }),
      onTrouble: (key) => this.#tell(key),
    });
    byId("review-write").addEventListener("submit", (event) => {
      event.preventDefault();
      const message = byId("review-message").value.trim();
      if (message) this.#answer({ message });
    });
    byId("review-next").addEventListener("click", () => this.show());
  }

  /** Show what is due; returns whether the API has reviews. */
  async show() {
    const due = await unlessMissing(this.#api.nextReview());
    byId("review").hidden = due === null;
    this.#ask(due?.mistake ?? null, due?.prompt);
    if (due === undefined) this.#tell("learn.none_due");
    return due !== null;
  }

  /** Review a mistake that is not due. */
  practise(mistake) {
    this.#ask(mistake, label("learn.prompt", { wrong: mistake.wrong }));
    byId("review").scrollIntoView();
    byId("review-record").focus({ preventScroll: true });
  }

  #ask(mistake, prompt) {
    this.#mistake = mistake;
    byId("review-answer").hidden = mistake === null;
    byId("review-prompt").textContent = prompt ?? "";
    byId("review-message").value = "";
    byId("review-status").hidden = true;
    byId("review-result").replaceChildren();
    byId("review-next").hidden = true;
  }

  async #answer(answer) {
    const { id } = this.#mistake;
    const key = randomId(16);
    byId("review-answer").hidden = true; // one answer at a time
    this.#tell("turn.sending");
    this.#player.unlock();
    this.#player.begin(() => {});
    this.#asked = key; // what still comes of an earlier answer is not heard any more
    let isShown = false;
    const mayTell = () => !isShown && this.#asked === key;
    const show = (reply) => {
      if (mayTell()) this.#showResult(reply);
      isShown = true;
    };
    try {
      const accepted = await deliver(() => this.#api.review(id, answer, key), ({ error }) => (
        this.#tell(error instanceof ConnectionLost ? "turn.lost" : "turn.busy")
      ));
      this.#tell(answer.recording ? "turn.listening" : "turn.writing");
      const { job } = await follow(this.#api, accepted, {
        onEvent: (type, data) => {
          if (type === "reply.done" && "reply_text" in data) show(data); // its voice comes later
          if (type === "speech.piece" && data.audio_url && this.#asked === key) this.#player.add(data);
        },
        onLost: () => { if (mayTell()) this.#tell("turn.following_lost"); },
      });
      if (job.status === "succeeded") show(job.result);
      else if (mayTell()) this.#showProblem(job.error ?? { code: "cancelled", detail: "" });
    } catch (error) {
      if (error.code === undefined) throw error; // a mistake of ours
      if (mayTell()) this.#showProblem({ code: error.code, detail: error.message });
    }
  }

  #showResult({ passed, differences, reply_text: reply }) {
    byId("review-result").replaceChildren(
      ...differences.map(({ said, expected }) => element(
        "p", { lang: "en" }, element("del", {}, said), " ", element("ins", {}, expected),
      )),
      element("p", { lang: "en" }, reply),
    );
    byId("review-answer").hidden = passed === true;
    byId("review-next").hidden = false;
    this.#tell(VERDICTS.get(passed));
  }

  #showProblem({ code, detail }) {
    byId("review-answer").hidden = false;
    const key = problemKey(code);
    if (key) this.#tell(key);
    else this.#tell("turn.failed", { detail });
  }

  #tell(key, values = {}) {
    const status = byId("review-status");
    status.hidden = false;
    showLabel(status, key, values);
    announce(label(key, values));
  }
}
