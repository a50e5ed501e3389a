import { element, required } from "../dom.js";
import { t } from "../i18n/translate.js";
import { type Store, VIEWS, type View } from "../state/store.js";
import { writeLink } from "../state/url-state.js";

const TITLES: Record<View, string> = { airport: "Airport", flight: "Flight", aircraft: "Aircraft", stream: "Stream" };

/** The four views, as links: they can be opened in another tab, and copied. */
export function showViewTabs(store: Store): void {
  const links = VIEWS.map((view) => {
    const link = element("a", { class: "view-tab", "data-view": view }, t(TITLES[view]));
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      store.set({ view });
    });
    return link;
  });
  required("#views").append(...links);
  const update = () => {
    document.body.dataset["view"] = store.state.view;
    for (const link of links) {
      const view = link.dataset["view"] as View;
      link.setAttribute("href", writeLink({ ...store.state, view }, location.search) || "?");
      if (view === store.state.view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
  };
  update();
  store.onChange(["view", "filters", "densityLayer", "flightLayer", "selectedHex", "airport", "mapPosition"], update);
}
