const STORAGE_KEY = "flightstream-notify";

/** Tells of what is new by the system's notifications, if the user asked for them. */
export class Notifier {
  readonly #told = new Set<string>();
  #isFirst = true;

  get isSupported(): boolean {
    return "Notification" in window;
  }

  get isOn(): boolean {
    return this.isSupported && Notification.permission === "granted" && localStorage.getItem(STORAGE_KEY) === "on";
  }

  async setOn(on: boolean): Promise<boolean> {
    const granted = on && this.isSupported && (await Notification.requestPermission()) === "granted";
    localStorage.setItem(STORAGE_KEY, granted ? "on" : "off");
    return granted;
  }

  /** Each id is told of once. What is there already when the page opens is not news. */
  tell(news: ReadonlyArray<{ id: string; title: string; text: string }>): void {
    for (const { id, title, text } of news) {
      if (this.#told.has(id)) continue;
      this.#told.add(id);
      if (!this.#isFirst && this.isOn) new Notification(title, { body: text, tag: id });
    }
    this.#isFirst = false;
  }
}
