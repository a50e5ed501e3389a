import { followTicks } from "./api/events.js";
import { DetailsCard } from "./details/details-card.js";
import { required } from "./dom.js";
import { PanelHost } from "./panels/panel-host.js";
import { PANELS } from "./panels/registry.js";
import { showAltitudeLegend } from "./shell/altitude-legend.js";
import { showFreshness } from "./shell/freshness.js";
import { connectSheet } from "./shell/sheet.js";
import { connectThemeToggle } from "./shell/theme-toggle.js";
import { createTotal } from "./shell/total.js";
import { DataClock } from "./state/data-clock.js";
import { NO_FILTERS } from "./state/filters.js";
import { Store } from "./state/store.js";
import { currentTheme, followSystemTheme } from "./state/theme.js";

const clock = new DataClock();
const store = new Store({
  connection: "connecting",
  tick: null,
  filters: NO_FILTERS,
  selectedHex: null,
  selectedFlight: null,
  theme: currentTheme(),
});

followSystemTheme(store);
connectThemeToggle(store);
connectSheet();
showFreshness(store, clock);
showAltitudeLegend(store);
new DetailsCard(store, clock);
new PanelHost(required("#panel-list"), PANELS, store, createTotal(store));

followTicks({
  onTick(tick) {
    clock.synchronise(tick.clock ?? tick.now, performance.now());
    store.set({ tick });
  },
  onConnected: () => store.set({ connection: "live" }),
  onLost: () => store.set({ connection: "lost" }),
});

// The map is by far the largest part: the figures should not wait for it, nor fail with it.
async function startMap(): Promise<void> {
  try {
    const { MapView } = await import("./map/map-view.js");
    await MapView.create(required("#map"), store, clock);
  } catch (error) {
    console.error(error);
    const notice = required("#map-failure");
    notice.hidden = false;
    notice.textContent = "The map cannot be shown here: it needs WebGL 2. The figures keep working.";
  }
}

void startMap();
