import { required } from "../dom.js";

/** A panel that a button opens and closes. Escape closes it too, and the focus goes back to the button. */
export function connectDrawer(buttonSelector: string, drawerSelector: string, onOpen: () => void = () => {}): void {
  const button = required(buttonSelector);
  const drawer = required(drawerSelector);
  const setOpen = (open: boolean) => {
    drawer.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    onOpen();
    drawer.focus({ preventScroll: true });
  };
  button.addEventListener("click", () => setOpen(drawer.hidden === true));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || drawer.hidden) return;
    event.stopImmediatePropagation();
    setOpen(false);
    button.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    const target = event.target as Node;
    if (!drawer.hidden && !drawer.contains(target) && !button.contains(target)) setOpen(false);
  });
}
