// The API, a method for each route that the page uses.

import { API_ROOT } from "./config.js";

/** As long as the API lets a request's body arrive. */
const LONGEST_REQUEST_MS = 120_000;

/** The API refused, with a problem (RFC 9457). `detail` may be shown to a learner; `code` is stable. */
export class Problem extends Error {
  constructor(status, { code = "", detail = "", retryable = false } = {}, retryAfter = null) {
    super(detail || `HTTP ${status}`);
    this.status = status;
    this.code = code;
    this.retryable = retryable;
    /** Seconds after which to come again, or null. */
    this.retryAfter = retryAfter;
  }
}

/** The request may or may not have arrived: send it again, with the same idempotency key. */
export class ConnectionLost extends Error {}

/** Return the answer, or null where the API has no such route or thing. */
export async function unlessMissing(answer) {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

export class Api {
  #access;
  #onRefused;

  /** `onRefused` is called when the API does not know who asks (401). */
  constructor(access, onRefused) {
    this.#access = access;
    this.#onRefused = onRefused;
  }

  get userId() {
    return this.#access.userId;
  }

  /** Post a message; return its job. */
  sendText(message, { conversationId, speak }, key) {
    const body = { user_id: this.#access.userId, message, speak };
    if (conversationId) body.conversation_id = conversationId;
    return this.#json("POST", "api/v1/ai/text-chat", { json: body, key });
  }

  /** Post a recording as the browser made it; return its job. */
  sendVoice(recording, { conversationId, speak }, key) {
    const form = new FormData();
    form.append("user_id", this.#access.userId);
    if (conversationId) form.append("conversation_id", conversationId);
    speak.forEach((part) => form.append("speak", part));
    form.append("audio_file", recording, "recording");
    return this.#json("POST", "api/v1/ai/voice-chat", { form, key });
  }

  job(id) {
    return this.#json("GET", `jobs/${id}`);
  }

  retry(id) {
    return this.#json("POST", `jobs/${id}/retry`);
  }

  /** A page of conversations: `items`, and `next_cursor` for the next one. */
  conversations({ cursor = null, limit = 20 } = {}) {
    return this.#json("GET", "api/v1/conversations", { query: this.#whose({ limit, cursor }) });
  }

  messages(conversationId, cursor = null) {
    const query = this.#whose({ limit: 100, cursor });
    return this.#json("GET", `api/v1/conversations/${encodeURIComponent(conversationId)}`, { query });
  }

  deleteConversation(id) {
    return this.#ask("DELETE", `api/v1/conversations/${encodeURIComponent(id)}`, { query: this.#whose() });
  }

  usage() {
    return this.#json("GET", this.#ofLearner("/usage"));
  }

  mistakes(cursor = null) {
    return this.#json("GET", this.#ofLearner("/mistakes"), { query: { limit: 20, cursor } });
  }

  progress() {
    return this.#json("GET", this.#ofLearner("/progress"));
  }

  /** The mistake that is due, or undefined where none is. */
  nextReview() {
    return this.#json("GET", this.#ofLearner("/reviews/next"));
  }

  /** Answer a review by a `message` or a `recording`; return its job. */
  review(mistakeId, { message, recording }, key) {
    const path = this.#ofLearner(`/reviews/${encodeURIComponent(mistakeId)}`);
    if (!recording) return this.#json("POST", path, { json: { message }, key });
    const form = new FormData();
    form.append("audio_file", recording, "recording");
    return this.#json("POST", path, { form, key });
  }

  /** Everything that is kept of the learner, as a ZIP. */
  async exportData() {
    return (await this.#ask("GET", this.#ofLearner("/export"), { patient: true })).blob();
  }

  /** Whether the API can delete a learner: asked by OPTIONS, whose answer names the route's methods. */
  async offersErasure() {
    const response = await this.#fetch(this.#url(this.#ofLearner("")), { method: "OPTIONS", headers: this.#access.headers });
    return (response.headers.get("Allow") ?? "").includes("DELETE");
  }

  erase() {
    return this.#json("DELETE", this.#ofLearner(""));
  }

  erasure(id) {
    return this.#json("GET", `api/v1/erasures/${id}`);
  }

  #ofLearner(path) {
    return `api/v1/users/${encodeURIComponent(this.#access.userId)}${path}`;
  }

  #whose(query = {}) {
    return { user_id: this.#access.userId, ...query };
  }

  #url(path, query = {}) {
    const url = new URL(path, API_ROOT);
    for (const [name, value] of Object.entries(query)) {
      if (value !== null) url.searchParams.set(name, value);
    }
    return url;
  }

  async #json(method, path, options) {
    const response = await this.#ask(method, path, options);
    return response.status === 204 ? undefined : response.json();
  }

  /** `patient`: the answer may take long, as it is made while it is sent. */
  async #ask(method, path, { query, json, form, key, patient = false } = {}) {
    const headers = { ...this.#access.headers };
    if (json) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    const response = await this.#fetch(this.#url(path, query), {
      method,
      headers,
      body: json ? JSON.stringify(json) : form,
      signal: patient ? null : AbortSignal.timeout(LONGEST_REQUEST_MS),
    });
    if (response.ok) return response;
    if (response.status === 401) this.#onRefused();
    throw await problemOf(response);
  }

  async #fetch(url, options) {
    try {
      return await fetch(url, options);
    } catch (error) {
      throw new ConnectionLost(String(error));
    }
  }
}

async function problemOf(response) {
  const seconds = Number.parseInt(response.headers.get("Retry-After"), 10);
  // A proxy between us and the API may answer with anything.
  const body = await response.json().catch(() => ({}));
  return new Problem(response.status, body, Number.isNaN(seconds) ? null : seconds);
}
