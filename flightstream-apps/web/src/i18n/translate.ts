import { FRENCH } from "./french.js";

export const LANGUAGES = { en: "English", fr: "Français" } as const;
export type Language = keyof typeof LANGUAGES;

const STORAGE_KEY = "flightstream-language";

/** The address bar's choice, or the remembered one, or the browser's, or else English. */
function chosenLanguage(): Language {
  if (typeof document === "undefined") return "en";
  let remembered: string | null = null;
  try {
    remembered = localStorage.getItem(STORAGE_KEY);
  } catch {
    // Storage may be switched off; the browser's preference then decides.
  }
  const asked = new URLSearchParams(location.search).get("lang");
  const candidates = [asked, remembered, ...navigator.languages.map((tag) => tag.slice(0, 2))];
  return candidates.find((tag): tag is Language => tag !== null && tag in LANGUAGES) ?? "en";
}

export const language: Language = chosenLanguage();

/** Numbers and dates follow the browser's own variant of the language, such as British English. */
export const locale: string =
  typeof navigator === "undefined" ? "en" : (navigator.languages.find((tag) => tag.startsWith(language)) ?? language);

/** Texts are keyed by their English form; `{name}` stands for a value. */
export function t(english: string, values: Record<string, string | number> = {}): string {
  const text = language === "fr" ? (FRENCH[english] ?? english) : english;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Another language means other texts everywhere: the page starts over, in the state that its address holds. */
export function chooseLanguage(chosen: Language): void {
  try {
    localStorage.setItem(STORAGE_KEY, chosen);
  } catch {
    // Without storage the address alone carries the choice.
  }
  const url = new URL(location.href);
  url.searchParams.set("lang", chosen);
  location.assign(url);
}

/** Translates what index.html says: texts of `data-t`, names and tooltips of `data-t-label`. */
export function translatePage(): void {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll<HTMLElement>("[data-t]")) node.textContent = t(node.dataset["t"]!);
  for (const node of document.querySelectorAll<HTMLElement>("[data-t-label]")) {
    const label = t(node.dataset["tLabel"]!);
    node.setAttribute("aria-label", label);
    if (node.hasAttribute("title")) node.title = label;
  }
}
