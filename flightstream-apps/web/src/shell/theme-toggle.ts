import { required } from "../dom.js";
import type { Store } from "../state/store.js";
import { chooseTheme } from "../state/theme.js";

export function connectThemeToggle(store: Store): void {
  const button = required("#theme-toggle");
  button.addEventListener("click", () => chooseTheme(store, store.state.theme === "dark" ? "light" : "dark"));
  store.watch("theme", (theme) => button.setAttribute("aria-pressed", String(theme === "dark")));
}
