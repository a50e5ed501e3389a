import { element, required } from "../dom.js";
import { LANGUAGES, type Language, chooseLanguage, language, t } from "../i18n/translate.js";
import type { Store } from "../state/store.js";
import { type Units, chooseUnits } from "../state/units.js";
import { connectDrawer } from "./drawer.js";

const UNITS: Record<Units, string> = { metric: "Metric (m, km/h, km)", aviation: "Aviation (ft, kt, NM)" };

export function connectSettings(store: Store): void {
  const units = select("units", UNITS, store.state.units, t, (chosen) => {
    chooseUnits(chosen);
    store.set({ units: chosen });
  });
  const languages = select("language", LANGUAGES, language, (name) => name, (chosen: Language) => chooseLanguage(chosen));
  required("#settings").append(
    element("h2", {}, t("Settings")),
    element("label", { for: "units" }, t("Units")),
    units,
    element("label", { for: "language" }, t("Language")),
    languages,
    element("p", { class: "panel-note" }, t("Times are UTC. The address of this page holds its whole state: copy it to share what you see.")),
  );
  store.watch("units", (chosen) => {
    document.documentElement.dataset["units"] = chosen;
  });
  connectDrawer("#settings-toggle", "#settings");
}

function select<T extends string>(
  id: string,
  choices: Record<T, string>,
  chosen: T,
  name: (text: string) => string,
  choose: (value: T) => void,
): HTMLSelectElement {
  const list = element("select", { id });
  for (const [value, text] of Object.entries<string>(choices)) {
    list.append(element("option", { value, selected: value === chosen }, name(text)));
  }
  list.addEventListener("change", () => choose(list.value as T));
  return list;
}
