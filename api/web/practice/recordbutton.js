// A button that records: tapped to begin and to end, or held; by pointer, keyboard or screen reader.

import { announce, byId } from "./dom.js";
import { label, showLabel } from "./i18n.js";
import { LONGEST_SECONDS, MicrophoneError, Recorder } from "./recorder.js";

/** Who lets go earlier than this has tapped, and goes on speaking until the next tap. */
const TAP_MS = 500;
/** So long before the end it is told how much is left. */
const WARNED_SECONDS = 10;

/** One recording at a time, whichever button it belongs to. */
let recording = null;

export class RecordButton {
  #button;
  #player;
  #startLabel;
  #onRecording;
  #onTrouble;
  #recorder = null;
  #state = "idle"; // idle, asking, recording, ending
  #pressedAt = 0;
  #byPointer = false; // the click that follows belongs to a press that was heard already

  /**
   * Make `button` record. `onRecording(blob)` takes what was recorded, `onTrouble(key)` the label that says why
   * there is nothing.
   */
  constructor(button, { player, startLabel = "record.start", onRecording, onTrouble }) {
    this.#button = button;
    this.#player = player;
    this.#startLabel = startLabel;
    this.#onRecording = onRecording;
    this.#onTrouble = onTrouble;
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      this.#byPointer = true;
      this.press();
    });
    for (const end of ["pointerup", "pointercancel"]) {
      button.addEventListener(end, () => {
        this.release();
        setTimeout(() => { this.#byPointer = false; }); // after the click
      });
    }
    button.addEventListener("contextmenu", (event) => event.preventDefault()); // holding is no question
    button.addEventListener("keydown", (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault(); // else the browser clicks too
      if (!event.repeat) this.press();
    });
    button.addEventListener("keyup", (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      this.release();
    });
    button.addEventListener("click", () => {
      this.#player.unlock(); // a finger's press does not yet allow sound, the click after it does
      if (!this.#byPointer) this.press(); // a screen reader only clicks
    });
  }

  /** The button, or the key that stands for it, goes down. */
  press() {
    this.#pressedAt = performance.now();
    if (this.#state === "idle" && recording === null) this.#start();
    else if (this.#state === "recording") this.#end();
  }

  /** It goes up again. */
  release() {
    const isHeld = performance.now() - this.#pressedAt >= TAP_MS;
    if (this.#state === "recording" && isHeld) this.#end();
  }

  async #start() {
    recording = this;
    this.#player.stop();
    const context = this.#player.unlock();
    this.#show("asking", "record.asking");
    try {
      this.#recorder = await Recorder.start(context, {
        onLevel: (level, seconds) => this.#showLevel(level, seconds),
        onEnd: (isOver) => {
          if (isOver) announce(label("record.limit"));
          this.#end();
        },
      });
    } catch (error) {
      this.#idle();
      if (!(error instanceof MicrophoneError)) throw error;
      this.#onTrouble(`microphone.${error.reason}`);
      return;
    }
    this.#show("recording", "record.stop");
    this.#showLevel(0, 0); // not what the recording before has left
    byId("meter").hidden = false;
    announce(label("record.started"));
  }

  async #end() {
    if (this.#state !== "recording") return;
    this.#state = "ending";
    const blob = await this.#recorder.stop();
    this.#idle();
    if (blob === null) this.#onTrouble("record.silent");
    else this.#onRecording(blob);
  }

  #idle() {
    recording = null;
    this.#recorder = null;
    byId("meter").hidden = true;
    this.#show("idle", this.#startLabel);
  }

  #show(state, key) {
    this.#state = state;
    this.#button.dataset.state = state;
    showLabel(this.#button.querySelector(".text") ?? this.#button, key);
  }

  #showLevel(level, seconds) {
    // Loudness is heard by its logarithm: 0 is -60 dB, 1 is full scale.
    const shown = Math.min(1, Math.max(0, 1 + Math.log10(Math.max(level, 1e-6)) / 3));
    byId("level").value = shown;
    const left = Math.ceil(LONGEST_SECONDS - seconds);
    byId("meter").dataset.ending = left <= WARNED_SECONDS;
    if (left > WARNED_SECONDS) showLabel(byId("clock"), "record.clock", { seconds: Math.floor(seconds) });
    else showLabel(byId("clock"), "record.left", { seconds: left });
  }
}
