import type { Store } from "./store.js";
import { THEME_STORAGE_KEY } from "./theme-key.js";

export type Theme = "light" | "dark";

const systemPrefersDark = window.matchMedia("(prefers-color-scheme: dark)");

function chosenTheme(): Theme | null {
  const theme = document.documentElement.dataset["theme"];
  return theme === "light" || theme === "dark" ? theme : null;
}

export function currentTheme(): Theme {
  return chosenTheme() ?? (systemPrefersDark.matches ? "dark" : "light");
}

export function followSystemTheme(store: Store): void {
  systemPrefersDark.addEventListener("change", () => store.set({ theme: currentTheme() }));
}

export function chooseTheme(store: Store, theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
  try {
    localStorage.setItem(THEME_STORAGE_KEY, theme);
  } catch {
    // Storage may be switched off; the choice then lasts until the page is closed.
  }
  store.set({ theme });
}
