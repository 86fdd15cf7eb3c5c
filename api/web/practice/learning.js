// What the learner has learnt: reviews that are due, mistakes, progress, usage. What the API lacks is not shown.

import { unlessMissing } from "./api.js";
import { barChart } from "./charts.js";
import { button, byId, element } from "./dom.js";
import { categoryKey, day } from "./i18n.js";
import { Review } from "./review.js";

export class Learning {
  #api;
  #review;

  constructor({ api, player }) {
    this.#api = api;
    this.#review = new Review({ api, player });
  }

  /** Read everything anew. */
  async show() {
    const shown = await Promise.all([this.#review.show(), this.#mistakes(), this.#progress(), this.#usage()]);
    byId("nothing-learnt").hidden = shown.some(Boolean);
  }

  async #mistakes() {
    const page = await unlessMissing(this.#api.mistakes());
    return fill("mistakes", page?.items.length ? [this.#list(page)] : null);
  }

  #list(page) {
    const list = element("ul", { class: "cards" });
    const more = button("more", () => this.#api.mistakes(more.dataset.cursor).then(append));
    const append = ({ items, next_cursor: cursor }) => {
      list.append(...items.map((mistake) => mistakeCard(mistake, () => this.#review.practise(mistake))));
      more.hidden = cursor === null;
      more.dataset.cursor = cursor;
    };
    append(page);
    return element("div", {}, list, more);
  }

  async #progress() {
    const progress = await unlessMissing(this.#api.progress());
    if (progress === null) return fill("progress", null);
    const { categories, fluency, streak_days: streak } = progress;
    return fill("progress", [
      element("p", { class: "streak", label: "learn.streak", values: { days: streak } }),
      ...categories.map(categoryProgress),
      ...weekly(fluency, "learn.rate", "articulation_rate"),
      ...weekly(fluency, "learn.pauses", "pauses_per_minute"),
    ]);
  }

  async #usage() {
    const usage = await unlessMissing(this.#api.usage());
    if (!usage?.days.length) return fill("usage", null);
    const { totals } = usage;
    const values = {
      turns: totals.text_turns + totals.voice_turns,
      minutes: Math.round(totals.voice_seconds / 60),
      corrections: totals.corrections,
    };
    const days = usage.days.map((one) => ({ when: day(one.day), value: one.text_turns + one.voice_turns }));
    const { limit, left } = usage.quotas.turns_today;
    return fill("usage", [
      element("p", { label: "learn.totals", values }),
      barChart("learn.turns", days),
      ...(limit === null ? [] : [element("p", { class: "quiet", label: "learn.left_today", values: { left, limit } })]),
    ]);
  }
}

/** Fill a section of the page below its heading, or hide it where there is nothing; return whether it is shown. */
function fill(id, content) {
  const section = byId(id);
  section.hidden = content === null;
  section.querySelector(".content").replaceChildren(...(content ?? []));
  return content !== null;
}

function mistakeCard(mistake, practise) {
  const { wrong, right, category, state, times, used_rightly: rightly } = mistake;
  const history = {
    first: day(mistake.first_seen), rightly, due: state === "open" ? day(mistake.due_at) : "–",
  };
  return element(
    "li", { class: "card" },
    element("p", { lang: "en" }, element("del", {}, wrong), " → ", element("ins", {}, right)),
    element("p", { class: "category" },
      element("span", { label: categoryKey(category) }), " · ", element("span", { label: `learn.${state}` })),
    element("p", { class: "quiet", label: "learn.times", values: { times, day: day(mistake.last_seen) } }),
    state === "open" ? element("div", { class: "actions" }, button("learn.practise", practise)) : null,
    element("details", {},
      element("summary", { label: "correction.why" }),
      mistake.hinglish_explanation === null ? null : element("p", { lang: "hi-Latn" }, mistake.hinglish_explanation),
      element("p", { class: "quiet", label: "learn.history", values: history })),
  );
}

function categoryProgress({ category, mistakes, repaired, weeks }) {
  const shares = weeks.map(({ week, share_without: value }) => ({ when: day(week), value }));
  return element(
    "div", {},
    element("h4", { label: categoryKey(category) }),
    element("p", { class: "quiet", label: "learn.repaired_of", values: { repaired, mistakes } }),
    hasValues(shares) ? barChart("learn.free_of", shares, { shown: percent, highest: 1 }) : null,
  );
}

/** A chart of a figure of fluency, beside what is usual for this learner; none where it was never measured. */
function weekly({ weeks, usual }, title, figure) {
  const rows = weeks.map((row) => ({ when: day(row.week), value: row[figure] }));
  if (!hasValues(rows)) return [];
  return [
    barChart(title, rows, { shown: decimal, usual: usual[figure] }),
    element("p", { class: "quiet", label: "learn.usual", values: { value: decimal(usual[figure]) } }),
  ];
}

function hasValues(rows) {
  return rows.some(({ value }) => value !== null);
}

function decimal(value) {
  return value.toFixed(1);
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
