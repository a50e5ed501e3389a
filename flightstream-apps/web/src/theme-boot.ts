// Runs before the first paint, so that a remembered theme does not flash in the other one first.
import { THEME_STORAGE_KEY } from "./state/theme-key.js";

try {
  const theme = localStorage.getItem(THEME_STORAGE_KEY);
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
} catch {
  // Storage may be switched off; the system's preference then decides.
}
