import { element, setText } from "../dom.js";
import { formatCount } from "../format.js";
import { t } from "../i18n/translate.js";
import type { Facet } from "../state/facets.js";
import { toggled, withValues } from "../state/filters.js";
import type { Store } from "../state/store.js";
import { type FacetValue, facetLabel, facetValues } from "./facet-values.js";

const TYPING_PAUSE_MS = 150;

/** A button that opens a list of the facet's values with counts, and a field to type in. */
export function createFacetPicker(facet: Facet, store: Store): HTMLElement {
  const listId = `facet-${facet.id}-list`;
  const title = t(facet.label);
  const button = element("button", {
    type: "button",
    class: "facet-button",
    id: `filter-${facet.id}`,
    "aria-haspopup": "dialog",
    "aria-expanded": "false",
  });
  const input = element("input", {
    type: "search",
    class: "facet-input",
    placeholder: t("Search…"),
    "aria-label": t("Search {what}", { what: title }),
    autocomplete: "off",
    spellcheck: "false",
  });
  const list = element("ul", { class: "facet-list", id: listId });
  const note = element("p", { class: "facet-note", role: "status" });
  const clear = element("button", { type: "button", class: "facet-clear" }, t("Clear"));
  const popover = element(
    "div",
    { class: "facet-popover", role: "dialog", "aria-label": title, hidden: true },
    facet.id === "altitude" ? null : input,
    list,
    element("div", { class: "facet-foot" }, note, clear),
  );
  const picker = element("div", { class: "facet" }, button, popover);
  let asked = 0;
  let timer: number | undefined;

  const chosen = () => store.state.filters.values[facet.id] ?? [];
  const choose = (value: string) => store.set({ filters: toggled(store.state.filters, facet.id, value) });

  function show(values: readonly FacetValue[]): void {
    const selected = chosen();
    const missing = selected.filter((value) => !values.some((each) => each.value === value));
    const all = [...missing.map((value) => ({ value, label: facetLabel(facet, value), count: null })), ...values];
    list.replaceChildren(...all.map((each) => createRow(each, selected.includes(each.value), choose)));
    setText(note, all.length === 0 ? t("Nothing matches.") : "");
  }

  async function refresh(): Promise<void> {
    const request = ++asked;
    const dataNow = store.state.tick?.clock ?? store.state.tick?.now ?? null;
    try {
      const values = await facetValues(facet, input.value, store.state.filters, dataNow);
      if (request === asked && !popover.hidden) show(values);
    } catch (error) {
      if (request === asked) setText(note, error instanceof Error ? error.message : String(error));
    }
  }

  function setOpen(open: boolean): void {
    popover.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    placeUnder(button, popover);
    input.value = "";
    list.replaceChildren();
    void refresh().then(() => {
      if (facet.id === "altitude") list.querySelector("input")?.focus();
    });
    input.focus();
  }

  button.addEventListener("click", () => setOpen(popover.hidden === true));
  clear.addEventListener("click", () => store.set({ filters: withValues(store.state.filters, facet.id, []) }));
  input.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void refresh(), TYPING_PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") list.querySelector("input")?.focus();
    else if (event.key === "Enter" && input.value.trim() !== "") chooseTyped();
    else return;
    event.preventDefault();
  });
  list.addEventListener("keydown", (event) => moveFocus(event, list, input));
  picker.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || popover.hidden) return;
    event.stopPropagation();
    setOpen(false);
    button.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!popover.hidden && !picker.contains(event.target as Node)) setOpen(false);
  });
  picker.addEventListener("focusout", (event) => {
    const next = event.relatedTarget as Node | null;
    if (next && !picker.contains(next)) setOpen(false);
  });

  /** Enter takes the one value that is left, or what was typed as the beginning of a value. */
  function chooseTyped(): void {
    const rows = list.querySelectorAll("input");
    const typed = input.value.trim().toUpperCase();
    const exact = [...rows].find((row) => row.value.toUpperCase() === typed) ?? (rows.length === 1 ? rows[0] : undefined);
    if (exact) choose(exact.value);
    else if (facet.patterns) choose(typed.endsWith("*") ? typed : `${typed}*`);
    else return;
    setOpen(false);
    button.focus();
  }

  store.watch("filters", () => {
    const values = chosen();
    button.classList.toggle("active", values.length > 0);
    const shown = values.slice(0, 2).map((value) => facetLabel(facet, value));
    const more = values.length > 2 ? ` +${values.length - 2}` : "";
    button.replaceChildren(
      element("span", { class: "facet-title" }, values.length > 0 ? `${title}:` : title),
      values.length > 0 ? ` ${shown.join(", ")}${more}` : "",
    );
    clear.hidden = values.length === 0;
    if (!popover.hidden) for (const row of list.querySelectorAll("input")) row.checked = values.includes(row.value);
  });
  return picker;
}

function createRow({ value, label, count }: FacetValue, checked: boolean, choose: (value: string) => void): HTMLElement {
  const box = element("input", { type: "checkbox", value });
  box.checked = checked;
  box.addEventListener("change", () => choose(value));
  return element(
    "li",
    { "data-value": value, "data-count": count },
    element(
      "label",
      {},
      box,
      element("span", { class: "facet-value" }, label),
      element("span", { class: "facet-count" }, count === null ? "" : formatCount(count)),
    ),
  );
}

function moveFocus(event: KeyboardEvent, list: HTMLElement, input: HTMLElement): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  const boxes = [...list.querySelectorAll("input")];
  const next = boxes.indexOf(document.activeElement as HTMLInputElement) + step;
  (next < 0 ? input : boxes[Math.min(next, boxes.length - 1)])?.focus();
}

/** The bar scrolls sideways on narrow pages, which would cut off anything inside it. */
function placeUnder(button: HTMLElement, popover: HTMLElement): void {
  const { left, bottom } = button.getBoundingClientRect();
  const width = Math.min(300, window.innerWidth - 16);
  popover.style.setProperty("left", `${Math.max(8, Math.min(left, window.innerWidth - width - 8))}px`);
  popover.style.setProperty("top", `${bottom + 4}px`);
  popover.style.setProperty("width", `${width}px`);
}
