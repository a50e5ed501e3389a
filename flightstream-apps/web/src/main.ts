import { AlertsPanel } from "./alerts/alerts-panel.js";
import { followTicks } from "./api/events.js";
import { AirportCard } from "./details/airport-card.js";
import { DetailsCard } from "./details/details-card.js";
import { required } from "./dom.js";
import { showFilterBar } from "./filters/filter-bar.js";
import { t, translatePage } from "./i18n/translate.js";
import { PanelHost } from "./panels/panel-host.js";
import { PANELS } from "./panels/registry.js";
import { ReplayBar } from "./replay/replay-bar.js";
import { ReplayClock } from "./replay/replay-clock.js";
import { createFinder } from "./shell/finder.js";
import { showFreshness } from "./shell/freshness.js";
import { showLayerSwitch } from "./shell/layer-switch.js";
import { showLegend } from "./shell/legend.js";
import { connectSettings } from "./shell/settings.js";
import { connectSheet } from "./shell/sheet.js";
import { connectThemeToggle } from "./shell/theme-toggle.js";
import { createTotal } from "./shell/total.js";
import { showViewTabs } from "./shell/view-tabs.js";
import { DataClock } from "./state/data-clock.js";
import { Store } from "./state/store.js";
import { currentTheme, followSystemTheme } from "./state/theme.js";
import { currentUnits } from "./state/units.js";
import { followAddress, readLink } from "./state/url-state.js";

translatePage();
const clock = new DataClock();
const replay = new ReplayClock();
const store = new Store({
  connection: "connecting",
  tick: null,
  ...readLink(location.search),
  selectedFlight: null,
  selectedTrack: null,
  lookAt: null,
  theme: currentTheme(),
  units: currentUnits(),
});

followSystemTheme(store);
connectThemeToggle(store);
connectSettings(store);
connectSheet();
showViewTabs(store);
showFilterBar(store);
createFinder(store);
showFreshness(store, clock);
showLayerSwitch(store);
showLegend(store);
new AlertsPanel(store);
new AirportCard(store);
new DetailsCard(store, clock);
new ReplayBar(store, replay);
new PanelHost(required("#panel-list"), PANELS, store, clock, createTotal(store));
followAddress(store);

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
    await MapView.create(required("#map"), store, clock, replay);
  } catch (error) {
    console.error(error);
    const notice = required("#map-failure");
    notice.hidden = false;
    notice.textContent = t("The map cannot be shown here: it needs WebGL 2. The figures keep working.");
  }
}

void startMap();
