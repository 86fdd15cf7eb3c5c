// The learner's conversations: continued or deleted.

import { announce, button, byId, confirmation, element } from "./dom.js";
import { day, label } from "./i18n.js";

/** The conversation that reviews are turns of; one goes on with it on the page to learn. */
const REVIEWS = "reviews";

/** `open(id, messages)` shows a conversation to go on with; `onDeleted(id)` is told of one that is gone. */
export class Conversations {
  #api;
  #open;
  #onDeleted;

  constructor({ api, open, onDeleted }) {
    this.#api = api;
    this.#open = open;
    this.#onDeleted = onDeleted;
  }

  /** Read them anew. */
  async show() {
    const list = byId("conversation-list");
    list.replaceChildren();
    await this.#append(list, null);
    this.#sayIfNone();
  }

  #sayIfNone() {
    byId("no-conversations").hidden = byId("conversation-list").childElementCount > 0;
  }

  async #append(list, cursor) {
    const page = await this.#api.conversations({ cursor });
    list.append(...page.items.map((conversation) => this.#row(conversation)));
    const more = byId("more-conversations");
    more.hidden = page.next_cursor === null;
    more.onclick = () => this.#append(list, page.next_cursor);
  }

  #row({ id, last_message: message, last_used_at: used }) {
    const remove = button("remove", () => this.#remove(id, remove, row), { class: "danger" });
    const row = element(
      "li", { class: "card" },
      id === REVIEWS ? element("p", { class: "category", label: "conversations.reviews" }) : null,
      message === null ? element("p", { label: "conversations.untitled" }) : element("p", { lang: "en" }, message),
      element("p", { class: "quiet" }, day(used)),
      element("div", { class: "actions" },
        id === REVIEWS ? null : button("conversations.continue", () => this.#continue(id)), remove),
    );
    return row;
  }

  async #continue(id) {
    const messages = [];
    let cursor = null;
    do {
      const page = await this.#api.messages(id, cursor);
      messages.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== null);
    this.#open(id, messages);
  }

  async #remove(id, asked, row) {
    if (!(await confirmation(asked, "conversations.sure", "remove"))) return;
    await this.#api.deleteConversation(id);
    row.remove();
    this.#sayIfNone();
    byId("conversations").querySelector("h2").focus();
    announce(label("conversations.deleted"));
    this.#onDeleted(id);
  }
}
