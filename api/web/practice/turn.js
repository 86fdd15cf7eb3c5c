// One turn, from what the learner said to the end of the tutor's voice.

import { randomId } from "./access.js";
import { ConnectionLost } from "./api.js";
import { comparison } from "./correction.js";
import { deliver, Discarded } from "./deliver.js";
import { announce } from "./dom.js";
import { follow } from "./events.js";
import { label, problemKey } from "./i18n.js";
import { drop, keep } from "./outbox.js";
import { SLOWER } from "./player.js";
import { TurnView } from "./turnview.js";

export class Turn {
  #view = new TurnView();
  #page;
  #input;
  #conversation;
  #before; // the turn before it in the conversation, or null
  #key;
  #at; // when it was said, by this machine's clock
  #options; // with which it is sent, each time the same, as the key demands; null before
  #setSent;
  #sent = new Promise((resolve) => { this.#setSent = resolve; });
  #job = null;
  #seen = 0;
  #reply = null;
  #isHeard = false; // a piece has come
  #voice = { playing: false, paused: false };

  /**
   * `input` has a `message` or a `recording`, and `wanted` where it says a sentence again. `page` has what turns
   * share: `api`, `player`, `preferences`, `conversation`, and `say(input)` for the next one. `key`, `options`
   * and the time `at` are those of an earlier visit that could not send it.
   */
  constructor(input, page, { key = randomId(16), options = null, at = Date.now() } = {}) {
    this.#input = input;
    this.#page = page;
    this.#key = key;
    this.#options = options;
    this.#at = at;
    this.#conversation = page.conversation;
    this.#before = this.#conversation.turn;
    this.#conversation.turn = this;
  }

  /** Send it, follow it and play it. Whatever goes wrong is shown. */
  async run() {
    const { message } = this.#input;
    if (message) this.#view.said(message);
    else this.#view.recorded();
    this.#view.status("turn.sending");
    this.#page.player.begin(this.#onVoice);
    try {
      await this.#deliver();
    } catch (error) {
      this.#showFailure(error);
      return;
    }
    await this.#resume();
  }

  /** Have it accepted. It is kept until then, or until the learner gives it up. */
  async #deliver() {
    await this.#keep();
    await this.#before?.sent; // whose answer may say in which conversation this is
    this.#before = null;
    this.#options ??= {
      conversationId: this.#conversation.id,
      speak: this.#page.preferences.explanationVoice ? ["reply", "explanation"] : ["reply"],
    };
    await this.#keep();
    try {
      this.#job = await deliver(() => this.#send(), (wait) => this.#showWait(wait));
      this.#conversation.id = this.#job.conversation_id;
    } catch (error) {
      // Another token, or another time, may help; for all else there is no use in keeping it.
      if (error.status !== 401 && !error.retryable) await drop(this.#key);
      throw error;
    } finally {
      this.#setSent();
    }
    await drop(this.#key);
  }

  /** Resolves when it has been accepted, or will not be for now. */
  get sent() {
    return this.#sent;
  }

  #keep() {
    const { userId } = this.#page.api;
    return keep({ key: this.#key, at: this.#at, userId, options: this.#options, input: this.#input });
  }

  #send() {
    const { api } = this.#page;
    const { message, recording } = this.#input;
    return recording ? api.sendVoice(recording, this.#options, this.#key) : api.sendText(message, this.#options, this.#key);
  }

  #showWait({ error, sendNow, discard }) {
    const why = error instanceof ConnectionLost ? "turn.lost" : "turn.busy";
    this.#view.status(why, {}, [["turn.send_now", sendNow], ["turn.discard", discard]]);
    announce(label(why));
  }

  async #follow() {
    this.#view.status(this.#atWork);
    const { job, seen } = await follow(this.#page.api, this.#job, {
      after: this.#seen,
      onEvent: (type, data) => this.#on[type]?.(data),
      onLost: () => this.#view.status("turn.following_lost"),
    });
    this.#seen = seen;
    this.#end(job);
  }

  // What each event means for this turn; the job's end is told by `follow` itself.
  #on = {
    "job.place": ({ queue_position: place, eta_seconds: eta }) => {
      if (place === null) return;
      if (eta === null) this.#view.status("turn.place", { place });
      else this.#view.status("turn.place_eta", { place, seconds: Math.ceil(eta) });
    },
    "job.started": () => this.#view.status(this.#atWork),
    "transcript.done": (heard) => {
      this.#view.status("turn.writing");
      this.#showHeard(heard.transcript, heard.words, heard.unsure_words);
    },
    "reply.sentence": ({ text }) => {
      if (!this.#isHeard) this.#view.status("turn.speaking");
      this.#view.sentence(text);
    },
    "reply.restarted": () => {
      this.#view.restarted();
      if (this.#isLatest) this.#page.player.begin(this.#onVoice);
    },
    "reply.done": (reply) => {
      if ("reply_text" in reply) this.#showReply(reply);
    },
    "speech.piece": (piece) => {
      if (piece.part !== "reply") return; // the explanation is heard when it is asked for
      this.#isHeard = true;
      this.#view.status(null);
      this.#play(piece);
    },
  };

  get #atWork() {
    return this.#input.recording ? "turn.listening" : "turn.writing";
  }

  /** Whoever has said something else meanwhile does not want to hear this any more. */
  get #isLatest() {
    return this.#page.latestTurn === this;
  }

  #play(piece) {
    if (this.#isLatest && piece.part === "reply" && piece.audio_url) this.#page.player.add(piece);
  }

  #showHeard(transcript, words, unsure) {
    this.#view.heard(transcript, words, unsure);
    if (!this.#input.wanted) return;
    const { box, text } = comparison(this.#input.wanted, transcript);
    this.#view.compared(box);
    announce(text);
  }

  #showReply(reply) {
    const isNew = this.#reply?.reply_text !== reply.reply_text;
    this.#reply = reply;
    this.#view.reply(reply, {
      player: this.#page.player,
      full: this.#page.preferences.fullExplanation,
      hearWhy: () => this.#playWhole("explanation_audio_url"),
      sayAgain: (recording, wanted) => this.#page.say({ recording, wanted }),
      onTrouble: this.#page.onTrouble,
    });
    if (isNew) announce(`${label("turn.tutor")}: ${reply.reply_text}`);
  }

  #end(job) {
    this.#job = job;
    this.#view.status(null);
    if (job.status === "succeeded") {
      if (job.transcript) this.#showHeard(job.transcript, job.transcript_words, job.result.unsure_words);
      this.#showReply(job.result);
      job.result.speech.forEach((piece) => this.#play(piece)); // an event may have been missed
      this.#onVoice(this.#voice);
    } else if (job.status === "cancelled") {
      this.#view.status("turn.cancelled");
    } else {
      this.#showProblem(job.error.code, job.error.detail, job.error.retryable ? () => this.#retry() : null);
    }
  }

  /** Show the voice's buttons as they are for its state; the player tells each change. */
  #onVoice = (state) => {
    this.#voice = state;
    const { player } = this.#page;
    const buttons = [];
    if (state.paused) buttons.push(["voice.resume", () => this.#sound(() => player.resume())]);
    else if (state.playing) buttons.push(["voice.pause", () => player.pause()]);
    if (this.#reply?.audio_url) {
      buttons.push(["voice.again", () => this.#playWhole("audio_url")]);
      buttons.push(["voice.slower", () => this.#playWhole("audio_url", SLOWER)]);
    }
    this.#view.voice(buttons);
  };

  /** Play a sound of the reply; its link is read anew where it has expired. */
  async #playWhole(name, rate = 1) {
    const { api, player } = this.#page;
    const play = () => player.playWhole(this.#reply[name], rate, this.#onVoice);
    await this.#sound(() =>
      play().catch(async () => {
        this.#reply = (await api.job(this.#job.id)).result;
        await play();
      }),
    );
  }

  /** Let the voice sound, or say that it cannot be heard. */
  async #sound(play) {
    try {
      await play();
    } catch {
      this.#view.status("voice.failed");
      announce(label("voice.failed"));
    }
  }

  async #retry() {
    this.#view.status("turn.sending");
    this.#page.player.unlock();
    if (this.#isLatest) this.#page.player.begin(this.#onVoice);
    try {
      this.#job = await this.#page.api.retry(this.#job.id);
    } catch (error) {
      this.#showFailure(error);
      return;
    }
    await this.#resume();
  }

  /** Follow it again, where that came to an end. */
  async #resume() {
    try {
      await this.#follow();
    } catch (error) {
      this.#showFailure(error);
    }
  }

  #showFailure(error) {
    if (error instanceof Discarded) this.#view.status("turn.discarded");
    else if (error instanceof ConnectionLost) this.#showProblem("connection", "", () => this.#retry());
    else if (error.code === undefined) throw error; // a mistake of ours
    else this.#showProblem(error.code, error.message, () => (this.#job === null ? this.run() : this.#resume()));
  }

  #showProblem(code, detail, again) {
    const key = problemKey(code);
    const shown = key ? [key, {}] : ["turn.failed", { detail }];
    this.#view.status(...shown, again ? [["turn.retry", again]] : []);
    announce(label(...shown));
  }
}
