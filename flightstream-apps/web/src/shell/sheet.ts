import { required, setText } from "../dom.js";
import { t } from "../i18n/translate.js";

const SWIPE_PX = 30;

/** On a phone the figures are a sheet that opens over the map; wider pages ignore this. */
export function connectSheet(): void {
  const sheet = required("#panels");
  const toggle = required("#sheet-toggle");
  const label = toggle.querySelector("span")!;

  function setOpen(open: boolean): void {
    sheet.classList.toggle("open", open);
    toggle.setAttribute("aria-expanded", String(open));
    setText(label, open ? t("Show fewer figures") : t("Show all figures"));
  }

  toggle.addEventListener("click", () => setOpen(!sheet.classList.contains("open")));

  let startY: number | null = null;
  toggle.addEventListener("pointerdown", (event) => {
    startY = event.clientY;
    toggle.setPointerCapture(event.pointerId);
  });
  toggle.addEventListener("pointerup", (event) => {
    const moved = startY === null ? 0 : event.clientY - startY;
    startY = null;
    if (Math.abs(moved) > SWIPE_PX) setOpen(moved < 0);
  });
}
