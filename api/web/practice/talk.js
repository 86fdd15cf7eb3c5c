// The conversation: turns one after the other, spoken or written.

import { announce, byId, element } from "./dom.js";
import { label, showLabel } from "./i18n.js";
import { kept } from "./outbox.js";
import { RecordButton } from "./recordbutton.js";
import { whyNoMicrophone } from "./recorder.js";
import { Turn } from "./turn.js";

/** What turns of one conversation share: its `id`, null before the first is accepted, and the latest `turn`. */
class Conversation {
  turn = null;

  constructor(id) {
    this.id = id;
  }
}

export class Talk {
  conversation = new Conversation(null);
  latestTurn = null;

  constructor({ api, player, preferences }) {
    this.api = api;
    this.player = player;
    this.preferences = preferences;
    this.onTrouble = (key) => this.#showTrouble(key);
    const microphone = new RecordButton(byId("microphone"), {
      player, onTrouble: this.onTrouble, onRecording: (recording) => this.say({ recording }),
    });
    listenForSpace(microphone);
    byId("write").addEventListener("submit", (event) => this.#submit(event));
    byId("new").addEventListener("click", () => this.begin());
    const reason = whyNoMicrophone();
    if (reason) this.#showTrouble(`microphone.${reason}`);
  }

  /** Say something: `{ message }` or `{ recording }`, with `wanted` where it repeats a sentence. */
  say(input) {
    this.#showTrouble(null);
    this.#take(new Turn(input, this));
  }

  /** Send what an earlier visit could not send. */
  async sendKept(userId) {
    for (const { input, options, ...said } of await kept(userId)) {
      // Without options it was to follow the one before it.
      if (options && options.conversationId !== this.conversation.id) {
        this.conversation = new Conversation(options.conversationId);
      }
      this.#take(new Turn(input, this, { options, ...said }));
    }
  }

  #take(turn) {
    this.latestTurn = turn;
    turn.run();
  }

  /** Begin a new conversation, or go on with one whose `messages` are shown first. */
  begin(conversationId = null, messages = []) {
    this.player.stop();
    this.conversation = new Conversation(conversationId);
    this.latestTurn = null;
    byId("turns").replaceChildren(...messages.map(pastMessage));
    byId("empty").hidden = messages.length > 0;
  }

  #submit(event) {
    event.preventDefault();
    const field = byId("message");
    const message = field.value.trim();
    if (!message) return;
    this.player.unlock();
    field.value = "";
    this.say({ message });
  }

  #showTrouble(key) {
    const place = byId("trouble");
    place.hidden = key === null;
    if (key === null) return;
    showLabel(place, key);
    announce(label(key));
  }
}

/** Space stands for the button wherever it means nothing else. */
function listenForSpace(microphone) {
  const isFree = ({ key, target }) => (
    key === " " && !byId("talk").hidden && !target.closest("a, button, input, select, summary")
  );
  addEventListener("keydown", (event) => {
    if (!isFree(event)) return;
    event.preventDefault(); // else the page scrolls
    if (!event.repeat) microphone.press();
  });
  addEventListener("keyup", (event) => {
    if (isFree(event)) microphone.release();
  });
}

function pastMessage({ role, text, correction }) {
  const isTutor = role === "tutor";
  return element(
    "li", { class: "turn" },
    element(
      "article", { class: isTutor ? "tutor" : "learner" },
      element("h3", { class: "who", label: isTutor ? "turn.tutor" : "turn.you" }),
      element("p", { lang: "en" }, text),
      correction ? element("p", { class: "quiet", lang: "en" }, correction) : null,
    ),
  );
}
