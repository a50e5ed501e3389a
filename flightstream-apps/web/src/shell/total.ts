import { required, setText } from "../dom.js";
import { formatCount } from "../format.js";
import { t } from "../i18n/translate.js";
import { hasFilters } from "../state/filters.js";
import type { Store } from "../state/store.js";

/** Often enough to be useful, seldom enough not to talk over the rest of the page. */
const ANNOUNCE_MS = 60_000;

/** The headline number, in the page and in the tab's title. */
export function createTotal(store: Store): (total: number) => void {
  const figure = required("#total");
  const unit = required("#total-unit");
  const announcement = required("#total-announcement");
  let announcedAt = -Infinity;
  store.onChange(["filters"], () => {
    announcedAt = -Infinity;
  });

  return (total) => {
    const { tick, filters } = store.state;
    const text = formatCount(total);
    const of = hasFilters(filters) && tick ? t("of {count} aircraft", { count: formatCount(tick.total) }) : t("aircraft");
    figure.dataset["total"] = String(total);
    setText(figure, text);
    setText(unit, of);
    document.title = `(${text}) flightstream`;
    if (performance.now() - announcedAt > ANNOUNCE_MS) {
      announcedAt = performance.now();
      setText(announcement, `${text} ${of}`);
    }
  };
}
