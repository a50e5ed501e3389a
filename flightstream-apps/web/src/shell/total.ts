import { required, setText } from "../dom.js";
import { formatCount } from "../format.js";
import type { Store } from "../state/store.js";

/** Often enough to be useful, seldom enough not to talk over the rest of the page. */
const ANNOUNCE_MS = 60_000;

/** The headline number, in the page and in the tab's title. */
export function createTotal(store: Store): (total: number) => void {
  const figure = required("#total");
  const unit = required("#total-unit");
  const announcement = required("#total-announcement");
  const chip = required("#clear-filter");
  let announcedAt = -Infinity;

  store.watch("filters", ({ type }) => {
    chip.hidden = type === null;
    setText(chip, type === null ? "" : `${type} only`);
    chip.setAttribute("aria-label", `Showing ${type ?? "all"} flights only. Show all again.`);
    announcedAt = -Infinity;
  });
  chip.addEventListener("click", () => store.set({ filters: { ...store.state.filters, type: null } }));

  return (total) => {
    const text = formatCount(total);
    const { type } = store.state.filters;
    const noun = type === null ? "aircraft" : `${type.toLowerCase()} flights`;
    figure.dataset["total"] = String(total);
    setText(figure, text);
    setText(unit, noun);
    document.title = `(${text}) flightstream`;
    if (performance.now() - announcedAt > ANNOUNCE_MS) {
      announcedAt = performance.now();
      setText(announcement, `${text} ${noun}`);
    }
  };
}
