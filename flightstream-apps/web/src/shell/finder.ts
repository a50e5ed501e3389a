import type { Flight } from "../api/flights.js";
import { search } from "../api/search.js";
import { type Suggestion, suggest } from "../api/suggest.js";
import { element, required, setText } from "../dom.js";
import { formatCount, formatCountry } from "../format.js";
import { t } from "../i18n/translate.js";
import { FACETS } from "../state/facets.js";
import { toggled } from "../state/filters.js";
import type { Store } from "../state/store.js";

const TYPING_PAUSE_MS = 150;
const KINDS: Record<string, string> = {
  flight: "Flight",
  hex: "Hex",
  registration: "Registration",
  departure: "Airport",
  arrival: "Airport",
  aircraft: "Aircraft type",
  airline: "Airline",
  country: "Country",
  status: "Status",
  type: "Type",
};

/** Finds a flight, an aircraft or an airport by what one knows of it, and opens it. */
export function createFinder(store: Store): void {
  const input = element("input", {
    id: "finder-input",
    type: "search",
    role: "combobox",
    placeholder: t("Find a flight, aircraft, airport…"),
    "aria-label": t("Find a flight, aircraft, airport…"),
    "aria-expanded": "false",
    "aria-controls": "finder-list",
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
  });
  const list = element("ul", { id: "finder-list", role: "listbox", class: "finder-list", "aria-label": t("Matches"), hidden: true });
  const status = element("p", { class: "visually-hidden", role: "status" });
  required("#finder").append(input, list, status);
  let found: Suggestion[] = [];
  let active = -1;
  let asked = 0;
  let timer: number | undefined;

  function close(): void {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function activate(index: number): void {
    active = found.length === 0 ? -1 : (index + found.length) % found.length;
    [...list.children].forEach((row, each) => row.setAttribute("aria-selected", String(each === active)));
    const row = list.children[active];
    if (!row) return;
    input.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  }

  async function refresh(): Promise<void> {
    const q = input.value.trim();
    const request = ++asked;
    if (q === "") return close();
    const answer = await suggest({ q, limit: 20, filters: {} }).catch(() => []);
    if (request !== asked) return;
    found = withoutTwins(answer);
    list.replaceChildren(...found.map((each, index) => createRow(each, index)));
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    setText(status, found.length === 0 ? t("Nothing matches.") : t("{count} matches", { count: found.length }));
    activate(0);
  }

  function createRow(suggestion: Suggestion, index: number): HTMLElement {
    const label = suggestion.label ?? (suggestion.filter === "country" ? formatCountry(suggestion.value) : "");
    const row = element(
      "li",
      { id: `finder-${index}`, role: "option", "aria-selected": "false", "data-filter": suggestion.filter, "data-value": suggestion.value },
      element("span", { class: "finder-kind" }, t(KINDS[suggestion.filter] ?? suggestion.filter)),
      element("span", { class: "finder-value" }, [suggestion.value, label].filter(Boolean).join(" · ")),
      element("span", { class: "facet-count" }, formatCount(suggestion.count)),
    );
    row.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      void choose(suggestion);
    });
    return row;
  }

  async function choose(suggestion: Suggestion): Promise<void> {
    input.value = "";
    close();
    input.blur();
    await open(suggestion, store);
  }

  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void refresh(), TYPING_PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") activate(active + 1);
    else if (event.key === "ArrowUp") activate(active - 1);
    else if (event.key === "Enter" && found[active] && !list.hidden) void choose(found[active]!);
    else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  input.addEventListener("blur", close);
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLElement && event.target.matches("input, select, textarea");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    input.focus();
  });
}

/** An airport is suggested as departure and as arrival; here it is one place. */
function withoutTwins(suggestions: readonly Suggestion[]): Suggestion[] {
  const airports = new Map<string, Suggestion>();
  const rest: Suggestion[] = [];
  for (const suggestion of suggestions) {
    if (suggestion.value === "unknown") continue;
    if (suggestion.filter !== "departure" && suggestion.filter !== "arrival") rest.push(suggestion);
    else {
      const twin = airports.get(suggestion.value);
      const merged = { ...suggestion, count: suggestion.count + (twin?.count ?? 0) };
      if (!twin) rest.push(merged);
      else Object.assign(twin, merged);
      airports.set(suggestion.value, twin ?? merged);
    }
  }
  return rest;
}

async function open({ filter, value }: Suggestion, store: Store): Promise<void> {
  if (filter === "departure" || filter === "arrival") {
    store.set({ airport: value, selectedHex: null, selectedFlight: null, selectedTrack: null });
    return;
  }
  const fields = { flight: ["flight_iata", "flight_icao"], registration: ["reg_number"], hex: ["hex"] }[filter];
  if (fields) {
    const query = { bool: { should: fields.map((field) => ({ terms: { [field]: [value] } })) } };
    const { hits } = await search<Flight>({ query, size: 1 });
    const hit = hits[0];
    if (!hit) return;
    const position = hit._source.position;
    const view = store.state.view === "aircraft" ? "aircraft" : "flight";
    store.set({ view, selectedHex: hit._id, selectedFlight: null, selectedTrack: null, airport: null, ...(position && { lookAt: { ...position } }) });
    return;
  }
  const facet = FACETS.find(({ id }) => id === filter);
  if (facet && !store.state.filters.values[facet.id]?.includes(value)) {
    store.set({ filters: toggled(store.state.filters, facet.id, value) });
  }
}
