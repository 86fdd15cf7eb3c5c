// Who is asking: a learner token from the page's fragment, or, where the API asks for none, a name.

import { forget, read, write } from "./storage.js";

/** What the API allows in a `user_id`. */
const NOT_IN_AN_ID = /[^A-Za-z0-9._-]+/g;

export class Access {
  #token;

  constructor(userId, token = null) {
    this.userId = userId;
    this.#token = token;
  }

  /** The headers that say who asks. */
  get headers() {
    return this.#token === null ? {} : { Authorization: `Bearer ${this.#token}` };
  }

  get hasToken() {
    return this.#token !== null;
  }

  /** Ask as `other` from now on: a fresh token of the same learner, or another learner. */
  become(other) {
    this.userId = other.userId;
    this.#token = other.#token;
  }
}

/**
 * Return the access that the address carries (`#token=…`), or null.
 *
 * The fragment reaches no server and no log. It is taken out of the address bar, so that it is not in a
 * bookmark or a copied link either, and is kept in memory only.
 */
export function accessFromFragment() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return null;
  history.replaceState(null, "", location.pathname);
  try {
    return new Access(claims(token).sub, token);
  } catch {
    return new Access("", token); // no token at all: the API will refuse it
  }
}

/** Return the access of the name that this browser was given before, or null. */
export function rememberedAccess() {
  const userId = read("user");
  return userId === null ? null : new Access(userId);
}

/** Return a new learner's access, and remember it. Random letters keep two people of one name apart. */
export function accessForName(name) {
  const plain = name.normalize("NFKD").replace(NOT_IN_AN_ID, "-").replace(/^-+|-+$/g, "").slice(0, 40);
  const userId = `${plain || "learner"}-${randomId(8)}`;
  write("user", userId);
  return new Access(userId);
}

export function forgetAccess() {
  forget("user");
}

/** Return random letters. `crypto.randomUUID` is missing over plain HTTP, where writing works all the same. */
export function randomId(bytes) {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Read what a token says of itself. Only the API can check it; the page wants to know whose it is. */
function claims(token) {
  const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
