import { element, setText } from "../dom.js";

/** The line under a panel's drawing. */
export function renderNote(body: HTMLElement, text: string): void {
  setText(body.querySelector(":scope > .panel-note") ?? body.appendChild(element("p", { class: "panel-note" })), text);
}
