// The learner's right to their data: a copy of it, and its deletion.

import { unlessMissing } from "./api.js";
import { announce, byId, confirmation } from "./dom.js";
import { label, showLabel } from "./i18n.js";

const LOOK_MS = 1000;

export class PersonalData {
  #api;
  #onErased;

  /** `onErased()` is called when nothing is left. */
  constructor({ api, onErased }) {
    this.#api = api;
    this.#onErased = onErased;
    byId("export").addEventListener("click", () => this.#export());
    byId("erase").addEventListener("click", (event) => this.#erase(event.currentTarget));
  }

  async show() {
    byId("personal-data").hidden = !(await this.#api.offersErasure());
  }

  async #export() {
    const data = await unlessMissing(this.#api.exportData());
    if (data === null) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(data);
    link.download = "export.zip";
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async #erase(asked) {
    if (!(await confirmation(asked, "settings.sure", "remove"))) return;
    this.#tell("settings.erasing");
    const { erasure_id: id } = await this.#api.erase();
    for (;;) {
      const { status } = await this.#api.erasure(id);
      if (status === "done") break;
      if (status === "storage_away") this.#tell("settings.erasing_later");
      await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
    }
    this.#tell("settings.erased");
    this.#onErased();
  }

  #tell(key) {
    showLabel(byId("data-status"), key);
    announce(label(key));
  }
}
