// Plays the tutor's voice: a reply's pieces one right behind the other while they arrive, or a whole sound again.

import { reachable } from "./config.js";

/** Slow enough to follow each word, fast enough to sound natural. */
export const SLOWER = 0.75;

const SILENT = { playing: false, paused: false };

export class Player {
  #context = null;
  #pieces = null; // those of the reply that is played
  // Whole sounds are an element's: it keeps the pitch when it is slower, Web Audio does not.
  #whole = new Audio();
  #isWhole = false; // it plays, or is paused
  #onChange = () => {};

  constructor() {
    this.#whole.preservesPitch = true;
    for (const change of ["play", "pause"]) this.#whole.addEventListener(change, () => this.#tell());
    this.#whole.addEventListener("ended", () => {
      this.#isWhole = false;
      this.#tell();
    });
  }

  /** Allow sound. Call it in the handler of a tap or a key: browsers let a page sound only then. */
  unlock() {
    if (this.#context === null) {
      this.#context = new AudioContext();
      // An iPhone's silent switch mutes a page, and a call interrupts it, unless it says what it is for.
      if (navigator.audioSession) navigator.audioSession.type = "play-and-record";
    }
    if (!this.#pieces?.paused) this.#context.resume();
    return this.#context;
  }

  /**
   * Begin a reply; whatever sounded before falls silent. `onChange({ playing, paused })` is called when its voice
   * begins, pauses, goes on or ends.
   */
  begin(onChange) {
    this.#change(onChange);
    this.#pieces = { sounds: new Map(), order: null, next: 0, endsAt: 0, sounding: new Set(), paused: false };
  }

  /**
   * Play the sound behind the link, at its own speed or slower; whatever sounded before falls silent. `onChange`
   * is called as for a reply. Raises where the sound cannot be played.
   */
  async playWhole(link, rate, onChange) {
    this.#change(onChange);
    const url = await reachable(link);
    if (this.#onChange !== onChange) return; // something else was begun meanwhile
    this.#isWhole = true;
    this.#whole.src = url;
    this.#whole.defaultPlaybackRate = rate;
    this.#whole.playbackRate = rate;
    await this.#playOn();
  }

  /** Stop, and forget what was played. */
  stop() {
    this.#change(() => {});
  }

  /** Hold the voice; time stands still for what is scheduled too. */
  async pause() {
    if (this.#isWhole) this.#whole.pause();
    if (this.#pieces === null) return;
    this.#pieces.paused = true;
    await this.#context.suspend();
    this.#tell();
  }

  /** Let the voice go on. Raises where the sound cannot be played. */
  async resume() {
    if (this.#isWhole) await this.#playOn();
    if (this.#pieces === null) return;
    this.#pieces.paused = false;
    await this.#context.resume();
    this.#tell();
  }

  /** Play the whole sound from where it stands. */
  async #playOn() {
    const onChange = this.#onChange;
    try {
      await this.#whole.play();
    } catch (error) {
      if (error.name === "AbortError") return; // it was stopped, or another sound began
      if (this.#onChange === onChange) this.stop();
      throw error;
    }
  }

  /** Take a piece, told by an event or a reply; one that is known already changes nothing. */
  add(piece) {
    const pieces = this.#pieces;
    if (pieces === null || this.#context === null || pieces.sounds.has(piece.index)) return;
    pieces.sounds.set(piece.index, null);
    decoded(this.#context, piece.audio_url)
      .catch(() => "lost") // the rest is worth hearing without it
      .then((sound) => {
        pieces.sounds.set(piece.index, sound);
        if (pieces === this.#pieces) this.#schedule();
      });
  }

  /** Schedule what can be: pieces up to the first one that is not there yet. */
  #schedule() {
    const pieces = this.#pieces;
    for (;;) {
      const sound = pieces.sounds.get(pieces.next);
      if (!sound) break;
      pieces.next += 1;
      if (sound !== "lost") this.#play(pieces, sound);
    }
    this.#tell();
  }

  #play(pieces, sound) {
    const source = new AudioBufferSourceNode(this.#context, { buffer: sound });
    source.connect(this.#context.destination);
    // At the end of the piece before: to begin it when that has ended would be too late to be gapless.
    pieces.endsAt = Math.max(this.#context.currentTime, pieces.endsAt);
    source.start(pieces.endsAt);
    pieces.endsAt += sound.duration;
    pieces.sounding.add(source);
    source.addEventListener("ended", () => {
      pieces.sounding.delete(source);
      if (pieces === this.#pieces) this.#tell();
    });
  }

  /** Fall silent, tell so whoever listened, and tell `onChange` from now on. */
  #change(onChange) {
    this.#pieces?.sounding.forEach((source) => source.stop());
    this.#pieces = null;
    this.#whole.pause();
    this.#isWhole = false;
    this.#context?.resume();
    this.#tell();
    this.#onChange = onChange;
  }

  #tell() {
    this.#onChange(this.#state);
  }

  get #state() {
    if (this.#isWhole) return { playing: !this.#whole.paused, paused: this.#whole.paused };
    if (this.#pieces === null) return SILENT;
    return { playing: this.#pieces.sounding.size > 0, paused: this.#pieces.paused };
  }
}

async function decoded(context, link) {
  const url = await reachable(link);
  const response = await fetch(url).catch(() => fetch(url)); // a lost connection is tried once more
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return context.decodeAudioData(await response.arrayBuffer());
}
