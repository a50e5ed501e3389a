import { element, required } from "../dom.js";
import { t } from "../i18n/translate.js";
import { FACETS } from "../state/facets.js";
import { NO_FILTERS, hasFilters } from "../state/filters.js";
import type { Store } from "../state/store.js";
import { createFacetPicker } from "./facet-picker.js";

const WITHIN_MIN = [1, 5, 15, 60] as const;

/** One row of filters, which everything on the page obeys. */
export function showFilterBar(store: Store): void {
  const clear = element("button", { type: "button", id: "clear-filters", class: "filter-clear" }, t("Clear all"));
  clear.addEventListener("click", () => store.set({ filters: NO_FILTERS }));
  store.watch("filters", (filters) => {
    clear.hidden = !hasFilters(filters);
  });
  required("#filter-bar").append(
    element(
      "p",
      { class: "total-figure" },
      element("strong", { id: "total", "data-total": "" }, "–"),
      " ",
      element("span", { id: "total-unit" }, t("aircraft")),
    ),
    element("p", { id: "total-announcement", class: "visually-hidden", role: "status" }),
    element("div", { class: "facets" }, ...FACETS.map((facet) => createFacetPicker(facet, store)), createTimeRange(store), clear),
  );
}

function createTimeRange(store: Store): HTMLElement {
  const list = element("select", { id: "filter-within", class: "facet-button", "aria-label": t("Heard of within") });
  list.append(element("option", { value: "" }, t("Any time")));
  for (const minutes of WITHIN_MIN) list.append(element("option", { value: minutes }, t("Last {minutes} min", { minutes })));
  list.addEventListener("change", () => {
    store.set({ filters: { ...store.state.filters, heardWithinMin: list.value === "" ? null : Number(list.value) } });
  });
  store.watch("filters", ({ heardWithinMin }) => {
    const value = heardWithinMin === null ? "" : String(heardWithinMin);
    // A link may ask for any number of minutes.
    if (![...list.options].some((option) => option.value === value)) {
      list.append(element("option", { value }, t("Last {minutes} min", { minutes: value })));
    }
    list.value = value;
    list.classList.toggle("active", heardWithinMin !== null);
  });
  return list;
}
